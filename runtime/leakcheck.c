/*
 * A goroutine that was asked to end takes a while, so a look that finds some
 * is repeated, with naps that double up to a tenth of a second, as goleak for
 * Go does it: twenty looks in 0.43 s.
 *
 * PGODEBUG=leakcheck=1 looks when goroutine 1 has returned, while the others
 * still run, or else when exit(3) is called, and exit status 0 becomes 1.
 * exit(3) is called again for that, which glibc allows in a handler: whatever
 * else is to be done at exit is done.  Who calls exit(3) while the check is
 * under way waits for its verdict; glibc before 2.41 lets two threads do that
 * at one time, and takes a handler off its list before it calls it.
 */
#include "runtime/leakcheck.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pgo/go.h>
#include <pgo/leakcheck.h>
#include <pgo/sys.h>

#include "runtime/dump.h"
#include "runtime/env.h"
#include "runtime/forked.h"
#include "runtime/leakignore.h"
#include "runtime/lock.h"
#include "runtime/m.h"
#include "runtime/outfd.h"
#include "runtime/sched.h"
#include "runtime/sys.h"

#define WAIT_NS INT64_C(430000000)
#define FIRST_NAP_NS INT64_C(1000)
#define LONGEST_NAP_NS INT64_C(100000000)

enum { OUT_BYTES = 16 << 10 };

/* Room for one look; too large for any stack. */
struct look {
	struct dump d;
	int64_t after;
	struct outfd o;
	char buf[OUT_BYTES];
	struct leakignore ignore;
};

enum check { NOT_YET, UNDER_WAY, FOUND_NONE, FOUND };

static struct {
	bool wanted;            /* constant */
	_Atomic uint32_t check; /* who makes it UNDER_WAY goes on */
	_Atomic int64_t exiting; /* the goroutine that called exit(3) last */
} at_end;

/* One look ----------------------------------------------------------------- */

static bool is_leak(struct dump *d, const struct g *gp, void *ctx)
{
	const struct look *l = ctx;

	return gp->id != 1 && gp->id > l->after &&
	       gp->id != atomic_load(&at_end.exiting) &&
	       !leakignore_fits(&l->ignore, d, gp);
}

static void write_leaks(struct look *l, size_t n, int fd)
{
	outfd_begin(&l->o, fd, l->buf, sizeof(l->buf));
	l->d.out = &l->o.sink;
	text_put(l->d.out, "pgo: leakcheck: ");
	text_uint(l->d.out, n);
	text_put(l->d.out, n == 1 ? " goroutine has" : " goroutines have");
	text_put(l->d.out, " not ended\n");
	dump_some(&l->d, is_leak, l);
	outfd_flush(&l->o);
}

static int count_leaks(struct look *l, int fd)
{
	size_t n = dump_some(&l->d, is_leak, l);

	if (n && fd >= 0)
		write_leaks(l, n, fd);
	source_end(&l->d.source);
	return n < INT32_MAX ? (int)n : INT32_MAX;
}

/* How many leaks there are, or -E; they are written to FD unless that is below
 * 0.  On a thread's stack. */
static void *look(const struct pgo_leakcheck_opts *o, intptr_t fd)
{
	const struct m *m = m_get();
	struct look *l;
	intptr_t n;

	l = sys_map(sizeof(*l));
	if (!l)
		return (void *)(intptr_t)-ENOMEM;
	l->after = o->after;
	l->d.current = m && !m->insched ? m->g : NULL;
	leakignore_add(&l->ignore, env.leakcheck_ignore);
	n = leakignore_add(&l->ignore, o->ignore);
	if (!n)
		n = count_leaks(l, (int)fd);
	sys_unmap(l, sizeof(*l));
	return (void *)n;
}

static int look_for(const struct pgo_leakcheck_opts *o, int fd)
{
	return (int)(intptr_t)pgo_sys((void *)look, o, (intptr_t)fd);
}

/* All of them -------------------------------------------------------------- */

static int64_t min_ns(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int look_until(const struct pgo_leakcheck_opts *o, int fd)
{
	int64_t left_ns = o->wait_ns ? o->wait_ns : WAIT_NS;
	int64_t nap_ns = FIRST_NAP_NS;
	int n = look_for(o, -1);

	while (n > 0 && left_ns > 0) {
		pgo_sleep(min_ns(nap_ns, left_ns));
		left_ns -= nap_ns;
		nap_ns = min_ns(2 * nap_ns, LONGEST_NAP_NS);
		n = look_for(o, -1);
	}
	return n > 0 ? look_for(o, fd) : n;
}

int pgo_leakcheck_opts(const struct pgo_leakcheck_opts *o, int fd)
{
	struct pgo_leakcheck_opts opts = { 0 };

	if (!atomic_load(&sched.last_id) || (o && o->size > sizeof(opts)))
		return -EINVAL;
	if (o)
		memcpy(&opts, o, o->size);
	return look_until(&opts, fd);
}

int pgo_leakcheck(int fd)
{
	return pgo_leakcheck_opts(NULL, fd);
}

int64_t pgo_leakcheck_current(void)
{
	return atomic_load(&sched.last_id);
}

/* At the end --------------------------------------------------------------- */

static bool begin_check(void)
{
	uint32_t not_yet = NOT_YET;

	return at_end.wanted &&
	       atomic_compare_exchange_strong(&at_end.check, &not_yet,
					      UNDER_WAY);
}

static void check(void)
{
	bool found = pgo_leakcheck(STDERR_FILENO) > 0;

	atomic_store(&at_end.check, found ? FOUND : FOUND_NONE);
	futex_wake(&at_end.check, INT32_MAX);
}

static void at_exit(int status, void *arg)
{
	const struct g *gp = g_get();

	(void)arg;
	/* A child of fork() has none of them, whatever its memory says. */
	if (is_forked)
		return;
	if (gp)
		atomic_store(&at_end.exiting, gp->id);
	if (begin_check()) {
		/* For who calls exit() meanwhile. */
		on_exit(at_exit, NULL);
		check();
	}
	while (atomic_load(&at_end.check) == UNDER_WAY)
		futex_wait(&at_end.check, UNDER_WAY, -1);
	if (atomic_load(&at_end.check) == FOUND && !status)
		exit(EXIT_FAILURE);
}

void leakcheck_setup(void)
{
	at_end.wanted = env.leakcheck && !on_exit(at_exit, NULL);
}

void leakcheck_let_exit(void)
{
	_Atomic uint32_t never = 0;

	while (atomic_load(&at_end.exiting) && !is_forked)
		futex_wait(&never, 0, -1);
}

void leakcheck_main_returned(void)
{
	if (begin_check())
		check();
}
