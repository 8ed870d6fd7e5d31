/*
 * What goroutines wait on: channels and semaphores, and so who else waits
 * there.
 *
 * Which one is theirs is read after they were, and they may have gone on: it
 * counts as long as the wait record found still names the goroutine.
 */
#ifndef LIB_TARGET_GO_WAITS_H
#define LIB_TARGET_GO_WAITS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/snapshot/snapshot.h"
#include "lib/target/gather.h"
#include "lib/target/go/attach.h"

/* All zero is ready. */
struct go_waits {
	struct buf waiters, found, front;
	struct gather gather;
	struct gather_want *want;
};

void go_waits_begin(struct go_waits *w);

/* The goroutine at G, which is ROW, waits: at its first wait record, 0 for
 * none known, and for what KIND.  By ascending addresses. */
void go_waits_note(struct go_waits *w, uint64_t g, uint64_t record,
		   uint32_t row, enum snap_wait_kind kind);

/* Finds what they wait on and puts it into S.  0, or -E as space_readv(). */
int go_waits_read(struct go_waits *w, struct go *go, struct snapshot *s);
void go_waits_release(struct go_waits *w);

#endif
