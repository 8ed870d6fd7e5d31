/*
 * One look at a Go program from outside: a snapshot of its goroutines, its Ps
 * and Ms, and how they are told as a provider tells them.
 */
#ifndef PGO_TRACE_OUTSIDE_LOOK_H
#define PGO_TRACE_OUTSIDE_LOOK_H

#include "lib/base/buf.h"
#include "lib/serve/provider.h"
#include "lib/snapshot/source.h"
#include "lib/target/go/sched.h"
#include "pgo-trace/outside_names.h"

struct outside_look {
	struct snapshot snapshot;
	struct go_sched sched;
	struct buf labels;              /* packed, of all goroutines */
	struct outside_labels *of;      /* where, by string of the snapshot */
	int64_t *m_goid;                /* who runs there, by M */
	int64_t goroutines;             /* the program's own */
};

/* All zero is one that holds nothing. */
void outside_look_release(struct outside_look *l);

/* Fills L anew.  0, or -E with words in E: then it holds nothing. */
int outside_look_read(struct outside_look *l, struct source *src,
		      struct outside_names *names, struct err *e);

/* As the members of struct provider of these names. */
int outside_look_goroutine(const struct outside_look *l, uint32_t slot,
			   struct serve_g *out, uint64_t *pcs, uint32_t max);
void outside_look_sched(const struct outside_look *l, struct serve_sched *out);
bool outside_look_p(const struct outside_look *l, uint32_t index,
		    struct serve_p *out);
uint32_t outside_look_ms(const struct outside_look *l, struct serve_m *out,
			 uint32_t max);

#endif
