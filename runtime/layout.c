/*
 * pgo_layout and the ELF note that leads to it; see include/pgo/layout.h.
 *
 * The table is in writable data because the agent's address comes and goes in
 * it; all else is constant.  The note's number is relative to itself, so it
 * needs no relocation.
 */
#include "runtime/layout.h"

#include <stddef.h>
#include <string.h>

#include <pgo/cdefs.h>
#include <pgo/layout.h>

#include "runtime/g.h"
#include "runtime/lock.h"
#include "runtime/m.h"
#include "runtime/p.h"
#include "runtime/reason.h"
#include "runtime/sched.h"
#include "runtime/seg.h"
#include "runtime/stackwalk.h"
#include "runtime/times.h"

#define NAMED(name, type, field) \
	{ name, 0, offsetof(struct type, field), \
	  sizeof(((struct type *)0)->field) }
#define MEMBER(type, field) NAMED(#type "." #field, type, field)
#define STRUCT(type) { #type, 0, 0, sizeof(struct type) }
#define VARIABLE(name, what) { name, (uintptr_t)&what, 0, sizeof(what) }
#define CODE(name, what) { name, (uintptr_t)what, 0, 0 }

enum { FIELDS = 97 };

struct table {
	struct pgo_layout head;
	struct pgo_layout_field field[FIELDS];
};

PGO_API struct table pgo_layout;

void pgo_gostart(void);

/* The runtime's own code; see the rule of libpgo.o in the Makefile. */
extern const char __start_pgo_text[] __attribute__((visibility("hidden")));
extern const char __stop_pgo_text[] __attribute__((visibility("hidden")));

struct table pgo_layout = {
	.head = {
		.magic = PGO_LAYOUT_MAGIC,
		.version = PGO_LAYOUT_VERSION,
		.header_bytes = sizeof(struct pgo_layout),
		.field_bytes = sizeof(struct pgo_layout_field),
		.field_count = FIELDS,
		.runtime = "pgo " PGO_VERSION,
	},
	.field = {
		VARIABLE("sched", sched),
		VARIABLE("gtab", gtab),
		VARIABLE("reasons", reason_texts),
		VARIABLE("hidden", stackwalk_hidden),
		VARIABLE("stackinuse", seg_inuse),
		CODE("gostart", pgo_gostart),
		CODE("text", __start_pgo_text),
		CODE("text_end", __stop_pgo_text),
		MEMBER(sched, gomaxprocs),
		MEMBER(sched, npidle),
		MEMBER(sched, nmidle),
		MEMBER(sched, nspinning),
		MEMBER(sched, nm),
		MEMBER(sched, nbound),
		MEMBER(sched, want_m),
		MEMBER(sched, live),
		MEMBER(sched, runq.count),
		MEMBER(sched, start_ns),
		MEMBER(sched, ps),
		MEMBER(sched, allm),
		MEMBER(gtab, chunk),
		MEMBER(gtab, count),
		STRUCT(gtab_chunk),
		MEMBER(gtab_chunk, row),
		MEMBER(gtab_chunk, g),
		STRUCT(gtab_row),
		MEMBER(gtab_row, status),
		MEMBER(gtab_row, parks),
		STRUCT(m),
		MEMBER(m, g),
		MEMBER(m, csp),
		MEMBER(m, cfp),
		MEMBER(m, ctarget),
		MEMBER(m, insched),
		MEMBER(m, calls),
		MEMBER(m, switches),
		MEMBER(m, p),
		MEMBER(m, id),
		MEMBER(m, tid),
		MEMBER(m, spinning),
		MEMBER(m, blocked),
		MEMBER(m, bound_g),
		MEMBER(m, stack_low),
		MEMBER(m, stack_high),
		MEMBER(m, alllink),
		STRUCT(g),
		MEMBER(g, id),
		MEMBER(g, parent_id),
		MEMBER(g, created_pc),
		MEMBER(g, fn),
		MEMBER(g, row),
		MEMBER(g, sp),
		MEMBER(g, cur),
		MEMBER(g, base),
		MEMBER(g, m),
		MEMBER(g, since_ns),
		MEMBER(g, wait_on),
		MEMBER(g, stack_bytes),
		MEMBER(g, enters),
		MEMBER(g, grows),
		MEMBER(g, shrinks),
		MEMBER(g, runs),
		MEMBER(g, woken_by),
		MEMBER(g, last_p),
		VARIABLE("times_kept", times_kept),
		MEMBER(times_kept, begin_ns),
		MEMBER(times_kept, end_ns),
		MEMBER(gtab_chunk, times),
		STRUCT(times),
		MEMBER(times, seq),
		MEMBER(times, state),
		MEMBER(times, since_ns),
		NAMED("times.run", times, ns[TIMES_RUN]),
		NAMED("times.ready", times, ns[TIMES_READY]),
		NAMED("times.blocked", times, ns[TIMES_BLOCKED]),
		STRUCT(left),
		MEMBER(left, r15),
		MEMBER(left, r14),
		MEMBER(left, r13),
		MEMBER(left, r12),
		MEMBER(left, rbx),
		MEMBER(left, rbp),
		MEMBER(left, pc),
		STRUCT(seg),
		MEMBER(seg, prev),
		MEMBER(seg, next),
		MEMBER(seg, low),
		MEMBER(seg, bytes),
		STRUCT(p),
		MEMBER(p, id),
		MEMBER(p, tick),
		MEMBER(p, handoffs),
		MEMBER(p, gfree_count),
		MEMBER(p, state),
		MEMBER(p, m),
		MEMBER(p, runq.head),
		MEMBER(p, runq.tail),
	},
};

/* The note: sizes of owner and descriptor, type, owner padded to 4, number. */
__asm__(".pushsection .note.pgo,\"a\",@note\n\t"
	".balign 4\n\t"
	".long 4, 8, 1\n\t"
	".asciz \"pgo\"\n"
	"0:\t.quad pgo_layout - 0b\n\t"
	".popsection");

void layout_set_agent(const char *address)
{
	static struct lock lock;
	char *out = pgo_layout.head.agent;
	size_t n = strnlen(address, PGO_AGENT_ADDRESS_BYTES - 1);

	/* A reader outside sees either an old address, none, or the new one:
	 * the first byte comes last. */
	lock_get(&lock);
	__atomic_store_n(out, 0, __ATOMIC_RELEASE);
	for (size_t i = 1; i < PGO_AGENT_ADDRESS_BYTES; i++)
		out[i] = i < n ? address[i] : 0;
	__atomic_store_n(out, n ? address[0] : 0, __ATOMIC_RELEASE);
	lock_put(&lock);
}
