/* From a goroutine as it was read to a row of a snapshot. */
#ifndef LIB_TARGET_GO_ROWS_H
#define LIB_TARGET_GO_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/snapshot/snapshot.h"
#include "lib/target/go/attach.h"
#include "lib/target/go/names.h"
#include "lib/target/go/one.h"
#include "lib/target/go/sched.h"
#include "lib/target/go/since.h"

/* What rows are made with, of one snapshot; zero but for these is ready. */
struct go_rows {
	struct go *go;
	struct snapshot *snap;
	struct go_names *names;
	struct since *since;
	const struct go_sched *sched;
	bool no_stacks;         /* none were asked for */
	bool alone;             /* not in the order of addresses; no news for
				 * `since' */
	uint32_t reasons[256];  /* strings by number; 0: not yet */
};

/* Fills ROW, which is new, or of the same goroutine a moment ago. */
void go_row_fill(struct go_rows *r, const struct go_one *o,
		 struct snap_row *row);

/* For what it waits, as its reason says. */
enum snap_wait_kind go_row_wait_kind(const struct go_rows *r,
				     const struct snap_row *row);

#endif
