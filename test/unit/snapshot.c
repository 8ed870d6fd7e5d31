/* lib/snapshot: hostile answers, folding, order, rates, JSON. */
#include "lib/snapshot/snapshot.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <cmocka.h>

#include "lib/snapshot/fields.h"
#include "lib/snapshot/filter.h"
#include "lib/snapshot/group.h"
#include "lib/snapshot/parse.h"
#include "lib/snapshot/snap_schedtrace.h"
#include "lib/snapshot/source_agent.h"
#include "lib/snapshot/rows.h"
#include "lib/snapshot/top_json.h"
#include "lib/snapshot/where.h"

#define HEAD "{\"schema\":1,\"time\":5,\"pid\":7,\"exe\":\"/bin/x\"," \
	     "\"total\":3,"

static const char three[] = HEAD
	"\"stacks\":[{\"id\":9,\"frames\":[{\"func\":\"pgo_chan_recv\"},"
	"{\"func\":\"worker\",\"file\":\"w.c\",\"line\":4,\"pc\":\"0x1f\"}]},"
	"{\"id\":4,\"frames\":[{\"func\":\"spin\"}]}],"
	"\"goroutines\":["
	"{\"id\":1,\"state\":\"waiting\",\"reason\":\"chan receive\","
	"\"stack\":9,\"since_ns\":10,\"stack_bytes\":2048},"
	"{\"id\":2,\"state\":\"waiting\",\"reason\":\"chan receive\","
	"\"stack\":9,\"since_ns\":30,\"stack_bytes\":4096},"
	"{\"id\":3,\"state\":\"running\",\"stack\":4}]}";

static int parse(struct snapshot *s, const char *body)
{
	struct err e = { 0 };
	int64_t next;

	snapshot_init(s);
	return parse_goroutines(s, body, strlen(body), &next, &e);
}

static void equal_stacks_fold_into_one_group(void **state)
{
	struct snapshot s;
	struct groups g;

	(void)state;
	assert_int_equal(parse(&s, three), 0);
	assert_int_equal(groups_init(&g, &s), 0);
	groups_sort(&g, (struct group_order){ GROUP_COUNT, true }, g.n);
	assert_int_equal(g.n, 2);
	assert_int_equal(g.at[0].number[GROUP_COUNT], 2);
	assert_int_equal(g.at[0].number[GROUP_WAIT_MAX], 30);
	assert_int_equal(g.at[0].number[GROUP_WAIT_P50], 10);
	assert_int_equal(g.at[0].number[GROUP_STACK_BYTES], 6144);
	assert_string_equal(group_reason(&g, &g.at[0]), "chan receive");
	assert_string_equal(group_reason(&g, &g.at[1]), "running");
	assert_int_equal(g.states[SNAP_WAITING], 2);
	assert_int_equal(g.states[SNAP_RUNNING], 1);
	groups_release(&g);
	snapshot_release(&s);
}

static void what_is_absent_is_unknown_and_never_0(void **state)
{
	struct snapshot s;
	struct groups g;

	(void)state;
	assert_int_equal(parse(&s, three), 0);
	assert_int_equal(s.rows[2].number[ROW_SINCE], SNAP_UNKNOWN);
	assert_int_equal(s.rows[2].number[ROW_M], SNAP_UNKNOWN);
	assert_int_equal(s.sched.gomaxprocs, SNAP_UNKNOWN);
	assert_int_equal(groups_init(&g, &s), 0);
	assert_int_equal(g.at[1].number[GROUP_WAIT_MAX], SNAP_UNKNOWN);
	assert_int_equal(g.at[1].number[GROUP_STACK_BYTES], SNAP_UNKNOWN);
	groups_release(&g);
	snapshot_release(&s);
}

static void the_frames_of_the_runtime_are_not_where_one_stands(void **state)
{
	struct snapshot s;
	struct groups g;
	struct buf where = { 0 };

	(void)state;
	assert_int_equal(parse(&s, three), 0);
	assert_int_equal(groups_init(&g, &s), 0);
	where_put(&s, g.at[0].stack, g.at[0].state, 8, &where);
	assert_string_equal(buf_str(&where), "worker");
	buf_release(&where);
	groups_release(&g);
	snapshot_release(&s);
}

