#include "lib/snapshot/match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { UNSEEN, ABSENT, PRESENT };

int match_init(struct match *m, const struct snapshot *s, const char *text)
{
	*m = (struct match){ .snapshot = s, .inverse = text[0] == '!' };
	m->text = text + m->inverse;
	m->strings = calloc(strtab_count(&s->strings), 1);
	m->stacks = calloc(s->stack_count + 1, 1);
	return m->strings && m->stacks ? 0 : -ENOMEM;
}

void match_release(struct match *m)
{
	free(m->strings);
	free(m->stacks);
	*m = (struct match){ 0 };
}

static bool match_string(struct match *m, uint32_t id)
{
	uint8_t *seen = &m->strings[id];

	if (*seen == UNSEEN)
		*seen = strcasestr(snapshot_string(m->snapshot, id), m->text) ?
			PRESENT : ABSENT;
	return *seen == PRESENT;
}

static bool any_frame(struct match *m, uint32_t stack)
{
	uint32_t depth;
	const struct snap_frame *f = snapshot_frames(m->snapshot, stack,
						     &depth);

	for (uint32_t i = 0; i < depth; i++)
		if (match_string(m, f[i].func) || match_string(m, f[i].file))
			return true;
	return false;
}

static bool match_stack(struct match *m, uint32_t stack)
{
	uint8_t *seen;

	if (stack >= m->snapshot->stack_count)
		return false;
	seen = &m->stacks[stack];
	if (*seen == UNSEEN)
		*seen = any_frame(m, stack) ? PRESENT : ABSENT;
	return *seen == PRESENT;
}

static bool stands_so(struct match *m, unsigned int state, uint32_t reason,
		      uint32_t stack)
{
	bool found = reason ? match_string(m, reason) :
		     strcasestr(snap_state_name(state), m->text) != NULL;

	return found || match_stack(m, stack);
}

bool match_standing(struct match *m, unsigned int state, uint32_t reason,
		    uint32_t stack)
{
	if (m->text[0] == 0)
		return true;
	return stands_so(m, state, reason, stack) != m->inverse;
}

bool match_row(struct match *m, const struct snap_row *row)
{
	bool found;

	if (m->text[0] == 0)
		return true;
	found = stands_so(m, row->state, row->reason, row->stack) ||
		match_string(m, row->created_func) ||
		match_string(m, row->created_file) ||
		match_string(m, row->labels);
	return found != m->inverse;
}
