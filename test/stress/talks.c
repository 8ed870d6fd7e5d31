/*
 * Channels, select, locks, timers, contexts, calls that block.
 *
 * Some are between a goroutine and children of its own and end by themselves.
 * Others are between all of them, over locks and a channel they share: there a
 * count of what was done is held against what is left.
 */
#include "test/stress/talks.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

/* A producer and who takes ------------------------------------------------- */

struct producer {
	struct pgo_chan *to;
	int n;
	struct pgo_waitgroup *done;
};

static void produce(void *arg)
{
	struct producer *p = arg;

	for (int i = 1; i <= p->n; i++)
		pgo_chan_send(p->to, &i);
	pgo_chan_close(p->to);
	pgo_waitgroup_done(p->done);
}

static void start(struct producer *p, uint64_t *seed,
		  struct pgo_waitgroup *done)
{
	p->to = pgo_chan_make(sizeof(int), draw(seed) % 4);
	p->n = (int)(draw(seed) % 8);
	p->done = done;
	pgo_waitgroup_add(done, 1);
	pgo_go(produce, p);
}

static bool over_a_channel(uint64_t seed)
{
	struct pgo_waitgroup done = { 0 };
	struct producer p;
	int v, sum = 0;

	start(&p, &seed, &done);
	while (!pgo_chan_recv(p.to, &v))
		sum += v;
	pgo_waitgroup_wait(&done);
	pgo_chan_free(p.to);
	return sum == p.n * (p.n + 1) / 2;
}

static bool by_select(uint64_t seed)
{
	struct pgo_waitgroup done = { 0 };
	struct producer p[3];
	struct pgo_case cases[3];
	int v, sum = 0, want = 0;

	for (int i = 0; i < 3; i++) {
		start(&p[i], &seed, &done);
		want += p[i].n * (p[i].n + 1) / 2;
		cases[i] = (struct pgo_case){ p[i].to, PGO_RECV, &v, 0 };
	}
	for (int open = 3; open;) {
		int i = pgo_select(cases, 3, 0);

		if (cases[i].ok) {
			sum += v;
			continue;
		}
		cases[i].chan = NULL;
		open--;
	}
	pgo_waitgroup_wait(&done);
	for (int i = 0; i < 3; i++)
		pgo_chan_free(p[i].to);
	return sum == want;
}

/* Everybody's -------------------------------------------------------------- */

enum { LOCKS = 16, PERMITS = 4 };

static struct {
	struct pgo_chan *chan;
	_Atomic uint64_t sent, received;
	struct pgo_mutex mutex[LOCKS];
	long count[LOCKS];              /* mutex */
	_Atomic long counted;
	struct pgo_rwmutex rwmutex;
	long first, second;             /* rwmutex: always equal */
	struct pgo_sema sema;
	_Atomic int inside;
} all;

void talks_begin(void)
{
	talks_net_begin();
	all.chan = pgo_chan_make(sizeof(uint64_t), 16);
	for (int i = 0; i < PERMITS; i++)
		pgo_sema_release(&all.sema);
}

bool talks_add_up(void)
{
	long count = 0;

	talks_net_end();
	for (int i = 0; i < LOCKS; i++)
		count += all.count[i];
	return count == all.counted && all.sent == all.received &&
	       all.first == all.second && !all.inside;
}

/* Gives one to whoever, takes one from whoever, in either order. */
static bool exchange(uint64_t seed)
{
	uint64_t mine = seed, other = 0;
	struct pgo_case cases[] = {
		{ all.chan, PGO_SEND, &mine, 0 },
		{ all.chan, PGO_RECV, &other, 0 },
	};

	for (int i = 0; i < 2; i++)
		cases[pgo_select(cases, 2, 0)].chan = NULL;
	atomic_fetch_add(&all.sent, mine);
	atomic_fetch_add(&all.received, other);
	return true;
}

