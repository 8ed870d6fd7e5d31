/* What a core file's space can do beyond others; see space_open_core(). */
#ifndef LIB_TARGET_CORE_H
#define LIB_TARGET_CORE_H

#include "lib/target/space.h"

/* The path by which the file mapped at M in S, a core, can be opened: the one
 * it was, by its build id.  NULL when that is not to be had.  Lives as long as
 * S. */
const char *core_path(struct space *s, const struct map *m);

/* The space of a core that lies in memory, SIZE bytes at IMAGE, which must
 * outlive it. */
int core_open_image(struct space **out, const void *image, uint64_t size,
		    const char *exe, struct err *e);

#endif