/* Bodies and what reading them must return. */
static const struct {
	const char *body;
	int rc;
} hostile[] = {
	{ "", -EBADMSG },
	{ "null", -EBADMSG },
	{ "[]", -EBADMSG },
	{ "{", -EBADMSG },
	{ "{}", -EPROTO },
	{ "{\"schema\":2,\"goroutines\":[]}", -EPROTO },
	{ "{\"schema\":\"1\",\"goroutines\":[]}", -EPROTO },
	{ "{\"schema\":1}", -EBADMSG },
	{ "{\"schema\":1,\"goroutines\":{}}", -EBADMSG },
	{ "{\"schema\":1,\"goroutines\":[],\"stacks\":7}", 0 },
	{ "{\"schema\":1,\"goroutines\":[99999999999999999999]}", -EBADMSG },
	{ "{\"schema\":1,\"goroutines\":[\"\\ud800\"]}", -EBADMSG },
};

static void hostile_answers_are_refused_with_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct snapshot s;
		struct err e = { 0 };
		int64_t next;

		snapshot_init(&s);
		assert_int_equal(parse_goroutines(&s, hostile[i].body,
						  strlen(hostile[i].body),
						  &next, &e), hostile[i].rc);
		assert_int_equal(e.text[0] != 0, hostile[i].rc != 0);
		snapshot_release(&s);
	}
}

static void nonsense_rows_are_left_out_and_counted(void **state)
{
	struct snapshot s;

	(void)state;
	assert_int_equal(parse(&s, HEAD
		"\"stacks\":[{\"id\":-1},{\"id\":0,\"frames\":7},5],"
		"\"goroutines\":[null,{},{\"id\":1},{\"id\":\"1\","
		"\"state\":\"running\"},{\"id\":-4,\"state\":\"running\"},"
		"{\"id\":5,\"state\":\"dancing\"},"
		"{\"id\":6,\"state\":\"waiting\",\"stack\":123456,"
		"\"since_ns\":-5,\"stack_bytes\":\"x\",\"reason\":[]}]}"), 0);
	assert_int_equal(s.row_count, 1);
	assert_int_equal(s.dropped, 6 + 3);
	assert_int_equal(s.torn, 1);
	assert_int_equal(s.rows[0].stack, SNAP_NONE);
	assert_int_equal(s.rows[0].number[ROW_SINCE], SNAP_UNKNOWN);
	assert_int_equal(s.rows[0].number[ROW_STACK_BYTES], SNAP_UNKNOWN);
	assert_int_equal(s.rows[0].reason, 0);
	snapshot_release(&s);
}

static void how_one_ran_is_read_and_nonsense_is_unknown(void **state)
{
	static const enum snap_number numbers[] = {
		ROW_RUNS, ROW_LAST_P, ROW_WOKEN_BY, ROW_RUN, ROW_READY,
		ROW_BLOCKED,
	};
	struct snapshot s;

	(void)state;
	assert_int_equal(parse(&s, HEAD "\"goroutines\":["
		"{\"id\":1,\"state\":\"running\",\"runs\":1,\"last_p\":2,"
		"\"woken_by\":3,\"run_ns\":4,\"ready_ns\":5,"
		"\"blocked_ns\":6},"
		"{\"id\":2,\"state\":\"running\",\"runs\":-7,"
		"\"last_p\":\"2\",\"woken_by\":-9223372036854775808,"
		"\"run_ns\":1e300,\"ready_ns\":[5],\"blocked_ns\":true},"
		"{\"id\":3,\"state\":\"running\"}]}"), 0);
	assert_int_equal(s.row_count, 3);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(s.rows[0].number[numbers[i]], i + 1);
		assert_int_equal(s.rows[1].number[numbers[i]], SNAP_UNKNOWN);
		assert_int_equal(s.rows[2].number[numbers[i]], SNAP_UNKNOWN);
	}
	snapshot_release(&s);
}

static void sums_of_a_hostile_target_do_not_wrap(void **state)
{
	struct snapshot s;
	struct groups g;

	(void)state;
	assert_int_equal(parse(&s, HEAD "\"goroutines\":["
		"{\"id\":1,\"state\":\"running\","
		"\"stack_bytes\":9223372036854775807},"
		"{\"id\":2,\"state\":\"running\",\"stack_bytes\":5}]}"), 0);
	assert_int_equal(groups_init(&g, &s), 0);
	assert_int_equal(g.at[0].number[GROUP_STACK_BYTES], INT64_MAX);
	groups_release(&g);
	snapshot_release(&s);
}

