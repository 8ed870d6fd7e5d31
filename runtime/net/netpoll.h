/*
 * The kernel's news of connections, and who looks for them.
 *
 * The scheduler looks without waiting when it has nothing else to run; one idle
 * M waits for news instead of sleeping on its note; sysmon looks when nobody
 * has for 10 ms.
 */
#ifndef PGO_RUNTIME_NET_NETPOLL_H
#define PGO_RUNTIME_NET_NETPOLL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct g;
struct m;
struct p;
struct pgo_conn;

/* Zero but for the descriptors while nobody has used the network.  For
 * pgo_layout; all others use the functions. */
extern struct netpoll {
	_Atomic int32_t waiting;        /* who wait for news */
	_Atomic(struct m *) poller;     /* who waits in epoll, or is about to */
	_Atomic uint64_t wakes;         /* who were woken by news */
	_Atomic int64_t looked_ns;      /* the last look without waiting */
	_Atomic uint32_t looking;       /* one of those goes on */
	_Atomic uint32_t is_open;
	int epoll;                      /* constant once it is open */
	int bell;                       /* constant: an eventfd that ends the
					 * poller's wait */
} netpoll __attribute__((visibility("hidden")));

/* Connections ------------------------------------------------------------- */

/* What happens to FD goes to C from now on; no more, before FD is closed.  0
 * or -E.  [any] */
int netpoll_add(int fd, struct pgo_conn *c);
void netpoll_remove(int fd);

/* One more, or less, who waits for news.  [any] */
static inline void netpoll_begin_wait(void)
{
	/* Sequentially consistent: before the look at who polls.  Pairs with
	 * that of an M on its way to sleep, in netpoll_sleep(). */
	atomic_fetch_add(&netpoll.waiting, 1);
}

/* N of them do no more: once somebody is awake, or queued, who is not idle
 * until they run.  Else the program is dead between the two. */
static inline void netpoll_end_wait(uint32_t n)
{
	atomic_fetch_sub(&netpoll.waiting, (int32_t)n);
}

/* The scheduler ----------------------------------------------------------- */

/* Whether somebody waits for news: then the program is not dead.  [any] */
static inline bool netpoll_is_awaited(void)
{
	return atomic_load(&netpoll.waiting) > 0;
}

/* Whether somebody waits for news and nobody waits in epoll: an M should look.
 * [any] */
static inline bool netpoll_is_unwatched(void)
{
	return netpoll_is_awaited() && !atomic_load(&netpoll.poller);
}

/* Looks, without waiting, for news: the first who is to run, the others are
 * put on PP, the caller's P.  NULL: none.  [m] */
struct g *netpoll_find(struct p *pp);

/* M is idle: as note_wait() on its note, but that it returns at any time,
 * having queued whoever had news meanwhile.  [m] */
bool netpoll_sleep(struct m *m, int64_t deadline_ns);

/* As note_wake() on M's note, wherever it sleeps.  [any] [sig] */
void netpoll_wake_m(struct m *m);

/* Who were woken by news so far.  [any] */
uint64_t netpoll_wakes(void);

/* A turn of sysmon's. */
void netpoll_turn(int64_t now_ns);

/* The child of a fork() has nothing to do with its parent's news. */
void netpoll_in_child(void);

#endif
