/* lib/serve: every route, parameter and error text, over a made-up program. */
#include "lib/serve/serve.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/wire/gzip.h"

/* A program of four goroutines: two wait alike, one runs, one is torn; in
 * slots 0 to 5, of which 2 and 4 are free. */
enum { SLOTS = 6 };

static int cpu_users;
static int64_t waited_ns;
static int wait_rc;

static uint32_t slots(void *ctx)
{
	(void)ctx;
	return SLOTS;
}

static int goroutine(void *ctx, uint32_t slot, struct serve_g *out,
		     uint64_t *pcs, uint32_t max)
{
	static const struct serve_g gs[SLOTS] = {
		{ .id = 1, .entry_pc = 0x1000, .state = SERVE_RUNNING, .m = 0,
		  .p = 0, .reason = "" },
		{ .id = 7, .parent_id = 1, .created_pc = 0x1050,
		  .entry_pc = 0x2000, .state = SERVE_WAITING,
		  .reason = "chan receive", .since_ns = 121000000000,
		  .wait_on = 0xabc0, .m = -1, .p = -1 },
		{ 0 },
		{ .id = 8, .parent_id = 1, .created_pc = 0x1050,
		  .entry_pc = 0x2000, .state = SERVE_WAITING,
		  .reason = "chan receive", .since_ns = 5000, .m = -1,
		  .p = -1 },
		{ 0 },
		{ .id = 9, .entry_pc = 0x3000, .state = SERVE_RUNNABLE,
		  .m = -1, .p = -1, .reason = "", .torn = true },
	};

	(void)ctx;
	if (!gs[slot].id || max < 2)
		return -ENOENT;
	*out = gs[slot];
	if (out->torn)
		return 0;
	pcs[0] = out->entry_pc + 0x10;
	pcs[1] = 0x1040;
	return out->state == SERVE_WAITING ? 2 : 1;
}

static void sched(void *ctx, struct serve_sched *out)
{
	(void)ctx;
	*out = (struct serve_sched){
		.uptime_ns = 1004000000, .gomaxprocs = 2, .idleprocs = 1,
		.threads = 4, .idlethreads = 2, .goroutines = 4,
		.stack_bytes = 8192,
	};
}

static bool one_p(void *ctx, uint32_t index, struct serve_p *out)
{
	(void)ctx;
	*out = (struct serve_p){ .id = (int)index, .m = (int)index - 1,
				 .runq = index, .tick = 10 + index };
	return index < 2;
}

static uint32_t ms(void *ctx, struct serve_m *out, uint32_t max)
{
	(void)ctx;
	for (uint32_t i = 0; i < max && i < 3; i++)
		out[i] = (struct serve_m){ .id = i, .tid = 100 + (int)i,
					   .p = -1 };
	return 3;
}

static bool counts(void *ctx, int32_t index, struct serve_counts *out)
{
	(void)ctx;
	*out = index < 0 ? (struct serve_counts){ 21, 22, 23, 24, 25, 26 } :
			   (struct serve_counts){ 11, 12, 13, 14, 15, 16 };
	return index < 1;
}

static int64_t kept_ns;

static void keep_times(void *ctx, int64_t ns)
{
	(void)ctx;
	kept_ns = ns;
}

static bool life(void *ctx, uint32_t slot, int64_t id, struct serve_life *out)
{
	(void)ctx;
	*out = (struct serve_life){
		.runs = slot + 30, .woken_by = id == 7,
		.last_p = id == 7 ? 1 : -1, .has_times = kept_ns && id == 7,
		.run_ns = 5, .ready_ns = 6, .blocked_ns = 7,
	};
	return slot != 3;
}

static int cpu_begin(void *ctx, int hz, struct err *e)
{
	(void)ctx;
	(void)e;
	(void)hz;
	if (cpu_users)
		return -EBUSY;
	cpu_users++;
	return 0;
}

static int cpu_end(void *ctx,
		   void (*each)(void *, const struct serve_sample *),
		   void *each_ctx)
{
	const uint64_t pcs[] = { 0x2010, 0x1040 };

	(void)ctx;
	cpu_users--;
	each(each_ctx, &(struct serve_sample){ .pcs = pcs, .n = 2,
					       .samples = 42 });
	return 0;
}

