/* lib/serve over a Go program that is read from outside: its pcs, its texts,
 * labels, what is not known, and what is not there any more. */
#include "lib/serve/serve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/wire/gzip.h"
#include "test/unit/cmocka_all.h"

/* main.main at 0x1000, runtime.gopark at 0x2000, main.work at 0x3000 with
 * main.tiny inlined, runtime.goexit at 0x4000. */
static size_t frames(void *ctx, uint64_t pc, const struct serve_frame **out)
{
	static const struct serve_frame known[][2] = {
		{ { "main.main", "", "/src/main.go", 12, 5, 0x1000, false } },
		{ { "runtime.gopark", "", "/go/src/runtime/proc.go", 460, 450,
		    0x2000, false } },
		{ { "main.tiny", "", "/src/work.go", 3, 1, 0x3000, true },
		  { "main.work", "", "/src/work.go", 41, 30, 0x3000, false } },
		{ { "runtime.goexit", "", "/go/src/runtime/asm.s", 1, 1,
		    0x4000, false } },
	};
	size_t i = (size_t)(pc / 0x1000 - 1);

	(void)ctx;
	if (pc < 0x1000 || pc >= 0x5000)
		return 0;
	*out = known[i];
	return i == 2 ? 2 : 1;
}

static uint32_t slots(void *ctx)
{
	(void)ctx;
	return 5;
}

/* How often a look began and has not ended; and whether it can. */
static int looks, begun;
static bool gone;

#define LABELS "part\0a \"b\"\0user\0x\0"

static const struct serve_g unknown = {
	.since_ns = -1, .stack_bytes = SERVE_UNKNOWN,
	.stack_used = SERVE_UNKNOWN, .enters = SERVE_UNKNOWN,
	.segments = SERVE_UNKNOWN32, .grows = SERVE_UNKNOWN32,
	.shrinks = SERVE_UNKNOWN32, .parks = SERVE_UNKNOWN32,
	.m = -1, .p = -1, .reason = "", .entry = "",
};

static int goroutine(void *ctx, uint32_t slot, struct serve_g *out,
		     uint64_t *pcs, uint32_t max)
{
	static const uint64_t stack[] = { 0x2011, 0x3021, 0x4001 };

	(void)ctx;
	assert_true(max >= 3);
	if (slot == 3)
		return -ENOENT;
	*out = unknown;
	out->id = slot + 1;
	out->state = SERVE_WAITING;
	out->reason = "chan receive";
	out->entry = "main.work";
	out->created.func = slot ? "main.main" : "";
	out->created.file = "/src/main.go";
	out->created.line = 9;
	out->created.offset = 0x31;
	out->parent_id = slot ? 1 : 0;
	memcpy(pcs, stack, sizeof(stack));
	if (slot == 1) {
		out->labels = LABELS;
		out->labels_bytes = sizeof(LABELS) - 1;
		out->locked = true;
		out->since_ns = 130 * INT64_C(1000000000);
	}
	if (slot < 4)
		return 3;
	out->state = SERVE_RUNNING;
	out->reason = "";
	out->torn = true;
	return 0;
}

static void sched(void *ctx, struct serve_sched *out)
{
	(void)ctx;
	*out = (struct serve_sched){
		.gomaxprocs = 1, .goroutines = 4, .threads = 2,
		.needspinning = SERVE_UNKNOWN32, .bound = SERVE_UNKNOWN32,
		.stack_bytes = SERVE_UNKNOWN, .async_preempts = SERVE_UNKNOWN,
		.netpoll_wakes = SERVE_UNKNOWN,
	};
}

static bool one_p(void *ctx, uint32_t index, struct serve_p *out)
{
	(void)ctx;
	*out = (struct serve_p){ .m = -1, .runq = 3, .tick = 5,
				 .handoffs = SERVE_UNKNOWN32,
				 .steals = SERVE_UNKNOWN };
	return index < 1;
}

