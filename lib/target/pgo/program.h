/* What the files of lib/target/pgo share. */
#ifndef LIB_TARGET_PGO_PROGRAM_H
#define LIB_TARGET_PGO_PROGRAM_H

#include "lib/target/pgo/layout.h"
#include "lib/target/pgo/names.h"
#include "lib/target/pgo/pgo.h"
#include "lib/target/pgo/stacks.h"
#include "lib/target/pgo/walk.h"

enum { PGO_REASONS_MAX = 128, PGO_REASON_BYTES = 48 };

/* Go's numbers, as in runtime/gtab.h. */
enum {
	PGO_G_IDLE = 0,
	PGO_G_RUNNABLE = 1,
	PGO_G_RUNNING = 2,
	PGO_G_WAITING = 4,
	PGO_G_DEAD = 6,
	PGO_G_STATE_MASK = 0xfff,
	PGO_G_SCAN = 0x1000,
	PGO_G_REASON_SHIFT = 16,
};

/* An M as it was when the snapshot began. */
struct pgo_m {
	uint64_t address;
	int64_t id, p;          /* SNAP_UNKNOWN: none */
	pid_t tid;
};

struct pgo_ms {
	struct pgo_m *at;       /* by address */
	size_t n, room;
};

struct pgo_program {
	struct space *space;    /* the caller's */
	struct pgo_offsets o;
	struct pgo_hidden hidden;
	char reasons[PGO_REASONS_MAX][PGO_REASON_BYTES];
	size_t reason_count;
	struct pgo_names names;

	/* Of the snapshot that is being read. */
	struct snapshot *snap;
	struct pgo_stacks stacks;
	struct pgo_ms ms;
	int64_t now_ns;         /* the target's monotonic clock */
	bool times_kept;        /* goroutines' times are, since: */
	int64_t times_begin_ns;
};

/* Reads the scheduler's figures, Ps and Ms.  0 or -E of space_readv(). */
int pgo_sched_read(struct pgo_program *p);

/* Fills in what the Ms do.  0 or -E as above. */
int pgo_sched_read_ms(struct pgo_program *p);

/* The M at ADDRESS, or NULL. */
const struct pgo_m *pgo_m_at(const struct pgo_program *p, uint64_t address);

#endif