static void losses(void *ctx, struct serve_losses *out)
{
	(void)ctx;
	*out = (struct serve_losses){ 1, 2, 3 };
}

static const char *names(void *ctx)
{
	(void)ctx;
	return "dwarf";
}

/* work() at 0x2000 has tiny() inlined; nothing is known of 0x3000. */
static size_t frames(void *ctx, uint64_t pc, const struct serve_frame **out)
{
	static const struct serve_frame root[] = {
		{ "root", "root", "/src/root.c", 12, 5, 0x1000, false },
	};
	static const struct serve_frame work[] = {
		{ "tiny", "tiny", "/src/work.h", 3, 1, 0x2000, true },
		{ "work", "work", "/src/work.c", 41, 30, 0x2000, false },
	};

	(void)ctx;
	*out = pc < 0x2000 ? root : work;
	return pc < 0x1000 || pc >= 0x3000 ? 0 : pc < 0x2000 ? 1 : 2;
}

static bool mapping(void *ctx, uint32_t index, struct serve_mapping *out)
{
	(void)ctx;
	*out = (struct serve_mapping){ 0x1000, 0x3000, 0, "/bin/made-up",
				       "c0ffee" };
	return index < 1;
}

static int cmdline(void *ctx, struct buf *out)
{
	(void)ctx;
	buf_put(out, "made-up\0-x\0", 11);
	return 0;
}

static const struct provider provider = {
	.pid = 4711, .exe = "/bin/made-up", .kind = "agent",
	.names = names, .slots = slots,
	.goroutine = goroutine, .sched = sched, .p = one_p, .ms = ms,
	.counts = counts, .life = life,
	.keep_times = keep_times,
	.cpu_begin = cpu_begin, .cpu_end = cpu_end, .losses = losses,
	.frames = frames, .mapping = mapping, .cmdline = cmdline,
};

static int wait_ns(void *ctx, int64_t ns)
{
	(void)ctx;
	waited_ns = ns;
	return wait_rc;
}

static struct serve server = { .provider = &provider, .max_seconds = 300 };

/* Asks for PATH?QUERY; the answer must be released. */
static struct http_reply ask(const char *method, const char *target, bool tcp)
{
	static char path[4096];
	struct http_reply rp = { 0 };
	const char *query = strchr(target, '?');
	struct http_request rq = { .method = method, .path = path,
				   .query = query ? query + 1 : "",
				   .tcp = tcp, .wait = wait_ns };

	snprintf(path, sizeof(path), "%.*s",
		 (int)strcspn(target, "?"), target);
	serve_answer(&server, &rq, &rp);
	return rp;
}

static void expect(const char *target, unsigned int status, const char *text)
{
	struct http_reply rp = ask("GET", target, true);

	if ((rp.status ? rp.status : 200) != status ||
	    strcmp(buf_str(&rp.body), text))
		fail_msg("%s: %u %s", target, rp.status, buf_str(&rp.body));
	buf_release(&rp.body);
}

