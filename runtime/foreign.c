#include "runtime/foreign.h"

#include "runtime/sched.h"
#include "runtime/sysmon.h"

void foreign_begin_sleep(void)
{
	/* Sequentially consistent, as the counts of Ms: of a thread and an M
	 * that fall asleep at one time, one sees the other. */
	atomic_fetch_add(&sched.nforeign, 1);
}

void foreign_sleep(struct note *n)
{
	/* When sysmon asks again anyway, it is left to it. */
	if (!atomic_load(&sched.spared)) {
		lock_get(&sched.lock);
		sched_check_dead();
		lock_put(&sched.lock);
		if (atomic_load(&sched.spared))
			sysmon_wake();
	}
	note_wait(n, -1);
}

void foreign_wake(struct note *n)
{
	/* Awake from here on, whenever it gets to run. */
	atomic_fetch_sub(&sched.nforeign, 1);
	note_wake(n);
}
