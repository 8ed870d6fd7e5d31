#include "runtime/forked.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "runtime/m.h"
#include "runtime/seg.h"
#include "runtime/signal.h"
#include "runtime/sys.h"

bool is_forked;

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
	if (m)
		forget_requests(m);
	signal_in_child();
	seg_in_child();
}

int forked_setup(void)
{
	return pthread_atfork(NULL, NULL, in_child) ? -ENOMEM : 0;
}

/* No dump: names and goroutines are behind locks that others may have held. */
void forked_die(void)
{
	static const char text[] =
		"fatal error: pgo used in a child of fork(), where no "
		"goroutine runs (exec or _exit there, use posix_spawn(), or "
		"fork before pgo starts)\n";

	sys_write(STDERR_FILENO, text, sizeof(text) - 1);
	sys_exit_group(2);
}
