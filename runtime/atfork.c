/* What the child of a fork() forgets of its parent's threads. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "runtime/forked.h"
#include "runtime/heapprof.h"
#include "runtime/net/netpoll.h"
#include "runtime/sched.h"
#include "runtime/seg.h"
#include "runtime/signal.h"

/* What others asked of this thread, they asked of the parent's.  In C it is:
 * fork() is. */
static void forget_requests(struct m *m)
{
	m->attn = 0;
	if (m->g)
		atomic_store_explicit(&m->g->preempt, 0, memory_order_relaxed);
}

/* By pthread_atfork(), the runtime's before those of most others. */
static void in_child(void)
{
	struct m *m = m_get();

	is_forked = true;
	atomic_fetch_or(&sched.slow, SLOW_ALWAYS);
	if (m)
		forget_requests(m);
	netpoll_in_child();
	signal_in_child();
	seg_in_child();
	heapprof_unlock();
}

/* The child may allocate: what is locked for that must not be another's. */
int forked_setup(void)
{
	return pthread_atfork(heapprof_lock, heapprof_unlock, in_child) ?
		       -ENOMEM : 0;
}
