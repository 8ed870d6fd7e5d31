/*
 * epoll, edge-triggered: a connection is added once, for both directions, and
 * each change is told once.  Reading and writing try first and wait after
 * (io.c), so no change is missed.
 *
 * The one M that waits in epoll has no P, and is on the idle list as others.
 * It must be woken by the bell then, for its note alone it would not hear: it
 * says that it polls first and looks at its note after, while who wakes it
 * sets the note first and looks for the poller after.  The bell is told as
 * long as it is not answered, and only the poller answers it: a look by
 * others does not take it away.
 *
 * Without an idle P nobody waits here: the Ms that run look by themselves, many
 * news at a time, and an M that wakes for each of them costs more than they do.
 *
 * Each of many connections, and who waits for it, was touched for the last time
 * long ago: their memory is asked for first, of all that a look has found, and
 * used after.  That takes a tenth off the time of test/bench/echo.
 *
 * Not chosen: io_uring.  Seccomp filters of containers forbid it.
 */
#include "runtime/net/netpoll.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "lib/base/clock.h"
#include "runtime/fatal.h"
#include "runtime/forked.h"
#include "runtime/net/conn.h"
#include "runtime/sched.h"
#include "runtime/sys.h"
#include "runtime/waiter.h"

enum {
	EVENTS = 128,           /* a look; 1.5 KB of the thread's stack */
	UNSEEN_NS = 10000000,   /* then sysmon looks */
	NS_A_MS = 1000000,
	NS_A_S = 1000000000,
};

struct netpoll netpoll;

static struct lock opening;

/* Descriptors -------------------------------------------------------------- */

