/*
 * Locks and notes.
 *
 * A lock spins for a moment, since every section of the runtime is short, then
 * sleeps.  To let go is a plain store and a look at who sleeps, with no fence
 * between them: who is about to sleep says so, makes all threads pass a
 * barrier, and looks at the lock once more.  So the holder sees the sleeper, or
 * the sleeper sees the lock free.  Not chosen: Drepper's word of three states
 * (Futexes are tricky), whose exchange costs 5 ns each time.
 */
#include "runtime/lock.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>

#include "lib/base/clock.h"
#include "runtime/barrier.h"
#include "runtime/fatal.h"
#include "runtime/forked.h"
#include "runtime/sys.h"

/* About a microsecond: longer than any section that does not allocate. */
enum { LOCK_SPINS = 60 };

/* Where the kernel has no barrier for us, nobody may hear who sleeps. */
enum { NAP_NS = 50000 };

_Atomic uint32_t lock_beds[LOCK_BEDS];

void futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t deadline_ns)
{
	struct timespec ts = { deadline_ns / 1000000000,
			       deadline_ns % 1000000000 };
	long rc;

	/* Nobody would come. */
	forked_check();
	/* The bitset form takes an absolute time. */
	rc = sys_call6(SYS_futex, (long)word,
		       FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, value,
		       deadline_ns < 0 ? 0 : (long)&ts, 0,
		       (long)(unsigned)FUTEX_BITSET_MATCH_ANY);
	if (rc < 0 && rc != -EAGAIN && rc != -EINTR && rc != -ETIMEDOUT)
		fatal_throw("futex(2) fails to wait (is there a seccomp "
			    "filter against it?)");
}

void futex_wake(_Atomic uint32_t *word, int count)
{
	/* Whoever sleeps there would for ever. */
	if (sys_call(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, 0) < 0)
		fatal_throw("futex(2) fails to wake (is there a seccomp "
			    "filter against it?)");
}

static bool spin(struct lock *l)
{
	for (int i = 0; i < LOCK_SPINS; i++) {
		if (lock_try(l))
			return true;
		__builtin_ia32_pause();
	}
	return false;
}

void lock_wait(struct lock *l)
{
	_Atomic uint32_t *bed = lock_bed(l);
	bool heard;

	if (spin(l))
		return;
	atomic_fetch_add(bed, 1);
	heard = barrier_all();
	while (!lock_try(l)) {
		if (heard)
			futex_wait(&l->word, 1, -1);
		else
			sys_nanosleep(NAP_NS);
	}
	atomic_fetch_sub(bed, 1);
}

void lock_wake(struct lock *l)
{
	futex_wake(&l->word, 1);
}

void note_wake(struct note *n)
{
	/* Release: what the waiter was woken for.  Pairs with note_wait(). */
	atomic_store_explicit(&n->set, 1, memory_order_release);
	futex_wake(&n->set, 1);
}

bool note_wait(struct note *n, int64_t deadline_ns)
{
	while (!atomic_load_explicit(&n->set, memory_order_acquire)) {
		if (deadline_ns >= 0 && clock_mono_ns() >= deadline_ns)
			return false;
		futex_wait(&n->set, 0, deadline_ns);
	}
	/* An exchange: a second note_wake() that this clears too has its reason
	 * seen after it.  A plain store could pass the caller's next look. */
	atomic_exchange(&n->set, 0);
	return true;
}
