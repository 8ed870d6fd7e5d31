/*
 * The goroutines of a snapshot folded by what they do: one group for each
 * stack, state and wait reason.
 *
 * A group's KEY is the same in every snapshot of one process, so a cursor can
 * stay on it and rates can be taken.  The groups lean on their snapshot, which
 * must live as long.
 */
#ifndef LIB_SNAPSHOT_GROUP_H
#define LIB_SNAPSHOT_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/snapshot/snapshot.h"

/* Columns of a group; lib/snapshot/fields.h names them. */
enum group_field {
	GROUP_COUNT,
	GROUP_RATE,             /* thousandths a second */
	GROUP_WAIT_MAX,
	GROUP_WAIT_P50,
	GROUP_STACK_BYTES,
	GROUP_NUMBERS,
	GROUP_REASON = GROUP_NUMBERS,   /* texts from here on */
	GROUP_WHERE,
	GROUP_FIELDS,
};

struct group {
	uint64_t key;
	int64_t number[GROUP_NUMBERS];  /* SNAP_UNKNOWN; see group_rate() */
	uint32_t stack;                 /* of the snapshot, SNAP_NONE: torn */
	uint32_t reason;                /* string of the snapshot */
	uint32_t first;                 /* in rows, GROUP_COUNT of them */
	uint8_t state;                  /* enum snap_state */
	bool rated;                     /* number[GROUP_RATE] is known */
	bool at_least;                  /* waits may be longer */
	bool system;                    /* all of them are the runtime's own */
};

struct reason_count {
	uint32_t reason;        /* string of the snapshot, never 0 */
	int64_t count;          /* goroutines that wait for it */
};

struct groups {
	const struct snapshot *snapshot;
	struct group *at;
	uint32_t n;
	uint32_t *rows;                 /* numbers of the snapshot's, a group's
					 * side by side; NULL: it has none */
	int64_t states[SNAP_STATES];    /* goroutines in each */
	int64_t goroutines;             /* all of them */
	int64_t system;                 /* of these the runtime's own */
	bool at_least;                  /* some waits may be longer */
	struct reason_count *reasons;   /* of all of them, most first */
	uint32_t reason_count;
};

/* Folds S into G.  0 or -ENOMEM.  groups_release() in any case. */
int groups_init(struct groups *g, const struct snapshot *s);
void groups_release(struct groups *g);

/* The same of goroutines that somebody else folded: N groups AT, of which
 * stack, state, reason and numbers are set.  There are no rows then.  -EEXIST
 * when two are one. */
int groups_init_folded(struct groups *g, const struct snapshot *s,
		       const struct group *at, uint32_t n);

/* The change since BEFORE, of the same program: sets number[GROUP_RATE] of
 * each group, which is signed, and rated. */
void groups_rate(struct groups *g, const struct groups *before);

struct group_order {
	enum group_field by;
	bool descending;
};

/* Sorts all groups; unknown values come last, equal ones by count and key, so
 * that nothing jumps.  With TOP below n only the first TOP are in order. */
void groups_sort(struct groups *g, struct group_order order, uint32_t top);

struct filter;

/*
 * Makes G of those goroutines of ALL that FILTER, which may be NULL, lets pass
 * and, with SYSTEM, of the runtime's own.  What is counted of all goroutines
 * stays; the rate of a group that lost some is not known.  G leans on ALL and
 * only its AT is its own, which the caller frees.  0, or -ENOMEM: then it has
 * no groups.
 */
int groups_narrow(struct groups *g, const struct groups *all,
		  struct filter *filter, bool system);

/* The first group from FROM on, in their order and around its end, that
 * matches TEXT (lib/snapshot/match.h); -1 for none. */
int64_t groups_search(const struct groups *g, uint32_t from, const char *text);

/* A change of thousandths a second as a whole number. */
static inline int64_t rate_rounded(int64_t milli)
{
	return (milli + (milli < 0 ? -500 : 500)) / 1000;
}

/* How many goroutines are in STATE; SNAP_UNKNOWN when none is seen to be but
 * the state of some is not known. */
int64_t groups_in_state(const struct groups *g, unsigned int state);

/* What they wait for, or their state; "" when that is not known. */
const char *group_reason(const struct groups *g, const struct group *one);

#endif
