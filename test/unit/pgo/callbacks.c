/*
 * Callbacks from C that wait: the thread waits with its goroutine, and with a
 * single P the others go on meanwhile.
 */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <pthread.h>
#include <search.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <pgo/pgo.h>

#include "test/unit/pgo/goroutine.h"

enum { MS = 1000000 };

/* Ways to wait ------------------------------------------------------------- */

/* Another goroutine that answers, and counts: it must go on all the time. */
static struct {
	struct pgo_chan *ask, *answer;
	long asked;
} oracle;

static void answer(void *arg)
{
	int v;

	(void)arg;
	while (!pgo_chan_recv(oracle.ask, &v)) {
		oracle.asked++;
		v++;
		pgo_chan_send(oracle.answer, &v);
	}
	pgo_chan_close(oracle.answer);
}

static void oracle_begin(void)
{
	oracle.ask = pgo_chan_make(sizeof(int), 0);
	oracle.answer = pgo_chan_make(sizeof(int), 0);
	oracle.asked = 0;
	pgo_go(answer, NULL);
}

static void oracle_end(void)
{
	pgo_chan_close(oracle.ask);
	pgo_chan_recv(oracle.answer, NULL);
	pgo_chan_free(oracle.ask);
	pgo_chan_free(oracle.answer);
}

/* V + 1, after a park, and errno as it was. */
static int ask(int v)
{
	int before = errno;

	pgo_chan_send(oracle.ask, &v);
	pgo_chan_recv(oracle.answer, &v);
	return errno == before ? v : -1;
}

static void wait_somehow(unsigned n)
{
	static struct pgo_mutex m;
	struct pgo_case none = { 0 };

	switch (n % 8) {
	case 0:
		pgo_yield();
		break;
	case 1:
		pgo_sleep(10000);
		break;
	case 2:
		pgo_mutex_lock(&m);
		pgo_yield();
		pgo_mutex_unlock(&m);
		break;
	case 3:
		if (pgo_select(&none, 0, PGO_NONBLOCK) != -1)
			abort();
		break;
	case 4:
		usleep(10);
		break;
	}
}

/* Functions of libc -------------------------------------------------------- */

enum { N = 200 };

static int numbers[N];
static int failures;
static unsigned waits;

#define CHECK(what) \
	do { \
		if (!(what)) { \
			failures++; \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
				#what); \
		} \
	} while (0)

static int compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	wait_somehow(waits++);
	if (waits % 10 == 0)
		CHECK(ask(x) == x + 1);
	return (x > y) - (x < y);
}

static void fill(int *v, int n)
{
	for (int i = 0; i < n; i++)
		v[i] = i * 7919 % n;
}

static bool is_sorted(const int *v, int n)
{
	for (int i = 0; i < n; i++)
		if (v[i] != i)
			return false;
	return true;
}

static void sort_and_search(void *arg)
{
	int key = 73;

	(void)arg;
	oracle_begin();
	fill(numbers, N);
	qsort(numbers, N, sizeof(int), compare);
	CHECK(is_sorted(numbers, N));
	CHECK(bsearch(&key, numbers, N, sizeof(int), compare) == &numbers[73]);
	CHECK(lfind(&key, numbers, &(size_t){ N }, sizeof(int), compare) ==
	      &numbers[73]);
	CHECK(oracle.asked > 100);
	oracle_end();
}

static int visited;

static void visit(const void *node, VISIT which, int level)
{
	(void)node;
	(void)level;
	wait_somehow(waits++);
	if (which == postorder || which == leaf)
		visited += **(const int *const *)node;
}

static void walk_a_tree(void *arg)
{
	void *root = NULL;

	(void)arg;
	oracle_begin();
	fill(numbers, N);
	visited = 0;
	for (int i = 0; i < N; i++)
		CHECK(tsearch(&numbers[i], &root, compare));
	twalk(root, visit);
	CHECK(visited == N * (N - 1) / 2);
	for (int i = 0; i < N; i++)
		CHECK(tdelete(&numbers[i], &root, compare));
	CHECK(!root);
	oracle_end();
}

