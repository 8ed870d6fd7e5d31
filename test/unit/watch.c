/* lib/target/watch.c: work that hangs keeps nobody. */
#include "lib/target/watch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "test/unit/cmocka_all.h"

enum { PATIENCE_MS = 100 };

struct ctx {
	struct watch *watch;
	int pipe[2];
	_Atomic uint64_t beats;
	int runs;
};

static atomic_int released;
static struct ctx *ctx;
static struct watch *w;
static struct err err;

static void release(void *p)
{
	struct ctx *c = p;

	close(c->pipe[0]);
	close(c->pipe[1]);
	free(c);
	atomic_fetch_add(&released, 1);
}

static int begin(void **state)
{
	(void)state;
	atomic_store(&released, 0);
	ctx = calloc(1, sizeof(*ctx));
	assert_int_equal(pipe(ctx->pipe), 0);
	assert_int_equal(watch_new(&w, ctx, release), 0);
	ctx->watch = w;
	return 0;
}

static int run(watch_fn *fn, const atomic_bool *stop)
{
	return watch_run(w, fn, "4711", PATIENCE_MS, stop, &err);
}

static void wait_released(void)
{
	for (int i = 0; i < 1000 && !atomic_load(&released); i++)
		usleep(1000);
	assert_int_equal(atomic_load(&released), 1);
}

static int count(void *p, struct err *e)
{
	return ++((struct ctx *)p)->runs == 3 ? err_say(e, -EBADMSG, "third")
					      : 0;
}

static void work_is_done_and_its_answer_comes_back(void **state)
{
	(void)state;
	assert_int_equal(run(count, NULL), 0);
	assert_int_equal(run(count, NULL), 0);
	assert_int_equal(run(count, NULL), -EBADMSG);
	assert_string_equal(err.text, "third");
	assert_int_equal(ctx->runs, 3);
	watch_free(w);
	assert_int_equal(atomic_load(&released), 1);
}

/* Sleeps until somebody writes into the pipe. */
static int hang(void *p, struct err *e)
{
	char c;

	(void)e;
	return read(((struct ctx *)p)->pipe[0], &c, 1) == 1 ? 0 : -EIO;
}

static void who_hangs_is_left_behind(void **state)
{
	int64_t from = clock_mono_ns();
	int let_go = dup(ctx->pipe[1]);

	(void)state;
	assert_int_equal(run(hang, NULL), -ETIMEDOUT);
	assert_memory_equal(err.text, "4711: ", 6);
	assert_int_equal(run(count, NULL), -ETIMEDOUT);
	watch_free(w);
	assert_true(clock_mono_ns() - from < INT64_C(2000000000));
	assert_int_equal(atomic_load(&released), 0);
	assert_int_equal(write(let_go, "x", 1), 1);
	wait_released();
	close(let_go);
}

static void who_comes_back_works_on(void **state)
{
	int rc = -ETIMEDOUT;

	(void)state;
	assert_int_equal(run(hang, NULL), -ETIMEDOUT);
	assert_int_equal(write(ctx->pipe[1], "x", 1), 1);
	for (int i = 0; i < 1000 && rc == -ETIMEDOUT; i++) {
		usleep(1000);
		rc = run(count, NULL);
	}
	assert_int_equal(rc, 0);
	watch_free(w);
	assert_int_equal(atomic_load(&released), 1);
}

/* Four times as long as is waited for. */
static int beat(void *p, struct err *e)
{
	struct ctx *c = p;

	(void)e;
	watch_beats(c->watch, &c->beats);
	for (int i = 0; i < 40; i++) {
		usleep(PATIENCE_MS * 100);
		c->beats++;
	}
	return 0;
}

static void beats_are_progress(void **state)
{
	(void)state;
	assert_int_equal(run(beat, NULL), 0);
	watch_free(w);
}

static int spin(void *p, struct err *e)
{
	int64_t until = clock_mono_ns() + PATIENCE_MS * INT64_C(3000000);

	(void)p;
	(void)e;
	while (clock_mono_ns() < until)
		;
	return 0;
}

static void so_is_computing(void **state)
{
	(void)state;
	assert_int_equal(run(spin, NULL), 0);
	watch_free(w);
}

static int until_stopped(void *p, struct err *e)
{
	struct ctx *c = p;

	watch_beats(c->watch, &c->beats);
	while (!atomic_load(watch_stop(c->watch))) {
		usleep(1000);
		c->beats++;
	}
	return err_say(e, -ECANCELED, "stopped");
}

static void stopping_is_passed_on(void **state)
{
	atomic_bool stop = true;

	(void)state;
	assert_int_equal(run(until_stopped, &stop), -ECANCELED);
	watch_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(t) cmocka_unit_test_setup(t, begin)
		TEST(work_is_done_and_its_answer_comes_back),
		TEST(who_hangs_is_left_behind),
		TEST(who_comes_back_works_on),
		TEST(beats_are_progress),
		TEST(so_is_computing),
		TEST(stopping_is_passed_on),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