static int add(int epoll, int fd, uint32_t events, void *what)
{
	struct epoll_event ev = { .events = events, .data.ptr = what };

	return (int)sys_call(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void close_fd(long fd)
{
	if (fd >= 0)
		sys_call(SYS_close, fd, 0, 0, 0);
}

/* Lock held. */
static int open_epoll(void)
{
	long epoll = sys_call(SYS_epoll_create1, EPOLL_CLOEXEC, 0, 0, 0);
	long bell = sys_call(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK, 0, 0);
	long rc = epoll < 0 ? epoll : bell < 0 ? bell : 0;

	if (!rc)
		rc = add((int)epoll, (int)bell, EPOLLIN, NULL);
	if (rc) {
		close_fd(epoll);
		close_fd(bell);
		return (int)rc;
	}
	netpoll.epoll = (int)epoll;
	netpoll.bell = (int)bell;
	atomic_store(&netpoll.is_open, 1);
	return 0;
}

static int open_once(void)
{
	int rc = 0;

	if (atomic_load(&netpoll.is_open))
		return 0;
	lock_get(&opening);
	if (!atomic_load(&netpoll.is_open))
		rc = open_epoll();
	lock_put(&opening);
	return rc;
}

int netpoll_add(int fd, struct pgo_conn *c)
{
	int rc;

	forked_check();
	rc = open_once();
	if (rc)
		return rc;
	return add(netpoll.epoll, fd,
		   EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET, c);
}

void netpoll_remove(int fd)
{
	/* A duplicate of FD, of a child's too, would keep it there.  And there
	 * it is the parent's. */
	if (!is_forked)
		sys_call(SYS_epoll_ctl, netpoll.epoll, EPOLL_CTL_DEL, fd, NULL);
}

void netpoll_in_child(void)
{
	if (!atomic_load(&netpoll.is_open))
		return;
	close_fd(netpoll.epoll);
	close_fd(netpoll.bell);
	/* Nobody rings that bell: its number may be another's. */
	atomic_store(&netpoll.poller, NULL);
}

/* News --------------------------------------------------------------------- */

/* Who is to be woken, in the order of their news. */
struct woken {
	struct waiter *waiter[2 * EVENTS];
	uint32_t count;
};

static void note_woken(struct woken *to, struct waiter *w)
{
	if (!w)
		return;
	__builtin_prefetch(w);
	to->waiter[to->count++] = w;
}

static void wake(struct waiter *w, struct gchain *chain)
{
	atomic_fetch_add_explicit(&netpoll.wakes, 1, memory_order_relaxed);
	if (w->g) {
		struct g *gp = w->g;

		fiber_release(w);
		/* W is gone once it can run. */
		sched_unpark(gp);
		gchain_add(chain, gp);
	} else {
		waiter_wake(w);
	}
}

static void wake_all(const struct woken *woken, struct gchain *chain)
{
	for (uint32_t i = 0; i < woken->count; i++) {
		struct g *gp = woken->waiter[i]->g;

		if (gp) {
			__builtin_prefetch(&gp->cur);
			__builtin_prefetch(&gp->row);
			__builtin_prefetch(&gp->reason);
		}
	}
	for (uint32_t i = 0; i < woken->count; i++)
		wake(woken->waiter[i], chain);
}

static void tell(struct pgo_conn *c, uint32_t events, struct woken *to)
{
	bool surprise = events & ~(uint32_t)(EPOLLIN | EPOLLOUT);

	if (events & ~(uint32_t)EPOLLOUT)
		note_woken(to, side_news(&c->side[TURN_READ], surprise));
	if (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
		note_woken(to, side_news(&c->side[TURN_WRITE], surprise));
}

/* The poller's. */
static void answer_bell(void)
{
	uint64_t rung;

	sys_call(SYS_read, netpoll.bell, &rung, sizeof(rung), 0);
}

static long wait_ms(struct epoll_event *ev, int64_t ms)
{
	return sys_call(SYS_epoll_wait, netpoll.epoll, ev, EVENTS,
			ms > INT32_MAX ? INT32_MAX : ms);
}

/* For WAIT_NS, below 0 for ever.  Kernels before 5.11, and valgrind, count
 * milliseconds: rather too late than too early. */
static long wait_for_events(struct epoll_event *ev, int64_t wait_ns)
{
	static _Atomic bool is_old;
	struct timespec wait = { wait_ns / NS_A_S, wait_ns % NS_A_S };
	long n;

	if (wait_ns <= 0)
		return wait_ms(ev, wait_ns);
	if (!fiber_watch.valgrind &&
	    !atomic_load_explicit(&is_old, memory_order_relaxed)) {
		n = sys_call6(SYS_epoll_pwait2, netpoll.epoll, (long)ev, EVENTS,
			      (long)&wait, 0, 0);
		if (n != -ENOSYS && n != -EPERM)
			return n;
		atomic_store_explicit(&is_old, true, memory_order_relaxed);
	}
	return wait_ms(ev, (wait_ns + NS_A_MS - 1) / NS_A_MS);
}

/* Who has news is appended to CHAIN, no longer parked.  How many had, threads
 * too, for netpoll_end_wait(). */
static uint32_t look(int64_t wait_ns, bool is_poller, struct gchain *chain)
{
	struct epoll_event ev[EVENTS];
	long n = wait_for_events(ev, wait_ns);
	struct woken woken;

	if (n < 0 && n != -EINTR)
		fatal_throw("epoll_wait(2) fails (was its descriptor "
			    "closed?)");
	woken.count = 0;
	for (long i = 0; i < n; i++)
		__builtin_prefetch(ev[i].data.ptr, 1);
	for (long i = 0; i < n; i++) {
		if (ev[i].data.ptr)
			tell(ev[i].data.ptr, ev[i].events, &woken);
		else if (is_poller)
			answer_bell();
	}
	wake_all(&woken, chain);
	return woken.count;
}

/* Without waiting; more than one at a time would only wait for each other in
 * the kernel. */
static uint32_t look_now(struct gchain *chain, int64_t now_ns)
{
	uint32_t n;

	if (atomic_exchange(&netpoll.looking, 1))
		return 0;
	atomic_store_explicit(&netpoll.looked_ns, now_ns,
			      memory_order_relaxed);
	n = look(0, false, chain);
	atomic_store(&netpoll.looking, 0);
	return n;
}

/* The scheduler ------------------------------------------------------------ */

struct g *netpoll_find(struct p *pp)
{
	struct gchain chain = { 0 };
	struct g *gp;

	if (!netpoll_is_unwatched())
		return NULL;
	/* Who has a P is awake. */
	netpoll_end_wait(look_now(&chain, clock_coarse_ns()));
	gp = chain.head;
	if (!gp)
		return NULL;
	chain.head = gp->link;
	chain.count--;
	if (chain.head) {
		runq_put_chain(&pp->runq, &chain);
		sched_put_global(&chain);
		sched_wake();
	}
	return gp;
}

static void poll_until(struct m *m, int64_t deadline_ns)
{
	struct gchain chain = { 0 };
	int64_t left = -1;
	uint32_t n = 0;

	if (deadline_ns >= 0) {
		left = deadline_ns - clock_mono_ns();
		if (left < 0)
			left = 0;
	}
	/* Sequentially consistent: after poller was set. */
	if (!atomic_load(&m->note.set))
		n = look(left, true, &chain);
	atomic_store(&netpoll.poller, NULL);
	sched_put_global(&chain);
	/* The caller asks whether the program is dead before it sleeps. */
	netpoll_end_wait(n);
}

bool netpoll_sleep(struct m *m, int64_t deadline_ns)
{
	struct m *nobody = NULL;

	if (!netpoll_is_awaited() || !atomic_load(&sched.npidle) ||
	    !atomic_compare_exchange_strong(&netpoll.poller, &nobody, m))
		return note_wait(&m->note, deadline_ns);
	poll_until(m, deadline_ns);
	return note_wait(&m->note, 0);
}

void netpoll_wake_m(struct m *m)
{
	static const uint64_t one = 1;

	note_wake(&m->note);
	/* The note is set before this is looked at. */
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load(&netpoll.poller) == m)
		sys_write(netpoll.bell, &one, sizeof(one));
}

uint64_t netpoll_wakes(void)
{
	return atomic_load_explicit(&netpoll.wakes, memory_order_relaxed);
}

void netpoll_turn(int64_t now_ns)
{
	struct gchain chain = { 0 };
	uint32_t n;

	if (!netpoll_is_unwatched() ||
	    now_ns - atomic_load(&netpoll.looked_ns) < UNSEEN_NS)
		return;
	n = look_now(&chain, now_ns);
	if (!n)
		return;
	sched_put_global(&chain);
	netpoll_end_wait(n);
	/* Those may have run, and all be asleep, meanwhile: sysmon asks. */
	atomic_store(&sched.spared, 1);
	sched_wake();
}