static void a_stack_too_deep_is_cut_not_followed(void **state)
{
	struct buf b = { 0 };
	struct snapshot s;
	uint32_t depth;

	(void)state;
	buf_put_str(&b, HEAD "\"stacks\":[{\"id\":0,\"frames\":[{}");
	for (int i = 0; i < 5000; i++)
		buf_put_str(&b, ",{\"func\":\"f\"}");
	buf_put_str(&b, "]}],\"goroutines\":[{\"id\":1,\"stack\":0,"
		    "\"state\":\"running\"}]}");
	assert_int_equal(parse(&s, buf_str(&b)), 0);
	assert_non_null(snapshot_frames(&s, s.rows[0].stack, &depth));
	assert_int_equal(depth, SNAP_DEPTH_MAX);
	buf_release(&b);
	snapshot_release(&s);
}

static void the_same_stack_has_the_same_key_in_every_snapshot(void **state)
{
	struct snapshot a, b;
	struct groups ga, gb;

	(void)state;
	/* Other ids, other pcs, another row before: still the same stack. */
	assert_int_equal(parse(&a, three), 0);
	assert_int_equal(parse(&b, HEAD
		"\"stacks\":[{\"id\":1,\"frames\":[{\"func\":\"other\"}]},"
		"{\"id\":2,\"frames\":[{\"func\":\"pgo_chan_recv\"},"
		"{\"func\":\"worker\",\"file\":\"w.c\",\"line\":4}]}],"
		"\"goroutines\":[{\"id\":8,\"state\":\"running\",\"stack\":1},"
		"{\"id\":9,\"state\":\"waiting\",\"stack\":2,"
		"\"reason\":\"chan receive\"}]}"), 0);
	assert_int_equal(groups_init(&ga, &a), 0);
	assert_int_equal(groups_init(&gb, &b), 0);
	assert_true(ga.at[0].key == gb.at[1].key);
	assert_true(ga.at[0].key != gb.at[0].key);
	assert_true(ga.at[0].key != ga.at[1].key);

	/* And so a rate can be taken: 2 became 1 within two seconds. */
	a.mono_ns = 1000000000;
	b.mono_ns = 3000000000;
	groups_rate(&gb, &ga);
	assert_true(gb.at[1].rated);
	assert_int_equal(gb.at[1].number[GROUP_RATE], -500);
	assert_int_equal(gb.at[0].number[GROUP_RATE], 500);
	groups_release(&ga);
	groups_release(&gb);
	snapshot_release(&a);
	snapshot_release(&b);
}

/* N groups of pseudo-random counts. */
static void many_groups(struct snapshot *s, uint32_t n)
{
	uint32_t random = 1;

	snapshot_init(s);
	for (uint32_t i = 0; i < n; i++) {
		struct snap_frame f = { .pc = i + 1 };
		uint32_t stack = snapshot_stack(s, &f, 1);

		random = random * 1103515245 + 12345;
		for (uint32_t k = 0; k <= (random >> 16) % 7; k++) {
			struct snap_row *row = snapshot_row(s);

			row->stack = stack;
			row->state = SNAP_RUNNING;
			row->number[ROW_SINCE] = (random >> 8) % 1000 + k;
		}
	}
}

static void the_top_k_are_the_first_k_of_the_full_order(void **state)
{
	struct group_order order = { GROUP_WAIT_MAX, true };
	struct groups whole, top;
	struct snapshot s;

	(void)state;
	many_groups(&s, 500);
	for (uint32_t k = 1; k < 500; k += 83) {
		assert_int_equal(groups_init(&whole, &s), 0);
		assert_int_equal(groups_init(&top, &s), 0);
		assert_int_equal(whole.n, 500);
		groups_sort(&whole, order, whole.n);
		groups_sort(&top, order, k);
		for (uint32_t i = 0; i < k; i++)
			assert_true(whole.at[i].key == top.at[i].key);
		groups_release(&whole);
		groups_release(&top);
	}
	snapshot_release(&s);
}

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void medians_are_those_of_a_sort(void **state)
{
	int64_t sorted[999];
	struct snapshot s;
	struct groups g;

	(void)state;
	snapshot_init(&s);
	for (int i = 0; i < 999; i++) {
		struct snap_row *row = snapshot_row(&s);

		row->state = SNAP_RUNNING;
		row->number[ROW_SINCE] = sorted[i] = (i * 7919) % 501;
	}
	qsort(sorted, 999, sizeof(*sorted), by_value);
	assert_int_equal(groups_init(&g, &s), 0);
	assert_int_equal(g.n, 1);
	assert_int_equal(g.at[0].number[GROUP_WAIT_P50], sorted[499]);
	assert_int_equal(g.at[0].number[GROUP_WAIT_MAX], sorted[998]);
	groups_release(&g);
	snapshot_release(&s);
}

