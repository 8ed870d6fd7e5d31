/* Walking a provider's goroutines, the same way for every answer, so that all
 * of them count alike. */
#ifndef LIB_SERVE_GOROUTINES_H
#define LIB_SERVE_GOROUTINES_H

#include "lib/serve/provider.h"

struct stacks;

struct goroutine {
	struct serve_g g;
	uint32_t slot;
	uint32_t n;                     /* pcs; at least 1 unless no entry */
	uint64_t pcs[SERVE_PCS_MAX];
};

/*
 * The next goroutine from *SLOT on, which moves behind it.  False at the end.
 * One whose stack cannot be read stands in its entry function.
 */
bool goroutine_next(const struct provider *p, uint32_t *slot,
		    struct goroutine *out);

/* The one called ID.  False when there is none. */
bool goroutine_find(const struct provider *p, int64_t id,
		    struct goroutine *out);

/* What a dump says of its state: "running", "chan receive". */
const char *goroutine_state(const struct serve_g *g);

/* "running", "runnable", "syscall" or "waiting". */
const char *state_name(enum serve_state state);

/* Counts all stacks, each COUNT.  Goroutines seen. */
int64_t goroutines_count(const struct provider *p, struct stacks *into,
			 int64_t count);

#endif
