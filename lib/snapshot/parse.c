/*
 * Stack ids are the target's and mean something within one page: they are
 * looked up in a table of that page and never used as an index.
 */
#include "lib/snapshot/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/snapshot/fields.h"

#define SCHEMA_NEWEST 1

/* A stack of the page: the target's number and ours. */
struct page_stack {
	int64_t id;
	uint32_t stack;
};

struct page_stacks {
	struct page_stack *at;  /* by id */
	size_t n;
};

static int64_t number(const json_t *obj, const char *key)
{
	const json_t *v = json_object_get(obj, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return SNAP_UNKNOWN;
	return json_integer_value(v);
}

static const char *string(const json_t *obj, const char *key)
{
	return json_string_value(json_object_get(obj, key));
}

static uint64_t address(const json_t *obj, const char *key)
{
	const char *s = string(obj, key);

	return s && s[0] == '0' && s[1] == 'x' ? strtoull(s, NULL, 16) : 0;
}

static uint32_t line_of(const json_t *obj)
{
	int64_t line = number(obj, "line");

	return line > 0 && line <= INT32_MAX ? (uint32_t)line : 0;
}

/* Stacks --------------------------------------------------------------------*/

static uint32_t parse_stack(struct snapshot *s, const json_t *frames)
{
	struct snap_frame f[SNAP_DEPTH_MAX];
	size_t n = json_array_size(frames);

	if (n > SNAP_DEPTH_MAX)
		n = SNAP_DEPTH_MAX;
	for (size_t i = 0; i < n; i++) {
		const json_t *frame = json_array_get(frames, i);

		f[i] = (struct snap_frame){
			.pc = address(frame, "pc"),
			.func = strtab_put(&s->strings, string(frame, "func")),
			.file = strtab_put(&s->strings, string(frame, "file")),
			.line = line_of(frame),
			.inlined = json_is_true(
				json_object_get(frame, "inlined")),
		};
	}
	return snapshot_stack(s, f, (uint32_t)n);
}

static int by_id(const void *a, const void *b)
{
	const struct page_stack *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int parse_stacks(struct snapshot *s, const json_t *array,
			struct page_stacks *out)
{
	size_t n = json_array_size(array);

	out->at = calloc(n ? n : 1, sizeof(*out->at));
	out->n = 0;
	if (!out->at)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const json_t *stack = json_array_get(array, i);
		int64_t id = number(stack, "id");

		if (id == SNAP_UNKNOWN) {
			s->dropped++;
			continue;
		}
		out->at[out->n++] = (struct page_stack){
			id, parse_stack(s, json_object_get(stack, "frames")),
		};
	}
	qsort(out->at, out->n, sizeof(*out->at), by_id);
	return 0;
}

static uint32_t stack_of(const struct page_stacks *stacks, int64_t id)
{
	struct page_stack key = { .id = id }, *found;

	if (stacks->n == 0 || id == SNAP_UNKNOWN)
		return SNAP_NONE;
	found = bsearch(&key, stacks->at, stacks->n, sizeof(key), by_id);
	return found ? found->stack : SNAP_NONE;
}

/* Rows ----------------------------------------------------------------------*/

/* The new row, or NULL when it makes no sense or does not fit. */
static struct snap_row *parse_row(struct snapshot *s, const json_t *g)
{
	const json_t *by = json_object_get(g, "created_by");
	enum snap_state state = snap_state_of(string(g, "state"));
	int64_t id = number(g, "id");
	struct snap_row *row;

	if (id == SNAP_UNKNOWN || state == SNAP_STATE_UNKNOWN) {
		s->dropped++;
		return NULL;
	}
	row = snapshot_row(s);
	if (!row)
		return NULL;
	for (int i = 0; i < ROW_NUMBERS; i++)
		row->number[i] = number(g, row_fields[i].json_key);
	row->state = (uint8_t)state;
	if (state == SNAP_WAITING)
		row->reason = strtab_put(&s->strings, string(g, "reason"));
	row->entry = strtab_put(&s->strings, string(g, "entry"));
	row->wait_on = address(g, "wait_on");
	row->creator = number(by, "goroutine");
	row->created_func = strtab_put(&s->strings, string(by, "func"));
	row->created_file = strtab_put(&s->strings, string(by, "file"));
	row->created_line = line_of(by);
	return row;
}

static void parse_rows(struct snapshot *s, const json_t *rows,
		       const struct page_stacks *stacks)
{
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *g = json_array_get(rows, i);
		struct snap_row *row = parse_row(s, g);

		if (!row)
			continue;
		row->stack = stack_of(stacks, number(g, "stack"));
		s->torn += row->stack == SNAP_NONE;
	}
}

