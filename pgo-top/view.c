#include "pgo-top/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int view_update(struct view *v)
{
	const struct groups *all;

	free(v->shown.at);
	v->shown = (struct groups){ 0 };
	if (!v->frame)
		return 0;
	all = &v->frame->groups;
	v->shown = *all;
	v->shown.at = malloc((all->n + 1) * sizeof(*all->at));
	if (!v->shown.at) {
		v->shown.n = 0;
		return -ENOMEM;
	}
	if (all->n)
		memcpy(v->shown.at, all->at, all->n * sizeof(*all->at));
	if (groups_filter(&v->shown, v->filter, true) < 0)
		v->shown.n = 0;
	groups_sort(&v->shown, v->order, v->shown.n);
	for (uint32_t i = 0; i < v->shown.n; i++)
		if (v->shown.at[i].key == v->cursor_key)
			v->cursor = i;
	view_move(v, v->cursor);
	return 0;
}

void view_release(struct view *v)
{
	free(v->shown.at);
	v->shown = (struct groups){ 0 };
}

void view_move(struct view *v, int64_t at)
{
	if (at >= (int64_t)v->shown.n)
		at = (int64_t)v->shown.n - 1;
	if (at < 0)
		at = 0;
	v->cursor = (uint32_t)at;
	if (v->cursor < v->shown.n)
		v->cursor_key = v->shown.at[v->cursor].key;
}