static const struct {
	const char *target;
	unsigned int status;
	const char *text;
	bool go_pprof;
} errors[] = {
	{ "/debug/pprof/nope", 404, "Unknown profile\n", true },
	{ "/debug/pprof/heap", 404, "Unknown profile\n", true },
	{ "/debug/pprof/trace", 404, "Unknown profile\n", true },
	{ "/debug/pprof/goroutine/", 404, "Unknown profile\n", true },
	{ "/", 404, "404 page not found\n", false },
	{ "/debug/pgo/nope", 404, "404 page not found\n", false },
	{ "/debug/pprofx", 404, "404 page not found\n", false },
	{ "/debug/pprof/goroutine?seconds=0", 400,
	  "invalid value for \"seconds\" - must be a positive "
	  "integer\n", true },
	{ "/debug/pprof/goroutine?seconds=-1", 400,
	  "invalid value for \"seconds\" - must be a positive "
	  "integer\n", true },
	{ "/debug/pprof/threadcreate?seconds=1.5", 400,
	  "invalid value for \"seconds\" - must be a positive "
	  "integer\n", true },
	{ "/debug/pprof/goroutine?seconds=99999999999999999999", 400,
	  "invalid value for \"seconds\" - must be a positive "
	  "integer\n", true },
	{ "/debug/pprof/goroutine?seconds=1&debug=1", 400,
	  "seconds and debug params are incompatible\n", true },
	{ "/debug/pprof/profile?seconds=301", 400,
	  "profile duration exceeds server's WriteTimeout\n", true },
	{ "/debug/pprof/goroutine?seconds=301", 400,
	  "profile duration exceeds server's WriteTimeout\n", true },
	{ "/debug/pprof/profile?hz=0", 400,
	  "invalid value for \"hz\" - must be from 1 to 1000\n", true },
	{ "/debug/pprof/profile?hz=1001", 400,
	  "invalid value for \"hz\" - must be from 1 to 1000\n", true },
	{ "/debug/pprof/cmdline", 403,
	  "arguments may hold secrets and are not shown "
	  "(PGO_AGENT_CMDLINE=1)\n", true },
	{ "/debug/pgo/goroutines?limit=0", 400,
	  "invalid value for \"limit\" - must be from 1 to 1000000\n",
	  false },
	{ "/debug/pgo/goroutines?offset=x", 400,
	  "invalid value for \"offset\" - must be from 0 to "
	  "4294967295\n", false },
	{ "/debug/pgo/goroutine/2", 404, "no such goroutine\n", false },
	{ "/debug/pgo/goroutine/", 404, "no such goroutine\n", false },
	{ "/debug/pgo/goroutine/x", 404, "no such goroutine\n", false },
	{ "/debug/pgo/goroutine/1%", 404, "no such goroutine\n",
	  false },
};

static void every_error_has_gos_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct http_reply rp = ask("GET", errors[i].target, true);

		if (rp.status != errors[i].status ||
		    strcmp(buf_str(&rp.body), errors[i].text) ||
		    rp.go_pprof != errors[i].go_pprof || rp.filename[0] ||
		    rp.type)
			fail_msg("%s: %u %s %d %s", errors[i].target,
				 rp.status, buf_str(&rp.body), rp.go_pprof,
				 rp.filename);
		buf_release(&rp.body);
	}
	assert_int_equal(cpu_users, 0);
}

static void seconds_are_read_as_go_reads_them(void **state)
{
	static const struct {
		const char *query;
		int64_t seconds;
	} cases[] = {
		{ "", 30 }, { "?seconds=", 30 }, { "?seconds=0", 30 },
		{ "?seconds=-4", 30 }, { "?seconds=2x", 30 },
		{ "?seconds=2", 2 }, { "?seconds=%32", 2 },
		{ "?a=b&seconds=3&seconds=4", 3 }, { "?seconds=5;x&seconds=6",
						     6 },
		{ "?seconds=%zz&seconds=7", 7 }, { "?seconds=+8", 30 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char target[128];
		struct http_reply rp;

		snprintf(target, sizeof(target), "/debug/pprof/profile%s",
			 cases[i].query);
		rp = ask("GET", target, false);
		if (rp.status || waited_ns != cases[i].seconds * 1000000000)
			fail_msg("%s: %u %ld", target, rp.status,
				 (long)waited_ns);
		assert_string_equal(rp.filename, "profile");
		buf_release(&rp.body);
	}
}

static void a_second_profile_is_refused(void **state)
{
	(void)state;
	cpu_users = 1;
	expect("/debug/pprof/profile?seconds=1", 500,
	       "Could not enable CPU profiling: cpu profiling already in "
	       "use\n");
	cpu_users = 0;
}

/* The strings of a profile; its bytes are lib/wire's own tests. */
static bool profile_names(struct http_reply *rp, const char *name)
{
	struct buf raw = { 0 };
	bool has;

	assert_int_equal(gzip_inflate(&raw, rp->body.data, rp->body.len,
				      1 << 20), 0);
	has = memmem(raw.data, raw.len, name, strlen(name)) != NULL;
	buf_release(&raw);
	return has;
}

static void profiles_are_files_with_names(void **state)
{
	static const char *const targets[] = {
		"/debug/pprof/profile?seconds=1", "/debug/pprof/goroutine",
	};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct http_reply rp = ask("GET", targets[i], true);

		assert_true(http_ok(&rp));
		assert_string_equal(rp.type, HTTP_BYTES);
		assert_string_equal(rp.filename, i ? "goroutine" : "profile");
		assert_true(profile_names(&rp, "/src/work.h"));
		assert_true(profile_names(&rp, "tiny"));
		assert_true(profile_names(&rp, "c0ffee"));
		assert_false(profile_names(&rp, "nothing"));
		buf_release(&rp.body);
	}
}

