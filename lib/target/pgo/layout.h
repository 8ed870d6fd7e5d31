/*
 * Where a program on pgo keeps what its reader looks at: the fields of its
 * layout table, found by name once, checked once.
 */
#ifndef LIB_TARGET_PGO_LAYOUT_H
#define LIB_TARGET_PGO_LAYOUT_H

#include <stdint.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/target/space.h"

/* ENUM, name, and what it is: a VARIABLE or a place in the code, a STRUCT, a
 * NUMBER (a member of 1, 2, 4 or 8 bytes), an ARRAY (another member). */
#define PGO_FIELDS(X) PGO_FIELDS_FIRST(X) PGO_FIELDS_YOUNGER(X)
#define PGO_FIELDS_FIRST(X) \
	X(PGO_SCHED, "sched", VARIABLE) X(PGO_GTAB, "gtab", VARIABLE) \
	X(PGO_REASONS, "reasons", VARIABLE) X(PGO_HIDDEN, "hidden", VARIABLE) \
	X(PGO_STACKINUSE, "stackinuse", VARIABLE) \
	X(PGO_GOSTART, "gostart", VARIABLE) X(PGO_TEXT, "text", VARIABLE) \
	X(PGO_TEXT_END, "text_end", VARIABLE) \
	X(PGO_SCHED_GOMAXPROCS, "sched.gomaxprocs", NUMBER) \
	X(PGO_SCHED_NPIDLE, "sched.npidle", NUMBER) \
	X(PGO_SCHED_NMIDLE, "sched.nmidle", NUMBER) \
	X(PGO_SCHED_NSPINNING, "sched.nspinning", NUMBER) \
	X(PGO_SCHED_NM, "sched.nm", NUMBER) \
	X(PGO_SCHED_LIVE, "sched.live", NUMBER) \
	X(PGO_SCHED_RUNQ, "sched.runq.count", NUMBER) \
	X(PGO_SCHED_START, "sched.start_ns", NUMBER) \
	X(PGO_SCHED_PS, "sched.ps", NUMBER) \
	X(PGO_SCHED_ALLM, "sched.allm", NUMBER) \
	X(PGO_GTAB_CHUNK, "gtab.chunk", ARRAY) \
	X(PGO_GTAB_COUNT, "gtab.count", NUMBER) \
	X(PGO_CHUNK, "gtab_chunk", STRUCT) \
	X(PGO_CHUNK_ROW, "gtab_chunk.row", ARRAY) \
	X(PGO_CHUNK_G, "gtab_chunk.g", ARRAY) \
	X(PGO_ROW, "gtab_row", STRUCT) \
	X(PGO_ROW_STATUS, "gtab_row.status", NUMBER) \
	X(PGO_ROW_PARKS, "gtab_row.parks", NUMBER) \
	X(PGO_M, "m", STRUCT) X(PGO_M_G, "m.g", NUMBER) \
	X(PGO_M_CSP, "m.csp", NUMBER) X(PGO_M_CFP, "m.cfp", NUMBER) \
	X(PGO_M_CTARGET, "m.ctarget", NUMBER) \
	X(PGO_M_INSCHED, "m.insched", NUMBER) \
	X(PGO_M_CALLS, "m.calls", NUMBER) \
	X(PGO_M_SWITCHES, "m.switches", NUMBER) X(PGO_M_P, "m.p", NUMBER) \
	X(PGO_M_ID, "m.id", NUMBER) X(PGO_M_TID, "m.tid", NUMBER) \
	X(PGO_M_ALLLINK, "m.alllink", NUMBER) \
	X(PGO_G, "g", STRUCT) X(PGO_G_ID, "g.id", NUMBER) \
	X(PGO_G_PARENT, "g.parent_id", NUMBER) \
	X(PGO_G_CREATED, "g.created_pc", NUMBER) X(PGO_G_FN, "g.fn", NUMBER) \
	X(PGO_G_SP, "g.sp", NUMBER) X(PGO_G_CUR, "g.cur", NUMBER) \
	X(PGO_G_BASE, "g.base", NUMBER) X(PGO_G_M, "g.m", NUMBER) \
	X(PGO_G_SINCE, "g.since_ns", NUMBER) \
	X(PGO_G_WAIT_ON, "g.wait_on", NUMBER) \
	X(PGO_G_STACK_BYTES, "g.stack_bytes", NUMBER) \
	X(PGO_G_ENTERS, "g.enters", NUMBER) X(PGO_G_GROWS, "g.grows", NUMBER) \
	X(PGO_G_SHRINKS, "g.shrinks", NUMBER) \
	X(PGO_LEFT, "left", STRUCT) X(PGO_LEFT_RBP, "left.rbp", NUMBER) \
	X(PGO_LEFT_PC, "left.pc", NUMBER) \
	X(PGO_SEG, "seg", STRUCT) X(PGO_SEG_NEXT, "seg.next", NUMBER) \
	X(PGO_SEG_BYTES, "seg.bytes", NUMBER) \
	X(PGO_P, "p", STRUCT) X(PGO_P_ID, "p.id", NUMBER) \
	X(PGO_P_STATE, "p.state", NUMBER) X(PGO_P_M, "p.m", NUMBER) \
	X(PGO_P_HEAD, "p.runq.head", NUMBER) \
	X(PGO_P_TAIL, "p.runq.tail", NUMBER)