static uint32_t ms(void *ctx, struct serve_m *out, uint32_t max)
{
	(void)ctx;
	for (uint32_t i = 0; i < max && i < 2; i++)
		out[i] = (struct serve_m){ .id = i, .tid = 100 + (int)i,
					   .p = -1,
					   .switches = SERVE_UNKNOWN };
	return 2;
}

static uint32_t made_at(void *ctx, uint32_t index, uint64_t *pcs, uint32_t max)
{
	(void)ctx;
	(void)max;
	pcs[0] = 0x1011;
	return index;
}

static int cpu_begin(void *ctx, int hz, struct err *e)
{
	(void)ctx;
	if (hz != 7)
		return 0;
	return err_say(e, -EACCES, "4711: perf events are not allowed");
}

static int cpu_end(void *ctx,
		   void (*each)(void *, const struct serve_sample *),
		   void *each_ctx)
{
	const uint64_t pcs[] = { 0x1011, 0x4001 };
	struct serve_sample s = { pcs, 2, 3, "goroutine\0" "18\0", 13 };

	(void)ctx;
	each(each_ctx, &s);
	s.labels = "goroutine\0" "19\0";
	each(each_ctx, &s);
	return 0;
}

static int heap(void *ctx, bool allocs, struct buf *out, struct err *e)
{
	(void)ctx;
	if (gone)
		return err_say(e, -ENODATA, "4711: keeps no memory profile");
	buf_put_str(out, allocs ? "allocated" : "in use");
	return 0;
}

static void losses(void *ctx, struct serve_losses *out)
{
	(void)ctx;
	*out = (struct serve_losses){ 0 };
}

static const char *names(void *ctx)
{
	(void)ctx;
	return "pclntab";
}

static bool mapping(void *ctx, uint32_t index, struct serve_mapping *out)
{
	(void)ctx;
	*out = (struct serve_mapping){ 0x1000, 0x5000, 0, "/bin/prog", "" };
	return index < 1;
}

static int begin(void *ctx, struct err *e)
{
	(void)ctx;
	if (gone)
		return err_say(e, -ESRCH, "4711: it has exited");
	looks++;
	begun++;
	return 0;
}

static void end(void *ctx)
{
	(void)ctx;
	looks--;
}

static const struct provider provider = {
	.pid = 4711, .exe = "/bin/prog", .kind = "attach", .go = true,
	.begin = begin, .end = end, .names = names, .slots = slots,
	.goroutine = goroutine, .sched = sched, .p = one_p, .ms = ms,
	.made_at = made_at, .heap = heap, .cpu_begin = cpu_begin,
	.cpu_end = cpu_end, .losses = losses,
	.frames = frames, .mapping = mapping,
};

static int wait_ns(void *ctx, int64_t ns)
{
	(void)ctx;
	(void)ns;
	/* Nobody holds a look while time passes. */
	assert_int_equal(looks, 0);
	return 0;
}

static struct http_reply ask(const char *path, const char *query)
{
	struct serve server = { .provider = &provider };
	const struct http_request rq = { .method = "GET", .path = path,
					 .query = query, .wait = wait_ns };
	struct http_reply rp = { 0 };

	serve_answer(&server, &rq, &rp);
	assert_int_equal(looks, 0);
	return rp;
}

static void expect(const char *path, const char *query, unsigned int status,
		   const char *text)
{
	struct http_reply rp = ask(path, query);

	assert_string_equal(buf_str(&rp.body), text);
	assert_int_equal(rp.status ? rp.status : 200, status);
	buf_release(&rp.body);
}

static void expect_page(const char *path, const char *part, bool has)
{
	struct http_reply rp = ask(path, "");

	if ((strstr(buf_str(&rp.body), part) != NULL) != has)
		fail_msg("%s: %s%s", path, has ? "" : "not wanted ",
			 buf_str(&rp.body));
	buf_release(&rp.body);
}

/* Its own at the leaf and goexit are left out, labels make stacks differ, what
 * stands in no function we know of stands in nothing. */