static void a_delta_is_what_came(void **state)
{
	struct http_reply rp = ask("GET", "/debug/pprof/goroutine?seconds=3",
				   true);

	(void)state;
	assert_string_equal(rp.filename, "goroutine-delta");
	assert_int_equal(waited_ns, 3000000000);
	/* Nothing came or went, so no function is named. */
	assert_false(profile_names(&rp, "work"));
	buf_release(&rp.body);
	wait_rc = -ECONNRESET;
	expect("/debug/pprof/goroutine?seconds=3", 500, "context canceled\n");
	wait_rc = 0;
}

static void text_is_gos(void **state)
{
	(void)state;
	expect("/debug/pprof/goroutine?debug=1", 200,
	       "goroutine profile: total 4\n"
	       "2 @ 0x2010 0x1040\n"
	       "#\t0x2010\ttiny+0x10\t/src/work.h:3\n"
	       "#\t0x2010\twork+0x10\t/src/work.c:41\n"
	       "#\t0x1040\troot+0x40\t/src/root.c:12\n\n"
	       "1 @ 0x1010\n#\t0x1010\troot+0x10\t/src/root.c:12\n\n"
	       "1 @ 0x3000\n#\t0x3000\n\n");
	expect("/debug/pprof/threadcreate?debug=1", 200,
	       "threadcreate profile: total 3\n3 @\n\n");
}

static void a_dump_is_gos(void **state)
{
	(void)state;
	expect("/debug/pprof/goroutine?debug=2", 200,
	       "goroutine 1 [running]:\nroot(...)\n\t/src/root.c:12 +0x10\n"
	       "\n"
	       "goroutine 7 [chan receive, 2 minutes]:\n"
	       "tiny(...)\n\t/src/work.h:3 +0x10\n"
	       "work(...)\n\t/src/work.c:41 +0x10\n"
	       "root(...)\n\t/src/root.c:12 +0x40\n"
	       "created by root in goroutine 1\n\t/src/root.c:12 +0x50\n"
	       "\n"
	       "goroutine 8 [chan receive]:\n"
	       "tiny(...)\n\t/src/work.h:3 +0x10\n"
	       "work(...)\n\t/src/work.c:41 +0x10\n"
	       "root(...)\n\t/src/root.c:12 +0x40\n"
	       "created by root in goroutine 1\n\t/src/root.c:12 +0x50\n"
	       "\n"
	       "goroutine 9 [runnable, stack not read]:\n"
	       "\?\?(...)\n\t\?\?:0\n");
}

static void symbols_by_get_and_post(void **state)
{
	struct http_request rq = { .method = "POST", .query = "",
				   .path = "/debug/pprof/symbol",
				   .body = "0x2010+0x1040+zz+0x9", .tcp = true,
				   .body_bytes = 20 };
	struct http_reply rp = { 0 };

	(void)state;
	expect("/debug/pprof/symbol?0x2010+8464+0x9000+-1+", 200,
	       "num_symbols: 1\n0x2010 work\n0x2110 work\n");
	expect("/debug/pprof/symbol", 200, "num_symbols: 1\n");
	serve_answer(&server, &rq, &rp);
	assert_string_equal(buf_str(&rp.body),
			    "num_symbols: 1\n0x2010 work\n0x1040 root\n");
	buf_release(&rp.body);
}

