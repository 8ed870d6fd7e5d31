/* The addresses of all of a Go program's goroutines, dead ones included. */
#ifndef LIB_TARGET_GO_GLIST_H
#define LIB_TARGET_GO_GLIST_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/target/go/attach.h"

enum { GLIST_MAX = 1 << 22 };   /* more are not believed */

/* All zero is empty. */
struct glist {
	uint64_t *at;           /* ascending, no two overlap */
	size_t n, room;
	size_t nonsense;        /* entries that are none and were left out */
};

/* Reads the list as it is now.  0; -EBADMSG when it makes no sense; as
 * space_read(); with words in E. */
int glist_read(struct glist *l, struct go *go, struct err *e);
void glist_release(struct glist *l);

#endif
