/*
 * Line by line.  A record begins with a line that only begins records, so a
 * line that was cut or made up costs at most the record it is in.
 *
 * Source: src/runtime/pprof/pprof.go (printStackRecord, printCountProfile),
 * src/runtime/traceback.go (goroutineheader, traceback2).
 */
#include "lib/wire/goroutine_text.h"

#include <string.h>

/* Slices --------------------------------------------------------------------*/

/* The next line without its end; its P is NULL at the end. */
static struct gtext_slice next_line(struct gtext *t)
{
	struct gtext_slice l = { t->at, (size_t)(t->end - t->at) };
	const char *end = l.n ? memchr(l.p, '\n', l.n) : NULL;

	if (!l.n)
		return (struct gtext_slice){ NULL, 0 };
	if (end)
		l.n = (size_t)(end - l.p);
	t->at += l.n + (end != NULL);
	return l;
}

static void back(struct gtext *t, struct gtext_slice line)
{
	t->at = line.p;
}

/* Takes TEXT from the front of S, if S begins so. */
static bool take(struct gtext_slice *s, const char *text)
{
	size_t n = strlen(text);

	if (s->n < n || memcmp(s->p, text, n))
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

static bool take_number(struct gtext_slice *s, uint64_t *out)
{
	size_t n = 0;

	*out = 0;
	for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++)
		if (__builtin_mul_overflow(*out, 10, out) ||
		    __builtin_add_overflow(*out, s->p[n] - '0', out))
			*out = UINT64_MAX;
	s->p += n;
	s->n -= n;
	return n > 0;
}

static int digit_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	       c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hex(struct gtext_slice *s, uint64_t *out)
{
	size_t n = 0;

	*out = 0;
	if (!take(s, "0x"))
		return false;
	for (; n < s->n && n < 16 && digit_of(s->p[n]) >= 0; n++)
		*out = *out << 4 | (uint64_t)digit_of(s->p[n]);
	s->p += n;
	s->n -= n;
	return n > 0;
}

/* What is in S before its last TEXT goes to HEAD, S keeps what is behind. */
static bool split_last(struct gtext_slice *s, const char *text,
		       struct gtext_slice *head)
{
	size_t n = strlen(text);

	for (size_t i = s->n; i-- > 0;)
		if (s->n - i >= n && !memcmp(s->p + i, text, n)) {
			*head = (struct gtext_slice){ s->p, i };
			*s = (struct gtext_slice){ s->p + i + n, s->n - i - n };
			return true;
		}
	return false;
}

static bool split_first(struct gtext_slice *s, const char *text,
			struct gtext_slice *head)
{
	const char *at = s->n ? memmem(s->p, s->n, text, strlen(text)) : NULL;

	if (!at)
		return false;
	*head = (struct gtext_slice){ s->p, (size_t)(at - s->p) };
	s->p = at + strlen(text);
	s->n -= head->n + strlen(text);
	return true;
}

/* "/src/x.go:41" */
static bool take_place(struct gtext_slice s, struct gtext_frame *f)
{
	uint64_t line;

	if (!split_last(&s, ":", &f->file) || !take_number(&s, &line) || s.n)
		return false;
	f->line = line <= INT32_MAX ? (uint32_t)line : 0;
	return true;
}

static void add_frame(struct gtext_record *r, const struct gtext_frame *f)
{
	if (r->n < GTEXT_DEPTH_MAX)
		r->frames[r->n++] = *f;
}

static void begin(struct gtext_record *r)
{
	memset(r, 0, offsetof(struct gtext_record, frames));
	r->id = r->creator = -1;
	r->count = 1;
}

/* debug=1 -------------------------------------------------------------------*/

int64_t gtext_total(struct gtext *t)
{
	struct gtext_slice l = next_line(t);
	uint64_t n;

	if (l.p && take(&l, "goroutine profile: total ") &&
	    take_number(&l, &n) && !l.n && n <= INT64_MAX)
		return (int64_t)n;
	return -1;
}

/* "#\t0x671dda\tmain.f+0x1a\t/src/main.go:41", padded with tabs. */
static bool read_counted_frame(struct gtext_slice l, struct gtext_frame *f)
{
	struct gtext_slice func;

	*f = (struct gtext_frame){ .line = 0 };
	if (!take(&l, "#\t") || !take_hex(&l, &f->pc))
		return false;
	f->pc++;
	if (take(&l, "\t") && split_first(&l, "\t", &func)) {
		while (take(&l, "\t"))
			;
		take_place(l, f);
		if (split_last(&func, "+", &f->func) &&
		    take_hex(&func, &f->offset))
			f->offset++;
	}
	return true;
}