static void the_index_counts(void **state)
{
	struct http_reply rp = ask("GET", "/debug/pprof/", true);

	(void)state;
	assert_string_equal(rp.type, HTTP_HTML);
	assert_non_null(strstr(buf_str(&rp.body), "<tr><td>4</td><td><a href='"
			       "goroutine?debug=1'>goroutine</a></td></tr>"));
	assert_non_null(strstr(buf_str(&rp.body), "<tr><td>3</td><td><a href='"
			       "threadcreate?debug=1'>"));
	buf_release(&rp.body);
	rp = ask("GET", "/debug/pprof", true);
	assert_int_equal(rp.status, 301);
	assert_string_equal(rp.location, "/debug/pprof/");
	buf_release(&rp.body);
}

static void arguments_only_when_allowed(void **state)
{
	struct http_reply rp;

	(void)state;
	server.cmdline = true;
	rp = ask("GET", "/debug/pprof/cmdline", true);
	server.cmdline = false;
	assert_int_equal(rp.body.len, 10);
	assert_memory_equal(rp.body.data, "made-up\0-x", 10);
	buf_release(&rp.body);
}

static void ours_is_for_looking(void **state)
{
	struct http_reply rp = ask("POST", "/debug/pgo/top", true);

	(void)state;
	assert_int_equal(rp.status, 405);
	assert_string_equal(rp.allow, "GET, HEAD");
	buf_release(&rp.body);
	expect("/healthz", 200, "ok\n");
	expect("/debug/pgo/sched?debug=1", 200,
	       "SCHED 1004ms: gomaxprocs=2 idleprocs=1 threads=4 "
	       "spinningthreads=0 needspinning=0 idlethreads=2 runqueue=0 "
	       "[ 0 1 ] schedticks=[ 10 11 ] gcount=4 stackinuse=8192\n");
}

/* A part that must be in the answer. */
static void expect_part(const char *target, const char *part)
{
	struct http_reply rp = ask("GET", target, true);

	assert_true(http_ok(&rp));
	assert_string_equal(rp.type, HTTP_JSON);
	if (!strstr(buf_str(&rp.body), part))
		fail_msg("%s: no %s in %s", target, part, buf_str(&rp.body));
	buf_release(&rp.body);
}

static void json_folds_and_pages(void **state)
{
	(void)state;
	expect_part("/debug/pgo/top", "\"goroutines\":{\"total\":4,\"running\":"
		    "1,\"runnable\":1,\"syscall\":0,\"waiting\":2},\"reasons\":"
		    "{\"chan receive\":2}");
	expect_part("/debug/pgo/top", "{\"count\":2,\"wait_max_ns\":"
		    "121000000000,\"wait_p50_ns\":5000,");
	expect_part("/debug/pgo/top", "\"torn\":1}");
	expect_part("/debug/pgo/goroutines?offset=1&limit=1",
		    "\"goroutines\":[{\"id\":7,");
	expect_part("/debug/pgo/goroutines?offset=1&limit=1", "\"next\":3,");
	expect_part("/debug/pgo/goroutines", "\"stack\":1}");
	expect_part("/debug/pgo/goroutine/7", "\"wait_on\":\"0xabc0\"");
	expect_part("/debug/pgo/goroutine/7", "{\"func\":\"tiny\",\"file\":"
		    "\"/src/work.h\",\"line\":3,\"pc\":\"0x2010\","
		    "\"inlined\":true}");
	expect_part("/debug/pgo/goroutine/7",
		    "\"runs\":31,\"last_p\":1,\"woken_by\":1,");
	expect_part("/debug/pgo/goroutine/9", "\"runs\":35}");
	assert_int_equal(kept_ns, 0);
	expect_part("/debug/pgo/goroutine/7?times=3",
		    "\"woken_by\":1,\"run_ns\":5,\"ready_ns\":6,"
		    "\"blocked_ns\":7,");
	assert_int_equal(kept_ns, 3000000000);
	expect("/debug/pgo/goroutines?times=x", 400, "invalid value for "
	       "\"times\" - must be from 1 to 86400\n");
	expect_part("/debug/pgo/sched",
		    "\"steals\":23,\"handoffs\":24,"
		    "\"creates\":21,\"exits\":22,\"retakes\":25,"
		    "\"preempts\":26,\"runqs\"");
	expect_part("/debug/pgo/sched",
		    "\"creates\":11,\"exits\":12,\"retakes\":15,"
		    "\"preempts\":16},{\"id\":1,\"status\":0,\"m\":0,"
		    "\"runq\":1,\"tick\":11,\"handoffs\":0,"
		    "\"steals\":0}]");
	expect_part("/debug/pgo/sched", "\"losses\":{\"ring_full\":1,"
		    "\"no_thread\":2,\"no_room\":3},\"names\":\"dwarf\"");
}

