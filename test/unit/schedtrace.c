/* lib/wire/schedtrace: our line to the byte, and Go's of three ages. */
#include "lib/wire/schedtrace.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GO_1_19 \
	"SCHED 59ms: gomaxprocs=4 idleprocs=0 threads=5 spinningthreads=0 " \
	"idlethreads=0 runqueue=3 [4 0 0 0]\n"
#define GO_1_22 \
	"SCHED 114ms: gomaxprocs=4 idleprocs=1 threads=6 spinningthreads=1 " \
	"needspinning=1 idlethreads=2 runqueue=0 [0 7 0 0]\n"
#define GO_1_26 \
	"SCHED 55ms: gomaxprocs=4 idleprocs=0 threads=7 spinningthreads=0 " \
	"needspinning=1 idlethreads=0 runqueue=2 [ 1 0 0 1 ] " \
	"schedticks=[ 3 9 3 3 ]\n"
#define GO_DETAIL \
	"SCHED 10ms: gomaxprocs=2 idleprocs=1 threads=4 spinningthreads=0 " \
	"needspinning=0 idlethreads=1 runqueue=0 gcwaiting=false " \
	"nmidlelocked=0 stopwait=0 sysmonwait=false\n"
#define OURS \
	"SCHED 1004ms: gomaxprocs=4 idleprocs=0 threads=7 spinningthreads=0 " \
	"needspinning=1 idlethreads=0 runqueue=2 [ 1 1 0 0 ] " \
	"schedticks=[ 9 3 4 4 ] gcount=10000 stackinuse=81920000\n"

static struct sched_lists lists;

/* From memory that ends where the line does, for asan's sake. */
static int parse(const char *s, size_t n, struct sched_line *l)
{
	char *exact = malloc(n ? n : 1);
	int rc;

	assert_non_null(exact);
	memcpy(exact, s, n);
	rc = sched_line_parse(exact, n, l, &lists);
	free(exact);
	return rc;
}

static int parse_text(const char *s, struct sched_line *l)
{
	return parse(s, strlen(s), l);
}

static struct sched_line a_line(void)
{
	static const uint32_t runs[] = { 1, 1, 0, 0 }, ticks[] = { 9, 3, 4, 4 };

	return (struct sched_line){
		.ms = 1004, .gomaxprocs = 4, .threads = 7, .needspinning = 1,
		.runqueue = 2, .nruns = 4, .runqs = runs, .schedticks = ticks,
		.has_gs = true, .gcount = 10000, .stackinuse = 81920000,
	};
}

static void our_line_is_written_to_the_byte(void **state)
{
	struct sched_line l = a_line();
	char out[512];
	size_t n = sched_line_write(out, sizeof(out), &l);

	(void)state;
	assert_int_equal(n, strlen(OURS));
	assert_memory_equal(out, OURS, n);
}

static void without_our_own_fields_it_is_go_s(void **state)
{
	static const uint32_t runs[] = { 1, 0, 0, 1 }, ticks[] = { 3, 9, 3, 3 };
	struct sched_line l = a_line();
	char out[512];
	size_t n;

	(void)state;
	l.ms = 55;
	l.runqs = runs;
	l.schedticks = ticks;
	l.has_gs = false;
	n = sched_line_write(out, sizeof(out), &l);
	assert_int_equal(n, strlen(GO_1_26));
	assert_memory_equal(out, GO_1_26, n);
}

static void a_short_buffer_is_not_passed_and_the_length_is_true(void **state)
{
	struct sched_line l = a_line();
	char out[64];

	(void)state;
	for (size_t room = 0; room < sizeof(out); room++) {
		memset(out, '#', sizeof(out));
		assert_int_equal(sched_line_write(out, room, &l), strlen(OURS));
		assert_memory_equal(out, OURS, room);
		assert_int_equal(out[room], '#');
	}
}

static void our_line_is_read_again(void **state)
{
	struct sched_line l;

	(void)state;
	assert_int_equal(parse_text(OURS, &l), 0);
	assert_int_equal(l.ms, 1004);
	assert_int_equal(l.nruns, 4);
	assert_memory_equal(l.schedticks, a_line().schedticks, 16);
	assert_true(l.has_gs);
	assert_int_equal(l.gcount, 10000);
	assert_int_equal(l.stackinuse, 81920000);
}