static void text_is_gos(void **state)
{
	(void)state;
	expect("/debug/pprof/goroutine", "debug=1", 200,
	       "goroutine profile: total 4\n"
	       "2 @ 0x2011 0x3021 0x4001\n"
	       "#\t0x3020\tmain.tiny+0x20\t/src/work.go:3\n"
	       "#\t0x3020\tmain.work+0x20\t/src/work.go:41\n"
	       "\n"
	       "1 @\n"
	       "#\t0x0\n"
	       "\n"
	       "1 @ 0x2011 0x3021 0x4001\n"
	       "# labels: {\"part\":\"a \\\"b\\\"\", \"user\":\"x\"}\n"
	       "#\t0x3020\tmain.tiny+0x20\t/src/work.go:3\n"
	       "#\t0x3020\tmain.work+0x20\t/src/work.go:41\n"
	       "\n");
}

static void threads_are_told_where_they_were_made(void **state)
{
	(void)state;
	expect("/debug/pprof/threadcreate", "debug=1", 200,
	       "threadcreate profile: total 2\n"
	       "1 @\n"
	       "#\t0x0\n"
	       "\n"
	       "1 @ 0x1011\n"
	       "#\t0x1010\tmain.main+0x10\t/src/main.go:12\n"
	       "\n");
}

static void a_dump_is_gos(void **state)
{
	(void)state;
	expect("/debug/pprof/goroutine", "debug=2", 200,
	       "goroutine 1 [chan receive]:\n"
	       "main.tiny(...)\n\t/src/work.go:3\n"
	       "main.work(...)\n\t/src/work.go:41 +0x21\n"
	       "\n"
	       "goroutine 2 [chan receive, 2 minutes, locked to thread]:\n"
	       "main.tiny(...)\n\t/src/work.go:3\n"
	       "main.work(...)\n\t/src/work.go:41 +0x21\n"
	       "created by main.main in goroutine 1\n"
	       "\t/src/main.go:9 +0x31\n"
	       "\n"
	       "goroutine 3 [chan receive]:\n"
	       "main.tiny(...)\n\t/src/work.go:3\n"
	       "main.work(...)\n\t/src/work.go:41 +0x21\n"
	       "created by main.main in goroutine 1\n"
	       "\t/src/main.go:9 +0x31\n"
	       "\n"
	       "goroutine 5 [running, stack not read]:\n"
	       "\tgoroutine running on other thread; stack unavailable\n"
	       "created by main.main in goroutine 1\n"
	       "\t/src/main.go:9 +0x31\n");
}

static void what_is_unknown_is_left_out(void **state)
{
	(void)state;
	expect_page("/debug/pgo/goroutine/3", "\"enters\"", false);
	expect_page("/debug/pgo/goroutine/3", "\"since_ns\"", false);
	expect_page("/debug/pgo/goroutine/3", "\"stack_bytes\"", false);
	expect_page("/debug/pgo/goroutine/3", "\"entry\":\"main.work\"", true);
	expect_page("/debug/pgo/goroutine/3", "\"created_by\":{\"func\":"
		    "\"main.main\",\"file\":\"/src/main.go\",\"line\":9,"
		    "\"goroutine\":1}", true);
	expect_page("/debug/pgo/goroutine/2", "\"labels\":{\"part\":"
		    "\"a \\\"b\\\"\",\"user\":\"x\"}", true);
	expect_page("/debug/pgo/sched", "\"stackinuse\"", false);
	expect_page("/debug/pgo/sched", "\"switches\"", false);
	expect_page("/debug/pgo/sched", "\"steals\"", false);
	expect_page("/debug/pgo/top", "\"kind\":\"attach\"", true);
	expect_page("/debug/pgo/top", "18446744073709551615", false);
	expect("/debug/pgo/sched", "debug=1", 200,
	       "SCHED 0ms: gomaxprocs=1 idleprocs=0 threads=2 "
	       "spinningthreads=0 needspinning=0 idlethreads=0 runqueue=0 "
	       "[ 3 ] schedticks=[ 5 ]\n");
}

