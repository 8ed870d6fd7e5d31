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
#include "runtime/sched.h"

#define MEMBER(type, field) \
	{ #type "." #field, 0, offsetof(struct type, field), \
	  sizeof(((struct type *)0)->field) }

enum { FIELDS = 27 };

struct table {
	struct pgo_layout head;
	struct pgo_layout_field field[FIELDS];
};

PGO_API struct table pgo_layout;

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
		{ "sched", (uintptr_t)&sched, 0, sizeof(sched) },
		MEMBER(sched, gomaxprocs),
		MEMBER(sched, npidle),
		MEMBER(sched, nmidle),
		MEMBER(sched, nspinning),
		MEMBER(sched, nm),
		MEMBER(sched, live),
		MEMBER(sched, ps),
		MEMBER(sched, allm),
		MEMBER(m, g),
		MEMBER(m, csp),
		MEMBER(m, cfp),
		MEMBER(m, p),
		MEMBER(m, id),
		MEMBER(m, tid),
		MEMBER(m, alllink),
		MEMBER(g, id),
		MEMBER(g, parent_id),
		MEMBER(g, created_pc),
		MEMBER(g, fn),
		MEMBER(g, row),
		MEMBER(g, sp),
		MEMBER(g, cur),
		MEMBER(g, since_ns),
		MEMBER(g, stack_bytes),
		MEMBER(p, id),
		MEMBER(p, tick),
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