/* "2 @ 0x43b2f6 0x407e5b" */
static bool begin_counted(struct gtext_slice l, struct gtext_record *r)
{
	struct gtext_frame f = { .line = 0 };

	begin(r);
	if (!take_number(&l, &r->count) || !take(&l, " @"))
		return false;
	while (take(&l, " ") && take_hex(&l, &f.pc))
		add_frame(r, &f);
	return true;
}

bool gtext_counted(struct gtext *t, struct gtext_record *r)
{
	struct gtext_frame f;
	struct gtext_slice l;
	bool named = false;

	do
		l = next_line(t);
	while (l.p && !begin_counted(l, r));
	if (!l.p)
		return false;
	while ((l = next_line(t)).p && l.n && *l.p == '#') {
		if (!read_counted_frame(l, &f)) {
			if (take(&l, "# labels: "))
				r->labels = l;
			continue;
		}
		/* Those with names are fewer, and better. */
		if (!named)
			r->n = 0;
		named = true;
		add_frame(r, &f);
	}
	if (l.p && l.n)
		back(t, l);
	return true;
}

/* debug=2 -------------------------------------------------------------------*/

/* "chan receive, 5 minutes, locked to thread" */
static void read_states(struct gtext_slice s, struct gtext_record *r)
{
	struct gtext_slice one;
	uint64_t n;

	while (split_first(&s, ", ", &one) || (one = s, s.n = 0, one.n)) {
		struct gtext_slice rest = one;

		if (!r->state.p)
			r->state = one;
		else if (take(&rest, "locked to thread"))
			r->locked = true;
		else if (take_number(&rest, &n) && take(&rest, " minutes"))
			r->minutes = n;
	}
}

/* "goroutine 24 gp=0x1 m=nil [...]:" */
static bool begin_single(struct gtext_slice l, struct gtext_record *r)
{
	struct gtext_slice skipped, states;
	uint64_t id;

	begin(r);
	if (!take(&l, "goroutine ") || !take_number(&l, &id) ||
	    !split_first(&l, "[", &skipped) || !split_last(&l, "]", &states))
		return false;
	r->id = id <= INT64_MAX ? (int64_t)id : -1;
	read_states(states, r);
	return true;
}

/* "\t/src/main.go:41 +0x1d", perhaps with " fp=..." behind. */
static bool read_place(struct gtext_slice l, struct gtext_frame *f)
{
	struct gtext_slice place;

	if (!take(&l, "\t"))
		return false;
	if (!split_first(&l, " +", &place))
		return take_place(l, f);
	take_hex(&l, &f->offset);
	return take_place(place, f);
}

/* "main.f(0x1, {0x2})" without what the outermost parentheses hold. */
static struct gtext_slice without_arguments(struct gtext_slice call)
{
	size_t open = 0;

	for (size_t i = call.n; i-- > 0;) {
		open += call.p[i] == ')';
		open -= call.p[i] == '(' && open;
		if (!open)
			return (struct gtext_slice){ call.p, i };
	}
	return call;
}

/* What line L says, and the one of its place. */
static void read_call(struct gtext_slice l, struct gtext_slice place,
		      struct gtext_record *r)
{
	struct gtext_frame f = { .line = 0 };
	struct gtext_slice name;
	uint64_t id;

	if (!read_place(place, &f))
		return;
	if (!take(&l, "created by ")) {
		f.func = without_arguments(l);
		add_frame(r, &f);
		return;
	}
	r->created = f;
	r->created.func = l;
	if (split_last(&l, " in goroutine ", &name) && take_number(&l, &id)) {
		r->created.func = name;
		r->creator = id <= INT64_MAX ? (int64_t)id : -1;
	}
}

bool gtext_single(struct gtext *t, struct gtext_record *r)
{
	struct gtext_slice l, place;

	do
		l = next_line(t);
	while (l.p && !begin_single(l, r));
	if (!l.p)
		return false;
	while ((l = next_line(t)).p && l.n) {
		place = next_line(t);
		if (place.n && *place.p == '\t')
			read_call(l, place, r);
		else if (place.p)
			back(t, place);
	}
	return true;
}
