/*
 * Whose CPU time it is: from a thread and its registers to a goroutine.
 *
 * The process lives on while we ask.  What is said of a thread that stands
 * still is true; of one that runs it was true some 50 us later.
 */
#ifndef LIB_TARGET_GO_WHOSE_H
#define LIB_TARGET_GO_WHOSE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/target/go/attach.h"
#include "lib/target/go/one.h"

struct go_owner {
	struct go_one g;        /* g.goid is 0: nobody is known */
	bool system;            /* on another stack than its own: the
				 * runtime's, or in C */
};

struct go_whose;

/* GO must outlive it.  NULL when memory is out. */
struct go_whose *go_whose_new(struct go *go);
void go_whose_free(struct go_whose *w);

/* Who runs on thread TID (in our pid namespace) with these registers. */
void go_whose_find(struct go_whose *w, pid_t tid, const struct space_regs *r,
		   struct go_owner *out);

#endif
