/*
 * A text looked for in a snapshot, in any case of letters: "text" is wanted,
 * "!text" must not be there, "" is everywhere.
 *
 * Each string and each stack is looked at once, however many goroutines have
 * it: a million rows cost what their few thousand stacks cost.
 */
#ifndef LIB_SNAPSHOT_MATCH_H
#define LIB_SNAPSHOT_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/snapshot/snapshot.h"

struct match {
	const struct snapshot *snapshot;
	const char *text;       /* without its `!` */
	bool inverse;
	uint8_t *strings;       /* by id: whether it has the text, once known */
	uint8_t *stacks;
};

/* TEXT and S must live as long as M.  0 or -ENOMEM; match_release() in any
 * case. */
int match_init(struct match *m, const struct snapshot *s, const char *text);
void match_release(struct match *m);

/* Whether a goroutine is one of those wanted: by its state or reason, its
 * frames, who created it, its labels. */
bool match_row(struct match *m, const struct snap_row *row);

/* The same of what only has a state, a reason and a stack. */
bool match_standing(struct match *m, unsigned int state, uint32_t reason,
		    uint32_t stack);

#endif