/* The document, or NULL with words in E. */
static json_t *load(const char *body, size_t n, int *rc, struct err *e)
{
	json_error_t why;
	json_t *doc;
	int64_t schema;

	*rc = -EFBIG;
	if (n > PARSE_BODY_MAX) {
		err_say(e, *rc, "answer of more than %zu bytes",
			PARSE_BODY_MAX);
		return NULL;
	}
	doc = json_loadb(body, n, 0, &why);
	if (!json_is_object(doc)) {
		*rc = err_say(e, -EBADMSG, "answer is no JSON object: %s",
			      doc ? "something else" : why.text);
		json_decref(doc);
		return NULL;
	}
	schema = number(doc, "schema");
	if (schema < 1 || schema > SCHEMA_NEWEST) {
		*rc = err_say(e, -EPROTO, "answer of a schema we do not know "
			      "(a pgo-top as new as the program)");
		json_decref(doc);
		return NULL;
	}
	*rc = 0;
	return doc;
}

int parse_goroutines(struct snapshot *s, const char *body, size_t n,
		     int64_t *next, struct err *e)
{
	struct page_stacks stacks;
	const json_t *rows;
	json_t *doc;
	int rc;

	*next = SNAP_UNKNOWN;
	doc = load(body, n, &rc, e);
	if (!doc)
		return rc;
	rc = parse_stacks(s, json_object_get(doc, "stacks"), &stacks);
	if (rc < 0) {
		err_set(e, rc, "stacks");
		goto out;
	}
	rows = json_object_get(doc, "goroutines");
	if (!json_is_array(rows)) {
		rc = err_say(e, -EBADMSG, "answer without goroutines");
		goto out;
	}
	parse_rows(s, rows, &stacks);
	s->time_ns = number(doc, "time");
	s->pid = number(doc, "pid");
	s->exe = strtab_put(&s->strings, string(doc, "exe"));
	s->total = number(doc, "total");
	*next = number(doc, "next");
out:
	free(stacks.at);
	json_decref(doc);
	return rc;
}

int parse_goroutine(struct snapshot *s, const char *body, size_t n,
		    struct err *e)
{
	const json_t *g, *frames;
	struct snap_row *row;
	json_t *doc;
	int rc;

	doc = load(body, n, &rc, e);
	if (!doc)
		return rc;
	g = json_object_get(doc, "goroutine");
	row = parse_row(s, g);
	frames = json_object_get(g, "frames");
	if (!row)
		rc = err_say(e, -EBADMSG, "answer without a goroutine");
	else if (json_array_size(frames))
		row->stack = parse_stack(s, frames);
	s->time_ns = number(doc, "time");
	json_decref(doc);
	return rc;
}

/* Groups --------------------------------------------------------------------*/

/* What goroutines do is their state, or why they wait. */
static void parse_group(struct snapshot *s, const json_t *stack,
			struct group *out)
{
	const char *doing = string(stack, group_fields[GROUP_REASON].json_key);

	*out = (struct group){ .stack = SNAP_NONE };
	for (int i = 0; i < GROUP_NUMBERS; i++)
		out->number[i] = number(stack, group_fields[i].json_key);
	out->state = (uint8_t)snap_state_of(doing);
	if (out->state == SNAP_STATE_UNKNOWN) {
		out->state = SNAP_WAITING;
		out->reason = strtab_put(&s->strings, doing);
	}
	if (json_array_size(json_object_get(stack, "frames")))
		out->stack = parse_stack(s, json_object_get(stack, "frames"));
}

/* Whether the groups are all goroutines, which they say themselves. */
static bool is_whole(const struct snapshot *s, const struct group *at,
		     size_t n)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		if (at[i].number[GROUP_COUNT] < 1 ||
		    __builtin_add_overflow(sum, at[i].number[GROUP_COUNT],
					   &sum))
			return false;
	return sum == s->total && s->dropped == 0;
}