static void unknown_values_sort_last_whichever_the_direction(void **state)
{
	struct snapshot s;
	struct groups g;

	(void)state;
	assert_int_equal(parse(&s, three), 0);
	assert_int_equal(groups_init(&g, &s), 0);
	for (int down = 0; down < 2; down++) {
		groups_sort(&g, (struct group_order){ GROUP_WAIT_MAX, down },
			    g.n);
		assert_int_equal(g.at[1].state, SNAP_RUNNING);
	}
	groups_release(&g);
	snapshot_release(&s);
}

static uint32_t left_by(const char *expr)
{
	struct groups g, narrow;
	struct filter *filter;
	struct snapshot s;
	uint32_t n;

	assert_int_equal(parse(&s, three), 0);
	assert_int_equal(groups_init(&g, &s), 0);
	assert_int_equal(filter_new(&filter, expr, NULL), 0);
	assert_int_equal(groups_narrow(&narrow, &g, filter, true), 0);
	n = narrow.n;
	assert_int_equal(narrow.goroutines, 3);
	free(narrow.at);
	filter_free(filter);
	groups_release(&g);
	snapshot_release(&s);
	return n;
}

static void filters_look_at_frames_and_reasons(void **state)
{
	(void)state;
	assert_int_equal(left_by(""), 2);
	assert_int_equal(left_by("WORK"), 1);
	assert_int_equal(left_by("chan"), 1);
	assert_int_equal(left_by("running"), 1);
	assert_int_equal(left_by("!spin"), 1);
	assert_int_equal(left_by("nowhere"), 0);
	assert_int_equal(left_by("!nowhere"), 2);
}

static void a_group_of_which_some_pass_is_made_of_these(void **state)
{
	struct groups g, narrow;
	struct filter *filter;
	struct snapshot s;

	(void)state;
	assert_int_equal(parse(&s, three), 0);
	assert_int_equal(groups_init(&g, &s), 0);
	for (uint32_t i = 0; i < g.n; i++)
		g.at[i].rated = true;
	assert_int_equal(filter_new(&filter, "id=2 or running", NULL), 0);
	assert_int_equal(groups_narrow(&narrow, &g, filter, true), 0);
	assert_int_equal(narrow.n, 2);
	assert_int_equal(narrow.at[0].number[GROUP_COUNT], 1);
	assert_int_equal(narrow.at[0].number[GROUP_WAIT_MAX], 30);
	assert_int_equal(narrow.at[0].number[GROUP_WAIT_P50], 30);
	assert_int_equal(narrow.at[0].number[GROUP_STACK_BYTES], 4096);
	assert_false(narrow.at[0].rated);
	assert_true(narrow.at[1].rated);
	assert_int_equal(narrow.states[SNAP_WAITING], 2);
	free(narrow.at);
	filter_free(filter);
	groups_release(&g);
	snapshot_release(&s);
}

/* A source over answers from memory -----------------------------------------*/

struct script {
	const char *sched;
	const char *pages[4];
	int asked;
};

static int from_script(void *ctx, const char *path, size_t cap,
		       struct buf *body, struct err *e)
{
	struct script *script = ctx;

	assert_true(cap <= PARSE_BODY_MAX);
	if (strcmp(path, "/debug/pgo/sched") == 0)
		buf_put_str(body, script->sched);
	else if (script->asked < 4 && script->pages[script->asked])
		buf_put_str(body, script->pages[script->asked++]);
	else
		return err_say(e, -ENOENT, "no such page");
	return 0;
}

static int refresh(struct script *script, struct snapshot *s)
{
	struct source *src;
	struct err e = { 0 };
	int rc;

	assert_int_equal(source_agent_open(&src, from_script, script, NULL),
			 0);
	snapshot_init(s);
	rc = source_refresh(src, s, &e);
	assert_int_equal(e.text[0] != 0, rc < 0);
	source_close(src);
	return rc;
}