static int see_file(const char *path, const struct stat *st, int type,
		    struct FTW *ftw)
{
	(void)path;
	(void)st;
	(void)ftw;
	wait_somehow(waits++);
	visited += type == FTW_F ? ask(0) : 0;
	return 0;
}

static int choose(const struct dirent *d)
{
	wait_somehow(waits++);
	return d->d_name[0] == 'f' && ask(1) == 2;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	wait_somehow(waits++);
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void *open_slowly(const char *path)
{
	wait_somehow(waits++);
	return ask(1) == 2 ? opendir(path) : NULL;
}

static struct dirent *read_slowly(void *d)
{
	wait_somehow(waits++);
	return readdir(d);
}

static void close_it(void *d)
{
	closedir(d);
}

static void look_into(const char *dir)
{
	char pattern[100];
	struct dirent **names;
	int n;
	glob_t g = {
		.gl_closedir = close_it,
		.gl_readdir = read_slowly,
		.gl_opendir = open_slowly,
		.gl_lstat = lstat,
		.gl_stat = stat,
	};

	visited = 0;
	CHECK(!nftw(dir, see_file, 10, FTW_PHYS));
	CHECK(visited == 9);
	n = scandir(dir, &names, choose, by_name);
	CHECK(n == 9 && !strcmp(names[8]->d_name, "f8"));
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	snprintf(pattern, sizeof(pattern), "%s/f*", dir);
	CHECK(!glob(pattern, GLOB_ALTDIRFUNC, NULL, &g) && g.gl_pathc == 9);
	globfree(&g);
}

static void walk_folders(void *arg)
{
	char dir[] = "/tmp/callbacksXXXXXX";
	char path[64];

	(void)arg;
	oracle_begin();
	CHECK(mkdtemp(dir));
	for (int i = 0; i < 9; i++) {
		snprintf(path, sizeof(path), "%s/f%d", dir, i);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
	look_into(dir);
	for (int i = 0; i < 9; i++) {
		snprintf(path, sizeof(path), "%s/f%d", dir, i);
		unlink(path);
	}
	rmdir(dir);
	oracle_end();
}

/* Streams that are channels ------------------------------------------------ */

static ssize_t write_to_chan(void *c, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pgo_chan_send(c, p + i);
	return (ssize_t)n;
}

static ssize_t read_from_chan(void *c, char *p, size_t n)
{
	if (!n || pgo_chan_recv(c, p))
		return 0;
	return 1;
}

static int close_chan(void *c)
{
	pgo_chan_close(c);
	return 0;
}

static void print_lines(void *c)
{
	cookie_io_functions_t io = { .write = write_to_chan,
				     .close = close_chan };
	FILE *f = fopencookie(c, "w", io);

	for (int i = 0; i < 50; i++)
		fprintf(f, "line %d of %Lf\n", i, (long double)i / 3);
	fclose(f);
}

static void stream_through_a_channel(void *arg)
{
	cookie_io_functions_t io = { .read = read_from_chan };
	struct pgo_chan *c = pgo_chan_make(1, 0);
	FILE *f = fopencookie(c, "r", io);
	long double third;
	int n, seen = 0;

	(void)arg;
	pgo_go(print_lines, c);
	while (fscanf(f, "line %d of %Lf\n", &n, &third) == 2)
		seen += n == seen && third >= 0;
	fclose(f);
	CHECK(seen == 50);
	pgo_chan_free(c);
}

/* Threads' own ------------------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_calls;

static void slow_once(void)
{
	pgo_sleep(5 * MS);
	once_calls += ask(0);
}

static void enter_once(void *wg)
{
	pthread_once(&once, slow_once);
	CHECK(once_calls == 1);
	pgo_waitgroup_done(wg);
}

static struct {
	pthread_mutex_t m;
	pthread_cond_t c;
	int turn, sum;
} relay = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };

static void pass_on(int mine)
{
	for (int i = 0; i < 20; i++) {
		pthread_mutex_lock(&relay.m);
		while (relay.turn % 3 != mine)
			pthread_cond_wait(&relay.c, &relay.m);
		relay.turn++;
		relay.sum += mine;
		pthread_cond_broadcast(&relay.c);
		pthread_mutex_unlock(&relay.m);
	}
}

static void pass_on_1(void *wg)
{
	pass_on(1);
	pgo_waitgroup_done(wg);
}

static void *pass_on_0(void *arg)
{
	pass_on(0);
	return arg;
}

static void share_with_threads(void *arg)
{
	struct pgo_waitgroup wg = { 0 };
	pthread_t thread;

	(void)arg;
	oracle_begin();
	relay.turn = relay.sum = 0;
	pgo_waitgroup_add(&wg, 6);
	for (int i = 0; i < 5; i++)
		pgo_go(enter_once, &wg);
	/* A thread, a goroutine and this one, each waiting for the last. */
	CHECK(!pthread_create(&thread, NULL, pass_on_0, NULL));
	pgo_go(pass_on_1, &wg);
	pass_on(2);
	pgo_waitgroup_wait(&wg);
	pthread_join(thread, NULL);
	CHECK(relay.sum == 60);
	oracle_end();
}

/* Within callbacks --------------------------------------------------------- */

/*
 * Callback, C, callback: DEPTH_OF_SORTS deep, and each has waited.  A
 * sanitizer's qsort() compares twice: only the first way leads down.
 */
enum { DEPTH_OF_SORTS = 60 };

static int depth, deepest;

static int sort_below(const void *a, const void *b)
{
	int two[2] = { *(const int *)b, *(const int *)a };
	int got;

	if (++depth > deepest)
		deepest = depth;
	wait_somehow(waits++);
	if (depth == deepest && depth < DEPTH_OF_SORTS)
		qsort(two, 2, sizeof(int), sort_below);
	got = ask(depth);
	CHECK(got == depth + 1);
	depth--;
	return *(const int *)a - *(const int *)b;
}

static void sort_in_sorts(void *arg)
{
	int two[2] = { 2, 1 };

	(void)arg;
	deepest = 0;
	oracle_begin();
	qsort(two, 2, sizeof(int), sort_below);
	CHECK(two[0] == 1 && two[1] == 2);
	CHECK(depth == 0 && deepest == DEPTH_OF_SORTS);
	oracle_end();
}

static jmp_buf out;

__attribute__((noinline)) static int descend(int n)
{
	volatile char pad[200];

	pad[n % 200] = (char)n;
	return n ? descend(n - 1) + 1 : pad[0];
}

static int leave(const void *a, const void *b)
{
	jmp_buf here;
	volatile int inner = 0;

	(void)a;
	(void)b;
	wait_somehow(waits++);
	/* A jump that stays in the callback, and one that does not. */
	if (!setjmp(here))
		longjmp(here, 1);
	inner++;
	longjmp(out, 1 + inner);
}

static void jump_out_of_sorts(void *arg)
{
	volatile int jumps = 0, i;

	(void)arg;
	for (i = 0; i < 100; i++) {
		int got = setjmp(out);

		if (!got)
			qsort(numbers, N, sizeof(int), leave);
		jumps += got == 2;
		CHECK(descend(300) == 300);
		pgo_yield();
	}
	CHECK(jumps == 100);
}

static _Atomic long turns;
static _Atomic int stop_turning;

static void turn(void *arg)
{
	while (!stop_turning) {
		turns++;
		pgo_sleep(MS / 2);
	}
	pgo_chan_close(arg);
}

/* Never waits: others run all the same, on the one P. */
static int spin(const void *a, const void *b)
{
	struct timespec t;
	long before = turns;
	int64_t end;

	clock_gettime(CLOCK_MONOTONIC, &t);
	end = t.tv_sec + 5;
	do
		clock_gettime(CLOCK_MONOTONIC, &t);
	while (turns < before + 3 && t.tv_sec < end);
	CHECK(turns >= before + 3);
	return *(const int *)a - *(const int *)b;
}

static void spin_in_callbacks(void *arg)
{
	struct pgo_chan *over = pgo_chan_make(1, 0);
	int five[5] = { 5, 4, 3, 2, 1 };

	(void)arg;
	stop_turning = 0;
	pgo_go(turn, over);
	qsort(five, 5, sizeof(int), spin);
	stop_turning = 1;
	pgo_chan_recv(over, NULL);
	pgo_chan_free(over);
}

/* Many --------------------------------------------------------------------- */

enum { SORTERS = 40 };

static int compare_plainly(const void *a, const void *b)
{
	wait_somehow((unsigned)*(const int *)a);
	return *(const int *)a - *(const int *)b;
}

static void sort_alone(void *wg)
{
	int v[64];

	fill(v, 64);
	for (int i = 0; i < 64; i++)
		v[i] = 63 - i;
	qsort(v, 64, sizeof(int), compare_plainly);
	CHECK(is_sorted(v, 64));
	pgo_waitgroup_done(wg);
}

static void sort_many(void *arg)
{
	struct pgo_waitgroup wg = { 0 };

	(void)arg;
	pgo_waitgroup_add(&wg, SORTERS);
	for (int i = 0; i < SORTERS; i++)
		pgo_go(sort_alone, &wg);
	pgo_waitgroup_wait(&wg);
}

/* Both sides in a callback: the channel has only bound goroutines. */
static struct pgo_chan *ping, *pong;

static int play(const void *a, const void *b)
{
	bool first = *(const int *)a + *(const int *)b == 3;
	int v = 0;

	for (int i = 0; i < 20; i++) {
		if (first)
			pgo_chan_send(ping, &i);
		CHECK(!pgo_chan_recv(first ? pong : ping, &v) && v == i);
		if (!first)
			pgo_chan_send(pong, &i);
	}
	return *(const int *)a - *(const int *)b;
}

static void play_second(void *wg)
{
	int two[2] = { 20, 10 };

	qsort(two, 2, sizeof(int), play);
	pgo_waitgroup_done(wg);
}

static void play_in_callbacks(void *arg)
{
	struct pgo_waitgroup wg = { 0 };
	int two[2] = { 2, 1 };

	(void)arg;
	ping = pgo_chan_make(sizeof(int), 0);
	pong = pgo_chan_make(sizeof(int), 0);
	pgo_waitgroup_add(&wg, 1);
	pgo_go(play_second, &wg);
	qsort(two, 2, sizeof(int), play);
	pgo_waitgroup_wait(&wg);
	pgo_chan_free(ping);
	pgo_chan_free(pong);
}

/* -------------------------------------------------------------------------- */

static void hold(void (*fn)(void *))
{
	struct pgo_go_opts contiguous = { .size = sizeof(contiguous),
					  .stack = PGO_STACK_CONTIGUOUS };

	failures = 0;
	on_goroutine(fn, NULL);
	assert_int_equal(failures, 0);
	on_goroutine_as(&contiguous, fn, NULL);
	assert_int_equal(failures, 0);
}

#define HOLDS(name, fn) \
	static void name(void **state) \
	{ \
		(void)state; \
		hold(fn); \
	}

HOLDS(comparators_wait, sort_and_search)
HOLDS(trees_wait, walk_a_tree)
HOLDS(folders_wait, walk_folders)
HOLDS(streams_wait, stream_through_a_channel)
HOLDS(threads_and_goroutines_wait_for_each_other, share_with_threads)
HOLDS(callbacks_in_callbacks_wait, sort_in_sorts)
HOLDS(a_jump_leaves_a_callback_whole, jump_out_of_sorts)
HOLDS(who_spins_in_a_callback_holds_up_nobody, spin_in_callbacks)
HOLDS(many_wait_at_once, sort_many)
HOLDS(two_talk_from_callbacks, play_in_callbacks)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparators_wait),
		cmocka_unit_test(trees_wait),
		cmocka_unit_test(folders_wait),
		cmocka_unit_test(streams_wait),
		cmocka_unit_test(threads_and_goroutines_wait_for_each_other),
		cmocka_unit_test(callbacks_in_callbacks_wait),
		cmocka_unit_test(a_jump_leaves_a_callback_whole),
		cmocka_unit_test(who_spins_in_a_callback_holds_up_nobody),
		cmocka_unit_test(many_wait_at_once),
		cmocka_unit_test(two_talk_from_callbacks),
	};

	setenv("GOMAXPROCS", "1", 0);
	return cmocka_run_group_tests(tests, world_begin, world_end);
}