/* Strings of a profile, which labels are too. */
static bool profile_has(struct http_reply *rp, const char *text, size_t n)
{
	struct buf raw = { 0 };
	bool has;

	assert_int_equal(gzip_inflate(&raw, rp->body.data, rp->body.len,
				      1 << 20), 0);
	has = memmem(raw.data, raw.len, text, n) != NULL;
	buf_release(&raw);
	return has;
}

static void profiles_have_labels_and_exact_leaves(void **state)
{
	struct http_reply rp = ask("/debug/pprof/profile", "seconds=1");
	/* A location's address: field 3, 0x1010. */
	static const char leaf[] = { 0x18, (char)0x90, 0x20 };

	(void)state;
	assert_true(http_ok(&rp));
	assert_true(profile_has(&rp, "goroutine", 9));
	assert_true(profile_has(&rp, "\002" "18", 3));
	assert_true(profile_has(&rp, "\002" "19", 3));
	assert_true(profile_has(&rp, leaf, sizeof(leaf)));
	buf_release(&rp.body);
	rp = ask("/debug/pprof/goroutine", "");
	assert_true(profile_has(&rp, "a \"b\"", 5));
	buf_release(&rp.body);
}

static void what_hinders_is_told(void **state)
{
	(void)state;
	expect("/debug/pprof/profile", "seconds=1&hz=7", 500,
	       "Could not enable CPU profiling: 4711: perf events are not "
	       "allowed\n");
	gone = true;
	expect("/debug/pprof/goroutine", "", 503, "4711: it has exited\n");
	expect("/debug/pprof/goroutine", "seconds=1", 503,
	       "4711: it has exited\n");
	expect("/debug/pprof/goroutine", "debug=2", 503,
	       "4711: it has exited\n");
	expect("/debug/pprof/", "", 503, "4711: it has exited\n");
	expect("/debug/pgo/top", "", 503, "4711: it has exited\n");
	expect("/debug/pgo/goroutines", "", 503, "4711: it has exited\n");
	expect("/debug/pgo/goroutine/1", "", 503, "4711: it has exited\n");
	expect("/debug/pgo/sched", "", 503, "4711: it has exited\n");
	gone = false;
}

static void memory_is_a_file(void **state)
{
	struct http_reply rp = ask("/debug/pprof/allocs", "");

	(void)state;
	assert_string_equal(rp.filename, "allocs");
	assert_string_equal(buf_str(&rp.body), "allocated");
	buf_release(&rp.body);
	expect("/debug/pprof/heap", "gc=1&debug=0", 200, "in use");
	expect("/debug/pprof/heap", "debug=1", 400,
	       "heap: only a file, no text (leave out debug=)\n");
	expect("/debug/pprof/heap", "seconds=1", 400,
	       "heap: no difference over seconds is known\n");
	gone = true;
	expect("/debug/pprof/allocs", "", 500,
	       "4711: keeps no memory profile\n");
	gone = false;
	expect_page("/debug/pprof/", "<a href='heap'>heap</a>", true);
}

static void a_delta_looks_twice(void **state)
{
	struct http_reply rp;

	(void)state;
	begun = 0;
	rp = ask("/debug/pprof/goroutine", "seconds=1");
	assert_true(http_ok(&rp));
	assert_int_equal(begun, 2);
	buf_release(&rp.body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_gos),
		cmocka_unit_test(threads_are_told_where_they_were_made),
		cmocka_unit_test(a_dump_is_gos),
		cmocka_unit_test(what_is_unknown_is_left_out),
		cmocka_unit_test(profiles_have_labels_and_exact_leaves),
		cmocka_unit_test(what_hinders_is_told),
		cmocka_unit_test(memory_is_a_file),
		cmocka_unit_test(a_delta_looks_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