/* What programs of older runtimes have not. */
#define PGO_FIELDS_YOUNGER(X) \
	X(PGO_SCHED_NBOUND, "sched.nbound", NUMBER) \
	X(PGO_SCHED_WANT_M, "sched.want_m", NUMBER) \
	X(PGO_M_SPINNING, "m.spinning", NUMBER) \
	X(PGO_M_BLOCKED, "m.blocked", NUMBER) \
	X(PGO_M_BOUND_G, "m.bound_g", NUMBER) \
	X(PGO_P_TICK, "p.tick", NUMBER) \
	X(PGO_P_HANDOFFS, "p.handoffs", NUMBER) \
	X(PGO_P_GFREE, "p.gfree_count", NUMBER) \
	X(PGO_G_RUNS, "g.runs", NUMBER) \
	X(PGO_G_WOKEN_BY, "g.woken_by", NUMBER) \
	X(PGO_G_LAST_P, "g.last_p", NUMBER) \
	X(PGO_KEPT, "times_kept", VARIABLE) \
	X(PGO_KEPT_BEGIN, "times_kept.begin_ns", NUMBER) \
	X(PGO_KEPT_END, "times_kept.end_ns", NUMBER) \
	X(PGO_CHUNK_TIMES, "gtab_chunk.times", ARRAY) \
	X(PGO_TIMES, "times", STRUCT) X(PGO_TIMES_SEQ, "times.seq", NUMBER) \
	X(PGO_TIMES_STATE, "times.state", NUMBER) \
	X(PGO_TIMES_SINCE, "times.since_ns", NUMBER) \
	X(PGO_TIMES_RUN, "times.run", NUMBER) \
	X(PGO_TIMES_READY, "times.ready", NUMBER) \
	X(PGO_TIMES_BLOCKED, "times.blocked", NUMBER)

enum pgo_field {
#define X(id, name, kind) id,
	PGO_FIELDS(X)
#undef X
	PGO_FIELD_COUNT,
	PGO_YOUNGER = PGO_SCHED_NBOUND, /* the first of them */
};

enum { PGO_STRUCT_BYTES_MAX = 8192 };

struct pgo_offsets {
	uint64_t address[PGO_FIELD_COUNT];      /* of variables */
	uint32_t offset[PGO_FIELD_COUNT];       /* of members */
	uint32_t bytes[PGO_FIELD_COUNT];        /* 0: not there, younger */
};

/*
 * Reads the table that follows the layout at ADDRESS.  Afterwards no struct is
 * larger than PGO_STRUCT_BYTES_MAX (gtab and gtab_chunk apart) and each member
 * lies in its struct.  0; -ENOTSUP when something is missing, and what in E;
 * as space_read().
 */
struct pgo_layout;
int pgo_offsets_read(struct pgo_offsets *o, struct space *s, uint64_t address,
		     const struct pgo_layout *head, struct err *e);

/* The NUMBER F of the struct whose bytes are at BASE. */
static inline uint64_t pgo_number(const struct pgo_offsets *o,
				  const uint8_t *base, enum pgo_field f)
{
	const uint8_t *at = base + o->offset[f];
	uint64_t v = 0;

	if (o->bytes[f] == 8)
		memcpy(&v, at, 8);
	else if (o->bytes[f] == 4)
		memcpy(&v, at, 4);
	else
		memcpy(&v, at, o->bytes[f]);
	return v;
}

#endif