static void go_1_19_had_no_needspinning(void **state)
{
	struct sched_line l;

	(void)state;
	assert_int_equal(parse_text(GO_1_19, &l), 0);
	assert_int_equal(l.ms, 59);
	assert_int_equal(l.gomaxprocs, 4);
	assert_int_equal(l.threads, 5);
	assert_int_equal(l.runqueue, 3);
	assert_true(l.no_needspinning);
	assert_int_equal(l.nruns, 4);
	assert_int_equal(l.runqs[0], 4);
	assert_int_equal(l.runqs[3], 0);
	assert_null(l.schedticks);
	assert_false(l.has_gs);
}

static void go_1_22_had_no_schedticks(void **state)
{
	struct sched_line l;

	(void)state;
	assert_int_equal(parse_text(GO_1_22, &l), 0);
	assert_int_equal(l.idleprocs, 1);
	assert_int_equal(l.spinningthreads, 1);
	assert_int_equal(l.needspinning, 1);
	assert_false(l.no_needspinning);
	assert_int_equal(l.idlethreads, 2);
	assert_int_equal(l.runqs[1], 7);
	assert_null(l.schedticks);
}

static void go_1_26_has_blanks_and_ticks(void **state)
{
	struct sched_line l;

	(void)state;
	assert_int_equal(parse_text(GO_1_26, &l), 0);
	assert_int_equal(l.nruns, 4);
	assert_int_equal(l.runqs[3], 1);
	assert_int_equal(l.schedticks[1], 9);
}

static void scheddetail_s_line_has_no_lists(void **state)
{
	struct sched_line l;

	(void)state;
	assert_int_equal(parse_text(GO_DETAIL, &l), 0);
	assert_int_equal(l.threads, 4);
	assert_int_equal(l.nruns, 0);
	assert_null(l.runqs);
}

static void fields_of_the_future_are_passed_over(void **state)
{
	struct sched_line l;

	(void)state;
	assert_int_equal(parse_text(
		"SCHED 1ms: gomaxprocs=1 idleprocs=0 new=thing threads=3 "
		"spinningthreads=0 idlethreads=0 threadsx=9 runqueue=5 [0]",
		&l), 0);
	assert_int_equal(l.threads, 3);
	assert_int_equal(l.runqueue, 5);
}

/* A line cut anywhere in what must be there. */
static void a_line_cut_off_is_refused(void **state)
{
	struct sched_line l;
	size_t whole = strcspn(GO_1_22, "]") + 1;

	(void)state;
	assert_int_equal(parse(GO_1_22, whole, &l), 0);
	for (size_t n = 0; n < whole; n++)
		assert_int_equal(parse(GO_1_22, n, &l), -EBADMSG);
}

#define HEAD "SCHED 1ms: gomaxprocs=1 idleprocs=0 threads=3 " \
	     "spinningthreads=0 idlethreads=0 "

static void nonsense_is_refused(void **state)
{
	static const char *const lines[] = {
		"", "\n", "SCHED", "SCHED ms:", "SCHED -1ms: ",
		"SCHED 18446744073709551616ms: gomaxprocs=1",
		HEAD "runqueue=4294967296 [0]",
		HEAD "runqueue=-1 [0]",
		HEAD "runqueue=1x [0]",
		HEAD "runqueue= [0]",
		HEAD "runqueue=1 runqueue=1 [0]",
		HEAD "runqueue=1 [0] [0]",
		HEAD "runqueue=1 [0 -1]",
		HEAD "runqueue=1 [0,1]",
		HEAD "runqueue=1 [0]schedticks=[1]",
		HEAD "runqueue=1 [0 0] schedticks=[1]",
		HEAD "runqueue=1 [0] schedticks=[1",
		HEAD "runqueue=1 [0] word",
		HEAD "runqueue=1 [0] =word",
		HEAD "[0]",
		"goroutine 1 [running]:",
	};
	struct sched_line l;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (parse_text(lines[i], &l) != -EBADMSG)
			fail_msg("accepted: %s", lines[i]);
}

static void more_ps_than_there_can_be_are_refused(void **state)
{
	static char line[8192];
	size_t n = 0;
	struct sched_line l;

	(void)state;
	memcpy(line, HEAD "runqueue=1 [", n = strlen(HEAD "runqueue=1 ["));
	for (int i = 0; i < SCHED_PROCS_MAX; i++, n += 2)
		memcpy(line + n, " 1", 2);
	line[n] = ']';
	assert_int_equal(parse(line, n + 1, &l), 0);
	assert_int_equal(l.nruns, SCHED_PROCS_MAX);
	memcpy(line + n, " 1]", 3);
	assert_int_equal(parse(line, n + 3, &l), -E2BIG);
}

