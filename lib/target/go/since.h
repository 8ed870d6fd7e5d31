/*
 * Since when goroutines stand where they stand, as far as we saw it.
 *
 * The runtime notes when a wait began only when it collects garbage, which may
 * be never.  So it is remembered from one snapshot to the next who stood
 * where; what is said is "at least".
 */
#ifndef LIB_TARGET_GO_SINCE_H
#define LIB_TARGET_GO_SINCE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/target/go/one.h"

struct since_seen {
	uint64_t at, pc, sp;
	int64_t goid;
	int64_t first_ns;       /* monotonic, ours */
	uint8_t status;
};

/* All zero is ready. */
struct since {
	struct since_list {
		struct since_seen *at;  /* by address */
		size_t n, room;
	} before, now;
	size_t next;            /* in before */
	int64_t begun_ns;       /* this snapshot */
	bool begun_before;      /* there was one before */
};

/* A snapshot begins, of NOW_NS. */
void since_begin(struct since *s, int64_t now_ns);

/* For how long O has stood there, in ns, at least; -1: not known, it is the
 * first snapshot.  Within a snapshot, by ascending addresses. */
int64_t since_of(struct since *s, const struct go_one *o);

/* The same between two snapshots, at NOW_NS, in any order. */
int64_t since_look(const struct since *s, const struct go_one *o,
		   int64_t now_ns);

/* Where goroutine GOID was in the last snapshot; 0: not there. */
uint64_t since_where(const struct since *s, int64_t goid);

void since_release(struct since *s);

#endif