static bool count_up(uint64_t seed)
{
	int i = (int)(seed % LOCKS);
	long was;

	pgo_mutex_lock(&all.mutex[i]);
	was = all.count[i];
	if (draw(&seed) % 8 == 0)
		pgo_yield();
	all.count[i] = was + 1;
	pgo_mutex_unlock(&all.mutex[i]);
	atomic_fetch_add(&all.counted, 1);
	return true;
}

static bool read_or_write(uint64_t seed)
{
	bool same;

	if (draw(&seed) % 4) {
		pgo_rwmutex_rlock(&all.rwmutex);
		same = all.first == all.second;
		pgo_rwmutex_runlock(&all.rwmutex);
		return same;
	}
	pgo_rwmutex_lock(&all.rwmutex);
	all.first++;
	if (draw(&seed) % 8 == 0)
		pgo_yield();
	all.second++;
	pgo_rwmutex_unlock(&all.rwmutex);
	return true;
}

static bool with_a_permit(uint64_t seed)
{
	bool few;

	pgo_sema_acquire(&all.sema);
	few = atomic_fetch_add(&all.inside, 1) < PERMITS;
	if (draw(&seed) % 8 == 0)
		pgo_yield();
	atomic_fetch_sub(&all.inside, 1);
	pgo_sema_release(&all.sema);
	return few;
}

/* Time --------------------------------------------------------------------- */

static bool sleep_a_little(uint64_t seed)
{
	pgo_sleep(draw(&seed) % 300000);
	return true;
}

static bool time_out(uint64_t seed)
{
	struct pgo_chan *silent = pgo_chan_make(sizeof(int), 0);
	struct pgo_chan *after = pgo_after(draw(&seed) % 200000);
	int64_t when;
	int v, i;
	struct pgo_case cases[] = {
		{ silent, PGO_RECV, &v, 0 },
		{ after, PGO_RECV, &when, 0 },
	};

	i = pgo_select(cases, 2, 0);
	pgo_chan_free(silent);
	pgo_chan_free(after);
	return i == 1;
}

static bool stop_a_timer(uint64_t seed)
{
	struct pgo_timer *t = pgo_timer_new(draw(&seed) % 50000);
	bool stopped;
	int64_t when;

	pgo_yield();
	stopped = pgo_timer_stop(t);
	/* Nothing can be received once it is stopped. */
	if (pgo_chan_tryrecv(pgo_timer_chan(t), &when) != -EAGAIN)
		stopped = false, seed = 0;
	pgo_timer_free(t);
	return stopped || seed;
}

/* Calls that block --------------------------------------------------------- */

/* In C without a P; comes back to whichever is free. */
static void *nap_in_c(void *arg)
{
	usleep((useconds_t)(uintptr_t)arg % 100);
	return arg;
}

static bool block_for_a_while(uint64_t seed)
{
	void *word = (void *)(uintptr_t)draw(&seed);

	return pgo_blocking(nap_in_c, word) == word;
}

/* Contexts ----------------------------------------------------------------- */

static int wait_for_the_end(struct pgo_ctx *ctx, void *arg)
{
	int unused;

	if (arg)
		return -EIO;
	pgo_chan_recv(pgo_ctx_done(ctx), &unused);
	return 0;
}

static bool fail_together(uint64_t seed)
{
	struct pgo_group *group = pgo_group_new(pgo_ctx_background(), 0);
	int bad = (int)(seed % 3);

	for (int i = 0; i < 3; i++)
		pgo_group_go(group, wait_for_the_end, i == bad ? group : NULL);
	return pgo_group_wait(group) == -EIO;
}

const struct talk talks[] = {
	{ "channel", over_a_channel },
	{ "select", by_select },
	{ "exchange", exchange },
	{ "mutex", count_up },
	{ "rwmutex", read_or_write },
	{ "sema", with_a_permit },
	{ "sleep", sleep_a_little },
	{ "after", time_out },
	{ "timer", stop_a_timer },
	{ "socket", talk_over_a_socket },
	{ "connection", talk_over_a_connection },
	{ "block", talk_by_a_block },
	{ "blocking", block_for_a_while },
	{ "group", fail_together },
	{ NULL, NULL },
};
