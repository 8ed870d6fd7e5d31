/* Walking a provider's goroutines, the same way for every answer, so that all
 * of them count alike. */
#ifndef LIB_SERVE_GOROUTINES_H
#define LIB_SERVE_GOROUTINES_H

#include "lib/serve/http.h"
#include "lib/serve/provider.h"

struct stacks;

struct goroutine {
	struct serve_g g;
	uint32_t slot;
	uint32_t n;                     /* pcs; at least 1 unless no entry */
	uint64_t pcs[SERVE_PCS_MAX];
};

/* For calls to be of one moment: true, or RP says why there is nothing to be
 * seen.  Strings of goroutines live until look_end(). */
bool look_begin(const struct provider *p, struct http_reply *rp);
void look_end(const struct provider *p);

/*
 * The next goroutine from *SLOT on, which moves behind it.  False at the end.
 * One whose stack cannot be read stands in its entry function.
 */
bool goroutine_next(const struct provider *p, uint32_t *slot,
		    struct goroutine *out);

/* The one called ID.  False when there is none. */
bool goroutine_find(const struct provider *p, int64_t id,
		    struct goroutine *out);

/* Who made it: a function, and *OFFSET, what the return address is beyond its
 * beginning.  False when that is not known.  Strings live as G's. */
bool goroutine_creator(const struct provider *p, const struct serve_g *g,
		       struct serve_frame *out, uint64_t *offset);

/* What a dump says of its state: "running", "chan receive". */
const char *goroutine_state(const struct serve_g *g);

/* "running", "runnable", "syscall" or "waiting". */
const char *state_name(enum serve_state state);

/* Counts all stacks, each COUNT.  Goroutines seen. */
int64_t goroutines_count(const struct provider *p, struct stacks *into,
			 int64_t count);

#endif
