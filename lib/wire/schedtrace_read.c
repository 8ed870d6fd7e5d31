/*
 * Reading the line of another process, which may be of any age and cut short.
 *
 * The forms differ in which keys there are and in the blanks within brackets,
 * so none is recognised as such: a line is SCHED and the time, then "key=value"
 * pairs in any order with at most one list that has no key, and what must be
 * there is checked at the end.
 */
#include <errno.h>
#include <string.h>

#include "lib/wire/schedtrace.h"

struct cursor {
	const char *at, *end;
};

/* Keys in the order of the bits of SEEN. */
static const struct key {
	const char *name;
	size_t at;
	bool wide, needed;
} keys[] = {
#define KEY(f, ...) { #f, offsetof(struct sched_line, f), __VA_ARGS__ }
	KEY(gomaxprocs, false, true),
	KEY(idleprocs, false, true),
	KEY(threads, false, true),
	KEY(spinningthreads, false, true),
	KEY(needspinning, false, false),
	KEY(idlethreads, false, true),
	KEY(runqueue, false, true),
	KEY(gcount, true, false),
	KEY(stackinuse, true, false),
#undef KEY
};

#define KEYS (sizeof(keys) / sizeof(*keys))

/* What was found: the keys, then these. */
enum {
	SEEN_NEEDSPINNING = 1u << 4,
	SEEN_GCOUNT = 1u << 7,
	SEEN_STACKINUSE = 1u << 8,
	SEEN_RUNQS = 1u << KEYS,
	SEEN_SCHEDTICKS = 2u << KEYS,
	SEEN_DETAIL = 4u << KEYS,
};

struct parse {
	struct cursor c;
	struct sched_line *l;
	struct sched_lists *lists;
	unsigned int seen;
	uint32_t nticks;
};

static bool take(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
		return false;
	c->at += n;
	return true;
}

static void blanks(struct cursor *c)
{
	while (c->at < c->end && *c->at == ' ')
		c->at++;
}

/* Decimal digits, at most MAX, and no more digits behind them. */
static bool number(struct cursor *c, uint64_t max, uint64_t *v)
{
	const char *first = c->at;
	unsigned int digit;

	*v = 0;
	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
		digit = (unsigned int)(*c->at - '0');
		if (*v > (max - digit) / 10)
			return false;
		*v = *v * 10 + digit;
	}
	return c->at > first;
}

static bool at_gap(const struct cursor *c)
{
	return c->at == c->end || *c->at == ' ';
}

/* "[4 0 0 0]" or "[ 4 0 0 0 ]", from behind its bracket. */
static int list(struct cursor *c, uint32_t *v, uint32_t *n)
{
	uint64_t one;

	for (*n = 0;; v[(*n)++] = (uint32_t)one) {
		blanks(c);
		if (take(c, "]"))
			return at_gap(c) ? 0 : -EBADMSG;
		if (!number(c, UINT32_MAX, &one) ||
		    (!at_gap(c) && *c->at != ']'))
			return -EBADMSG;
		if (*n == SCHED_PROCS_MAX)
			return -E2BIG;
	}
}

static int once(struct parse *p, unsigned int bit)
{
	if (p->seen & bit)
		return -EBADMSG;
	p->seen |= bit;
	return 0;
}

static int known(struct parse *p, size_t i)
{
	const struct key *k = &keys[i];
	char *field = (char *)p->l + k->at;
	uint64_t v;

	if (once(p, 1u << i) < 0 ||
	    !number(&p->c, k->wide ? UINT64_MAX : UINT32_MAX, &v) ||
	    !at_gap(&p->c))
		return -EBADMSG;
	if (k->wide)
		*(uint64_t *)(void *)field = v;
	else
		*(uint32_t *)(void *)field = (uint32_t)v;
	return 0;
}

/* A pair that is not ours: a key without blanks, "=", and a word. */
static int unknown(struct cursor *c)
{
	const char *first = c->at, *equals;

	while (!at_gap(c))
		c->at++;
	equals = memchr(first, '=', (size_t)(c->at - first));
	return equals && equals > first ? 0 : -EBADMSG;
}

static int pair(struct parse *p)
{
	const char *first = p->c.at;

	for (size_t i = 0; i < KEYS; i++) {
		if (take(&p->c, keys[i].name) && take(&p->c, "="))
			return known(p, i);
		p->c.at = first;
	}
	if (take(&p->c, "gcwaiting=")) {
		p->c.at = first;
		p->seen |= SEEN_DETAIL;
	}
	if (take(&p->c, "schedticks=["))
		return once(p, SEEN_SCHEDTICKS) < 0 ? -EBADMSG :
		       list(&p->c, p->lists->schedticks, &p->nticks);
	if (take(&p->c, "["))
		return once(p, SEEN_RUNQS) < 0 ? -EBADMSG :
		       list(&p->c, p->lists->runqs, &p->l->nruns);
	return unknown(&p->c);
}

/* All that must be there was, and the lists are of one length.  Without one
 * that is not scheddetail's the line was cut off. */
static int finish(struct parse *p)
{
	struct sched_line *l = p->l;

	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].needed && !(p->seen & 1u << i))
			return -EBADMSG;
	if (!(p->seen & (SEEN_RUNQS | SEEN_DETAIL)))
		return -EBADMSG;
	if (p->seen & SEEN_SCHEDTICKS && p->nticks != l->nruns)
		return -EBADMSG;
	if (p->seen & SEEN_RUNQS)
		l->runqs = p->lists->runqs;
	if (p->seen & SEEN_SCHEDTICKS)
		l->schedticks = p->lists->schedticks;
	l->no_needspinning = !(p->seen & SEEN_NEEDSPINNING);
	l->has_gs = p->seen & SEEN_GCOUNT && p->seen & SEEN_STACKINUSE;
	return 0;
}

int sched_line_parse(const char *s, size_t n, struct sched_line *l,
		     struct sched_lists *lists)
{
	struct parse p = { .c = { s, s + n }, .l = l, .lists = lists };
	int rc = 0;

	*l = (struct sched_line){ 0 };
	if (n && s[n - 1] == '\n')
		p.c.end--;
	if (!take(&p.c, "SCHED ") || !number(&p.c, UINT64_MAX, &l->ms) ||
	    !take(&p.c, "ms:"))
		return -EBADMSG;
	for (blanks(&p.c); rc == 0 && p.c.at < p.c.end; blanks(&p.c))
		rc = pair(&p);
	return rc < 0 ? rc : finish(&p);
}
