/* The scheduler of a Go program: its Ps, its Ms, its figures. */
#ifndef LIB_TARGET_GO_SCHED_H
#define LIB_TARGET_GO_SCHED_H

#include <stddef.h>
#include <stdint.h>

#include "lib/snapshot/snapshot.h"
#include "lib/target/gather.h"
#include "lib/target/go/attach.h"

struct go_p {
	uint64_t at, m;                 /* addresses; 0: none */
	int64_t id;
	uint32_t status, schedtick, runq;
};

struct go_m {
	uint64_t at;
	uint64_t p, curg, g0;           /* addresses; 0: none */
	uint64_t procid;                /* thread, in the target's namespace */
	uint64_t vdso_sp, vdso_pc;      /* 0: not in the vdso */
	int64_t id;
};

/* All zero is ready; kept from one snapshot to the next. */
struct go_sched {
	struct go_p ps[SNAP_PS_MAX];
	size_t p_count;
	struct go_m *ms;                /* by address */
	size_t m_count, m_room;
	struct gather gather;
	struct gather_want *want;
	size_t want_room;
};

/* Reads them, as far as this version has them, and fills OUT.  0, or -E as
 * space_readv(). */
int go_sched_read(struct go_sched *s, struct go *go, struct snap_sched *out);
void go_sched_release(struct go_sched *s);

/* Fills in what only scheddetail tells: of the scheduler, of the Ps that S
 * has, and the Ms.  0 or -E as above. */
int go_sched_detail(struct go_sched *s, struct go *go, struct snapshot *out);

enum { GO_SCHED_STRUCT_MAX = 1 << 15 }; /* bytes of an M, a P that are read */

/* Bytes of a struct to be read for the N fields F; 0: more than that, which is
 * not believed, and nothing of it may be parsed. */
uint32_t go_sched_bytes(const struct go *go, const enum go_field *f, size_t n);

/* The M, the P at ADDRESS; NULL when it is none. */
const struct go_m *go_sched_m(const struct go_sched *s, uint64_t address);
const struct go_p *go_sched_p(const struct go_sched *s, uint64_t address);

#endif