static const char sched[] = "{\"schema\":1,\"gomaxprocs\":2,\"ps\":["
	"{\"id\":0,\"status\":1,\"runq\":3,\"m\":1}],\"ms\":[{},{}]}";

static void pages_are_followed_to_the_end(void **state)
{
	struct script script = { sched, {
		"{\"schema\":1,\"total\":2,\"next\":5,\"goroutines\":["
		"{\"id\":1,\"state\":\"running\"}]}",
		"{\"schema\":1,\"total\":2,\"goroutines\":["
		"{\"id\":2,\"state\":\"running\"}]}" }, 0 };
	struct snapshot s;

	(void)state;
	assert_int_equal(refresh(&script, &s), 0);
	assert_int_equal(s.row_count, 2);
	assert_int_equal(s.sched.gomaxprocs, 2);
	assert_int_equal(s.sched.p_count, 1);
	assert_int_equal(s.sched.ps[0].runq, 3);
	assert_int_equal(s.sched.ms, 2);
	snapshot_release(&s);
}

/* The lines of P, M and row I. */
static void assert_lines(const struct snapshot *s, uint32_t i, const char *want)
{
	char out[1024];
	struct text_room room = { out, sizeof(out) - 1, 0 };
	struct text_sink t = { text_room_put, &room };
	struct snap_locks locks;
	struct sched_p p;
	struct sched_m m;
	struct sched_g g;

	assert_int_equal(snap_locks_init(&locks, s), 0);
	snap_sched_p(&p, s, i);
	snap_sched_m(&m, s, i);
	snap_sched_g(&g, s, i, &locks);
	sched_p_put(&t, &p);
	sched_m_put(&t, &m);
	sched_g_put(&t, &g);
	snap_locks_release(&locks);
	out[room.len] = 0;
	assert_string_equal(out, want);
}

static void an_agents_ps_and_ms_are_scheddetails(void **state)
{
	struct script script = {
		"{\"schema\":1,\"gomaxprocs\":2,\"ps\":["
		"{\"id\":0,\"status\":1,\"runq\":3,\"m\":1,\"tick\":9,"
		"\"handoffs\":2},{\"id\":1,\"status\":0,\"runq\":0}],"
		"\"ms\":[{\"id\":1,\"tid\":70,\"p\":0,\"g\":4,"
		"\"spinning\":false,\"bound\":false},{\"id\":2,\"g\":5,"
		"\"spinning\":false,\"bound\":true}]}", {
		"{\"schema\":1,\"total\":2,\"goroutines\":["
		"{\"id\":5,\"state\":\"waiting\",\"reason\":\"sleep\","
		"\"m\":2},{\"id\":4,\"state\":\"syscall\"}]}" }, 0 };
	struct snapshot s;

	(void)state;
	assert_int_equal(refresh(&script, &s), 0);
	assert_lines(&s, 0, "  P0: status=1 schedtick=9 syscalltick=2 m=1 "
		     "runqsize=3 gfreecnt=- timerslen=-\n"
		     "  M2: p=nil curg=5 mallocing=- throwing=- preemptoff=- "
		     "locks=- dying=- spinning=false blocked=- lockedg=5\n"
		     "  G5: status=4(sleep) m=2 lockedm=2\n");
	assert_lines(&s, 1, "  P1: status=0 schedtick=- syscalltick=- m=nil "
		     "runqsize=0 gfreecnt=- timerslen=-\n"
		     "  M1: p=0 curg=4 mallocing=- throwing=- preemptoff=- "
		     "locks=- dying=- spinning=false blocked=- lockedg=nil\n"
		     "  G4: status=3() m=- lockedm=nil\n");
	snapshot_release(&s);
}

static void a_page_that_leads_back_ends_it(void **state)
{
	static const char again[] = "{\"schema\":1,\"total\":2,\"next\":5,"
		"\"goroutines\":[]}";
	struct script script = { sched, { again, again, again, again }, 0 };
	struct snapshot s;

	(void)state;
	assert_int_equal(refresh(&script, &s), -EBADMSG);
	assert_int_equal(script.asked, 2);
	snapshot_release(&s);
}

static int from_text(void *ctx, const char *path, size_t cap,
		     struct buf *body, struct err *e)
{
	(void)cap;
	if (strcmp(path, "/debug/pgo/goroutine/7") != 0)
		return err_say(e, -ENOENT, "%s: HTTP 404", path);
	buf_put_str(body, ctx);
	return 0;
}

