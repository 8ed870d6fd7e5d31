/* A goroutine's struct g as it was read. */
#ifndef LIB_TARGET_GO_ONE_H
#define LIB_TARGET_GO_ONE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/target/go/attach.h"

/* Go's numbers, without the bit that says a stack is being scanned. */
enum go_status {
	GO_IDLE = 0, GO_RUNNABLE, GO_RUNNING, GO_SYSCALL, GO_WAITING,
	GO_DEAD = 6, GO_COPYSTACK = 8, GO_PREEMPTED, GO_LEAKED,
	GO_DEADEXTRA,
};

/* What became of reading it. */
enum go_had {
	ONE_GONE,               /* dead, or never used: no goroutine */
	ONE_NONSENSE,           /* no goroutine, whatever the list says */
	ONE_RUNS,               /* a state and no stack to be read */
	ONE_STACK,              /* all of it, at one moment */
	ONE_MOVED,              /* it moved while it was read */
};

struct go_one {
	uint64_t at;            /* address of its struct g */
	uint64_t pc, sp;        /* where it stands, or made its system call */
	uint64_t lo, hi;        /* its stack */
	uint64_t m, lockedm, gopc, startpc, labels, waiting;
	int64_t goid, parent, waitsince;
	uint32_t stack;         /* in the snapshot */
	uint32_t label_text;
	uint8_t status, reason;
	uint8_t had;            /* enum go_had */
};

/* Bytes of a struct g that are wanted below. */
uint32_t go_one_bytes(const struct go *go);

/* Fills O but for `at' by the bytes G.  False when it is no goroutine; had is
 * what can be said so far. */
bool go_one_parse(const struct go *go, const uint8_t *g, struct go_one *o);

/* Whether a later reading G says that O is where it was. */
bool go_one_same(const struct go *go, const uint8_t *g,
		 const struct go_one *o);

/* Whether there is a stack to be walked from pc and sp. */
static inline bool go_one_parked(const struct go_one *o)
{
	return o->status == GO_RUNNABLE || o->status == GO_SYSCALL ||
	       o->status == GO_WAITING || o->status == GO_PREEMPTED ||
	       o->status == GO_LEAKED;
}

#endif