static int parse_groups(struct snapshot *s, struct groups *g,
			const json_t *stacks, struct err *e)
{
	size_t n = json_array_size(stacks);
	struct group *at = calloc(n + 1, sizeof(*at));
	int rc = -ENOMEM;

	for (size_t i = 0; at && i < n; i++)
		parse_group(s, json_array_get(stacks, i), &at[i]);
	if (at)
		rc = is_whole(s, at, n) ?
		     groups_init_folded(g, s, at, (uint32_t)n) : -ERANGE;
	free(at);
	if (rc == -EEXIST)
		rc = -ERANGE;
	return rc < 0 ? err_set(e, rc, "stacks") : 0;
}

int parse_top(struct snapshot *s, struct groups *g, const char *body, size_t n,
	      struct err *e)
{
	const json_t *target, *collection;
	json_t *doc;
	int64_t left_out;
	int rc;

	*g = (struct groups){ .snapshot = s };
	doc = load(body, n, &rc, e);
	if (!doc)
		return rc;
	target = json_object_get(doc, "target");
	collection = json_object_get(doc, "collection");
	s->time_ns = number(doc, "time");
	s->pid = number(target, "pid");
	s->exe = strtab_put(&s->strings, string(target, "exe"));
	s->total = number(json_object_get(doc, "goroutines"), "total");
	left_out = number(collection, "dropped");
	s->dropped += left_out > 0 ? left_out : 0;
	s->torn = number(collection, "torn");
	rc = parse_groups(s, g, json_object_get(doc, "stacks"), e);
	json_decref(doc);
	return rc;
}

/* The scheduler -------------------------------------------------------------*/

static void parse_p(struct snapshot *s, const json_t *p)
{
	s->sched.ps[s->sched.p_count++] = (struct snap_p){
		.id = number(p, "id"), .status = number(p, "status"),
		.runq = number(p, "runq"), .m = number(p, "m"),
		.schedtick = number(p, "tick"),
		.syscalltick = number(p, "handoffs"),
		.gfreecnt = SNAP_UNKNOWN, .timerslen = SNAP_UNKNOWN,
	};
}

/* An id that an agent leaves out where there is none. */
static int64_t number_or_nil(const json_t *obj, const char *key)
{
	return json_object_get(obj, key) ? number(obj, key) : SNAP_NIL;
}

static int64_t truth(const json_t *obj, const char *key)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_boolean(v) ? json_is_true(v) : SNAP_UNKNOWN;
}

static void parse_m(struct snapshot *s, const json_t *from)
{
	int64_t bound = truth(from, "bound");
	struct snap_m *m = snapshot_m(s);

	if (!m)
		return;
	m->id = number(from, "id");
	m->tid = number(from, "tid");
	m->p = number_or_nil(from, "p");
	m->curg = number_or_nil(from, "g");
	m->spinning = truth(from, "spinning");
	if (bound == 0)
		m->lockedg = SNAP_NIL;
	else if (bound == 1 && m->curg != SNAP_NIL)
		m->lockedg = m->curg;
}

int parse_sched(struct snapshot *s, const char *body, size_t n, struct err *e)
{
	struct snap_sched *sched = &s->sched;
	const json_t *ps, *ms;
	json_t *doc;
	int rc;

	doc = load(body, n, &rc, e);
	if (!doc)
		return rc;
	sched->gomaxprocs = number(doc, "gomaxprocs");
	sched->idleprocs = number(doc, "idleprocs");
	sched->threads = number(doc, "threads");
	sched->spinningthreads = number(doc, "spinningthreads");
	sched->needspinning = number(doc, "needspinning");
	sched->idlethreads = number(doc, "idlethreads");
	sched->runqueue = number(doc, "runqueue");
	sched->gcount = number(doc, "gcount");
	sched->stackinuse = number(doc, "stackinuse");
	sched->uptime_ns = number(doc, "uptime_ns");
	sched->nmidlelocked = number(doc, "bound");
	ms = json_object_get(doc, "ms");
	for (size_t i = 0; i < json_array_size(ms); i++)
		parse_m(s, json_array_get(ms, i));
	if (json_is_array(ms))
		snapshot_sort_ms(s);
	ps = json_object_get(doc, "ps");
	sched->p_count = 0;
	for (size_t i = 0; i < json_array_size(ps) && i < SNAP_PS_MAX; i++)
		parse_p(s, json_array_get(ps, i));
	json_decref(doc);
	return 0;
}