/* What asking for goroutine ID returns when the agent answers BODY. */
static int detail_of(int64_t id, char *body, struct snapshot *s)
{
	struct source *src;
	struct err e = { 0 };
	int rc;

	assert_int_equal(source_agent_open(&src, from_text, body, NULL), 0);
	snapshot_init(s);
	rc = source_detail(src, id, s, &e);
	assert_int_equal(e.text[0] != 0, rc < 0);
	source_close(src);
	return rc;
}

static void one_goroutine_is_read_alone_and_with_its_stack(void **state)
{
	static char seven[] = "{\"schema\":1,\"goroutine\":{\"id\":7,"
		"\"state\":\"running\",\"since_ns\":3,\"frames\":["
		"{\"func\":\"spin\"},{\"func\":\"main\"}]}}";
	static char none[] = "{\"schema\":1,\"goroutine\":[]}";
	static char bare[] = "{\"schema\":1,\"goroutine\":{\"id\":7,"
		"\"state\":\"running\"}}";
	const struct snap_frame *f;
	struct snapshot s;
	uint32_t depth;

	(void)state;
	assert_int_equal(detail_of(7, seven, &s), 0);
	assert_int_equal(s.row_count, 1);
	assert_int_equal(s.rows[0].number[ROW_SINCE], 3);
	f = snapshot_frames(&s, s.rows[0].stack, &depth);
	assert_int_equal(depth, 2);
	assert_string_equal(snapshot_string(&s, f[1].func), "main");
	snapshot_release(&s);
	assert_int_equal(detail_of(7, bare, &s), 0);
	assert_int_equal(s.rows[0].stack, SNAP_NONE);
	snapshot_release(&s);
	assert_int_equal(detail_of(7, none, &s), -EBADMSG);
	snapshot_release(&s);
	assert_int_equal(detail_of(8, seven, &s), -ENOENT);
	snapshot_release(&s);
}

#define TOP "{\"schema\":1,\"time\":5,\"target\":{\"pid\":7}," \
	    "\"goroutines\":{\"total\":3}," \
	    "\"collection\":{\"dropped\":0,\"torn\":0},\"stacks\":["
#define WORKERS "{\"count\":2,\"wait_max_ns\":30,\"wait_p50_ns\":10," \
		"\"stack_bytes\":6144,\"reason\":\"chan receive\"," \
		"\"frames\":[{\"func\":\"pgo_chan_recv\"}," \
		"{\"func\":\"worker\",\"file\":\"w.c\",\"line\":4}]}"
#define SPINNER "{\"count\":1,\"reason\":\"running\"," \
		"\"frames\":[{\"func\":\"spin\"}]}"

static int top_of(struct snapshot *s, struct groups *g, const char *body)
{
	struct err e = { 0 };

	snapshot_init(s);
	return parse_top(s, g, body, strlen(body), &e);
}

static void what_the_target_folds_is_what_we_fold(void **state)
{
	struct snapshot folded, rows;
	struct groups g, ours;

	(void)state;
	assert_int_equal(top_of(&folded, &g, TOP WORKERS "," SPINNER "]}"), 0);
	assert_int_equal(parse(&rows, three), 0);
	assert_int_equal(groups_init(&ours, &rows), 0);
	assert_int_equal(g.n, ours.n);
	assert_int_equal(folded.pid, 7);
	for (uint32_t i = 0; i < g.n; i++) {
		assert_true(g.at[i].key == ours.at[i].key);
		assert_memory_equal(g.at[i].number, ours.at[i].number,
				    sizeof(g.at[i].number));
		assert_int_equal(g.at[i].state, ours.at[i].state);
	}
	assert_memory_equal(g.states, ours.states, sizeof(g.states));
	assert_int_equal(g.goroutines, ours.goroutines);
	assert_int_equal(g.reason_count, 1);
	groups_release(&g);
	groups_release(&ours);
	snapshot_release(&folded);
	snapshot_release(&rows);
}