static unsigned int knock(const struct guard *g, bool tcp, const char *host,
			  const char *authorization)
{
	struct http_request rq = { .tcp = tcp, .host = host,
				   .authorization = authorization };
	struct http_reply rp = { 0 };

	if (guard_admits(g, &rq, &rp))
		return 200;
	buf_release(&rp.body);
	return rp.status;
}

static void only_loopback_names_may_ask(void **state)
{
	static const struct guard g = { .hosts = "db.example.org,10.1.2.3" };
	static const struct {
		const char *host;
		unsigned int status;
	} cases[] = {
		{ "localhost", 200 }, { "LOCALHOST:6060", 200 },
		{ "127.0.0.1:6060", 200 }, { "127.1.2.3", 200 },
		{ "[::1]:6060", 200 }, { "db.example.org:80", 200 },
		{ "10.1.2.3", 200 }, { NULL, 200 },
		{ "evil.example.org", 403 }, { "127.0.0.1.example.org", 403 },
		{ "localhost.example.org", 403 }, { "10.1.2.4", 403 },
		{ "", 403 }, { "[::1", 403 }, { "[::2]", 403 },
		{ "127.0.0.1.1.1.1.1.1.1", 403 }, { "db.example.or", 403 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (knock(&g, true, cases[i].host, NULL) != cases[i].status)
			fail_msg("Host: %s", cases[i].host);
	assert_int_equal(knock(&g, false, "evil.example.org", NULL), 200);
}

static void tokens_come_as_bearer_or_password(void **state)
{
	static const struct guard g = { .token = "0123456789abcdef" };
	static const struct {
		const char *authorization;
		unsigned int status;
	} cases[] = {
		{ "Bearer 0123456789abcdef", 200 },
		/* x:0123456789abcdef */
		{ "Basic eDowMTIzNDU2Nzg5YWJjZGVm", 200 },
		{ "basic eDowMTIzNDU2Nzg5YWJjZGVm", 200 },
		{ NULL, 401 }, { "", 401 }, { "Bearer ", 401 },
		{ "Bearer 0123456789abcde", 401 },
		{ "Bearer 0123456789abcdef0", 401 },
		{ "Basic eDo=", 401 }, { "Basic !", 401 },
		{ "0123456789abcdef", 401 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (knock(&g, true, "localhost", cases[i].authorization) !=
		    cases[i].status)
			fail_msg("Authorization: %s", cases[i].authorization);
	assert_int_equal(knock(&g, false, NULL, NULL), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_gos_text),
		cmocka_unit_test(seconds_are_read_as_go_reads_them),
		cmocka_unit_test(a_second_profile_is_refused),
		cmocka_unit_test(profiles_are_files_with_names),
		cmocka_unit_test(a_delta_is_what_came),
		cmocka_unit_test(text_is_gos),
		cmocka_unit_test(a_dump_is_gos),
		cmocka_unit_test(symbols_by_get_and_post),
		cmocka_unit_test(the_index_counts),
		cmocka_unit_test(arguments_only_when_allowed),
		cmocka_unit_test(ours_is_for_looking),
		cmocka_unit_test(json_folds_and_pages),
		cmocka_unit_test(only_loopback_names_may_ask),
		cmocka_unit_test(tokens_come_as_bearer_or_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