/* No answer is known, but none may crash or read beyond. */
static void a_changed_byte_does_no_harm(void **state)
{
	char line[] = OURS;
	struct sched_line l;
	unsigned int refused = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(line) - 1; i++) {
		for (int c = 0; c < 256; c++) {
			line[i] = (char)c;
			refused += parse(line, sizeof(line) - 1, &l) != 0;
		}
		line[i] = OURS[i];
	}
	assert_true(refused > 1000);
}

static void detail_is_go_s_to_the_byte(void **state)
{
	const char *want = GO_DETAIL
		"  P0: status=1 schedtick=7 syscalltick=3 m=6 runqsize=0 "
		"gfreecnt=0 timerslen=1\n"
		"  M6: p=0 curg=6 mallocing=0 throwing=0 preemptoff= locks=0 "
		"dying=0 spinning=false blocked=true lockedg=nil\n"
		"  G15: status=4(chan receive) m=nil lockedm=0\n";
	struct sched_line l = { .ms = 10, .gomaxprocs = 2, .idleprocs = 1,
				.threads = 4, .idlethreads = 1 };
	struct sched_p p = { .status = 1, .schedtick = 7, .syscalltick = 3,
			     .m = 6, .timerslen = 1 };
	struct sched_m m = { .id = 6, .curg = 6, .blocked = true,
			     .preemptoff = "", .lockedg = SCHED_NIL };
	struct sched_g g = { .id = 15, .status = 4, .reason = "chan receive",
			     .m = SCHED_NIL };
	char out[1024];
	struct text_room room = { out, sizeof(out) - 1, 0 };
	struct text_sink sink = { text_room_put, &room };

	(void)state;
	sched_head_put(&sink, &l, &(struct sched_detail){ 0 });
	sched_p_put(&sink, &p);
	sched_m_put(&sink, &m);
	sched_g_put(&sink, &g);
	assert_true(room.len < sizeof(out));
	out[room.len] = 0;
	assert_string_equal(out, want);
}

static void what_is_not_known_is_a_dash(void **state)
{
	const char *want =
		"SCHED 0ms: gomaxprocs=1 idleprocs=0 threads=0 "
		"spinningthreads=0 idlethreads=0 runqueue=0 gcwaiting=- "
		"nmidlelocked=- stopwait=0 sysmonwait=true\n"
		"  P3: status=- schedtick=- syscalltick=0 m=- runqsize=0 "
		"gfreecnt=- timerslen=-\n"
		"  M2: p=- curg=nil mallocing=- throwing=0 preemptoff=- "
		"locks=- dying=0 spinning=- blocked=false lockedg=nil\n";
	struct sched_line l = { .gomaxprocs = 1, .no_needspinning = true };
	struct sched_detail d = { SCHED_UNKNOWN, SCHED_UNKNOWN, 0, 1 };
	struct sched_p p = { 3, SCHED_UNKNOWN, SCHED_UNKNOWN, 0, SCHED_UNKNOWN,
			     0, SCHED_UNKNOWN, SCHED_UNKNOWN };
	struct sched_m m = { .id = 2, .p = SCHED_UNKNOWN, .curg = SCHED_NIL,
			     .mallocing = SCHED_UNKNOWN,
			     .locks = SCHED_UNKNOWN, .spinning = SCHED_UNKNOWN,
			     .lockedg = SCHED_NIL };
	char out[1024];
	struct text_room room = { out, sizeof(out) - 1, 0 };
	struct text_sink sink = { text_room_put, &room };

	(void)state;
	sched_head_put(&sink, &l, &d);
	sched_p_put(&sink, &p);
	sched_m_put(&sink, &m);
	assert_true(room.len < sizeof(out));
	out[room.len] = 0;
	assert_string_equal(out, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_line_is_written_to_the_byte),
		cmocka_unit_test(without_our_own_fields_it_is_go_s),
		cmocka_unit_test(
			a_short_buffer_is_not_passed_and_the_length_is_true),
		cmocka_unit_test(our_line_is_read_again),
		cmocka_unit_test(go_1_19_had_no_needspinning),
		cmocka_unit_test(go_1_22_had_no_schedticks),
		cmocka_unit_test(go_1_26_has_blanks_and_ticks),
		cmocka_unit_test(scheddetail_s_line_has_no_lists),
		cmocka_unit_test(fields_of_the_future_are_passed_over),
		cmocka_unit_test(a_line_cut_off_is_refused),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(more_ps_than_there_can_be_are_refused),
		cmocka_unit_test(a_changed_byte_does_no_harm),
		cmocka_unit_test(detail_is_go_s_to_the_byte),
		cmocka_unit_test(what_is_not_known_is_a_dash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