static void what_is_not_all_of_it_is_not_taken(void **state)
{
	static const struct {
		const char *body;
		int rc;
	} rows[] = {
		{ "{", -EBADMSG },
		{ "{\"schema\":1}", -ERANGE },
		{ TOP WORKERS "]}", -ERANGE },          /* one is missing */
		{ TOP WORKERS "," WORKERS "]}", -ERANGE },
		{ TOP SPINNER "," SPINNER "," SPINNER "]}", -ERANGE },
		{ TOP WORKERS ",{\"count\":1},7]}", -ERANGE },
		{ TOP "{\"count\":9223372036854775807}," WORKERS "]}",
		  -ERANGE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct snapshot s;
		struct groups g;

		assert_int_equal(top_of(&s, &g, rows[i].body), rows[i].rc);
		groups_release(&g);
		snapshot_release(&s);
	}
}

static void json_has_the_promised_keys_and_no_unknown_ones(void **state)
{
	static const char *const keys[] = {
		"schema", "time", "target", "goroutines", "reasons", "ps",
		"stacks", "collection",
	};
	struct source_info info = { .kind = "agent", .pid = 7, .exe = "x" };
	struct snapshot s;
	struct groups g;
	struct buf out = { 0 };
	json_t *doc, *stack;

	(void)state;
	assert_int_equal(parse(&s, three), 0);
	assert_int_equal(groups_init(&g, &s), 0);
	assert_int_equal(top_json(&out, &g, NULL, &info), 0);
	doc = json_loadb((char *)out.data, out.len, 0, NULL);
	assert_non_null(doc);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_non_null(json_object_get(doc, keys[i]));
	/* Nothing was said of Ms. */
	assert_null(json_object_get(doc, "ms"));
	assert_int_equal(json_integer_value(json_object_get(
		json_object_get(doc, "reasons"), "chan receive")), 2);
	stack = json_array_get(json_object_get(doc, "stacks"), 0);
	assert_int_equal(json_integer_value(
		json_object_get(stack, "wait_max_ns")), 30);
	assert_null(json_object_get(stack, "rate"));
	assert_string_equal(json_string_value(json_object_get(json_array_get(
		json_object_get(stack, "frames"), 1), "pc")), "0x1f");
	json_decref(doc);
	buf_release(&out);
	groups_release(&g);
	snapshot_release(&s);
}

static int group_field(const char *name)
{
	return field_find(group_fields, GROUP_FIELDS, name);
}

static void fields_are_found_by_name_beginning_or_heading(void **state)
{
	(void)state;
	assert_int_equal(group_field("count"), GROUP_COUNT);
	assert_int_equal(group_field("cou"), GROUP_COUNT);
	assert_int_equal(group_field("WAIT-P50"), GROUP_WAIT_P50);
	assert_int_equal(group_field("wait"), GROUP_WAIT_MAX);
	assert_int_equal(group_field("r"), -1); /* rate or reason */
	assert_int_equal(group_field("bogus"), -1);
	assert_int_equal(group_field(""), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_stacks_fold_into_one_group),
		cmocka_unit_test(what_is_absent_is_unknown_and_never_0),
		cmocka_unit_test(
			the_frames_of_the_runtime_are_not_where_one_stands),
		cmocka_unit_test(hostile_answers_are_refused_with_words),
		cmocka_unit_test(nonsense_rows_are_left_out_and_counted),
		cmocka_unit_test(how_one_ran_is_read_and_nonsense_is_unknown),
		cmocka_unit_test(sums_of_a_hostile_target_do_not_wrap),
		cmocka_unit_test(a_stack_too_deep_is_cut_not_followed),
		cmocka_unit_test(
			the_same_stack_has_the_same_key_in_every_snapshot),
		cmocka_unit_test(the_top_k_are_the_first_k_of_the_full_order),
		cmocka_unit_test(medians_are_those_of_a_sort),
		cmocka_unit_test(
			unknown_values_sort_last_whichever_the_direction),
		cmocka_unit_test(filters_look_at_frames_and_reasons),
		cmocka_unit_test(a_group_of_which_some_pass_is_made_of_these),
		cmocka_unit_test(pages_are_followed_to_the_end),
		cmocka_unit_test(an_agents_ps_and_ms_are_scheddetails),
		cmocka_unit_test(a_page_that_leads_back_ends_it),
		cmocka_unit_test(
			one_goroutine_is_read_alone_and_with_its_stack),
		cmocka_unit_test(what_the_target_folds_is_what_we_fold),
		cmocka_unit_test(what_is_not_all_of_it_is_not_taken),
		cmocka_unit_test(
			json_has_the_promised_keys_and_no_unknown_ones),
		cmocka_unit_test(fields_are_found_by_name_beginning_or_heading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
