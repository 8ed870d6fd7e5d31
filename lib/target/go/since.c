/*
 * Both lists are in the order of addresses, so that one walk beside the other
 * finds everyone: no table, 5 ns a goroutine.
 */
#include "lib/target/go/since.h"

#include <stdbool.h>
#include <stdlib.h>

#include "lib/base/grow.h"

void since_begin(struct since *s, int64_t now_ns)
{
	struct since_list old = s->before;

	s->begun_before = s->begun_ns != 0;
	s->begun_ns = now_ns;
	s->before = s->now;
	s->now = old;
	s->now.n = 0;
	s->next = 0;
}

static void remember(struct since_list *l, const struct since_seen *seen)
{
	if (grow(&l->at, &l->room, l->n, sizeof(*l->at)) == 0)
		l->at[l->n++] = *seen;
}

static bool stands_there(const struct since_seen *x, const struct go_one *o)
{
	return x->at == o->at && x->goid == o->goid && x->pc == o->pc &&
	       x->sp == o->sp && x->status == o->status;
}

int64_t since_of(struct since *s, const struct go_one *o)
{
	struct since_seen seen = {
		o->at, o->pc, o->sp, o->goid, s->begun_ns, o->status,
	};
	const struct since_list *b = &s->before;

	while (s->next < b->n && b->at[s->next].at < o->at)
		s->next++;
	if (s->next < b->n && stands_there(&b->at[s->next], o))
		seen.first_ns = b->at[s->next].first_ns;
	remember(&s->now, &seen);
	return s->begun_before ? s->begun_ns - seen.first_ns : -1;
}

int64_t since_look(const struct since *s, const struct go_one *o,
		   int64_t now_ns)
{
	const struct since_list *l = &s->now;
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (l->at[mid].at < o->at)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == l->n || !stands_there(&l->at[lo], o))
		return s->begun_ns ? 0 : -1;
	return now_ns - l->at[lo].first_ns;
}

uint64_t since_where(const struct since *s, int64_t goid)
{
	for (size_t i = 0; i < s->now.n; i++)
		if (s->now.at[i].goid == goid)
			return s->now.at[i].at;
	return 0;
}

void since_release(struct since *s)
{
	free(s->before.at);
	free(s->now.at);
	*s = (struct since){ .next = 0 };
}
