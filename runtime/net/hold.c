/*
 * All in one word, so that a call begins and ends with one compare and swap
 * each, as in Go's internal/poll (fdMutex):
 *
 *   bit 0     closed
 *   bit 1, 2  somebody has the turn to read, to write
 *   3 .. 22   users; open counts as one, and so do all who wait
 *   23 .. 42  who wait for the turn to read, 43 .. 62 to write
 *
 * A turn is not handed over: who ends one lets one of those who wait try again,
 * and others may come first.
 */
#include "runtime/net/hold.h"

#include <errno.h>
#include <stdatomic.h>

#include "runtime/fatal.h"
#include "runtime/forked.h"
#include "runtime/sema.h"

#define CLOSED UINT64_C(1)
#define USER (UINT64_C(1) << 3)
#define FIELD_MAX ((UINT64_C(1) << 20) - 1)

enum { USERS_SHIFT = 3, WAITS_SHIFT = 23, WAITS_BITS = 20 };

static uint64_t turn_bit(enum turn turn)
{
	return turn == TURN_NONE ? 0 : UINT64_C(2) << turn;
}

static unsigned waits_shift(enum turn turn)
{
	return WAITS_SHIFT + WAITS_BITS * (unsigned)turn;
}

static uint64_t waits(uint64_t word, enum turn turn)
{
	return turn == TURN_NONE ? 0 : word >> waits_shift(turn) & FIELD_MAX;
}

static uint64_t one_wait(enum turn turn)
{
	return UINT64_C(1) << waits_shift(turn);
}

void hold_init(struct hold *h)
{
	*h = (struct hold){ 0 };
	atomic_store(&h->word, USER);
}

static void check_room(uint64_t field)
{
	if (field == FIELD_MAX)
		fatal_throw("more than a million calls at one time on one "
			    "connection");
}

int hold_begin(struct hold *h, enum turn turn, const void *owner)
{
	uint64_t bit = turn_bit(turn);
	uint64_t old = atomic_load(&h->word);
	uint64_t user = USER;
	uint64_t next;

	for (;;) {
		if (old & CLOSED)
			return user ? -EBADF : 1;
		check_room(old >> USERS_SHIFT & FIELD_MAX);
		next = (old & bit ? old + one_wait(turn) : old | bit) + user;
		if (!atomic_compare_exchange_weak(&h->word, &old, next))
			continue;
		if (!(old & bit))
			return 0;
		user = 0;
		sema_acquire(&h->queue[turn], WAIT_IO, owner);
		old = atomic_load(&h->word);
	}
}

bool hold_end(struct hold *h, enum turn turn)
{
	uint64_t old = atomic_load(&h->word);
	uint64_t next;

	do {
		next = (old & ~turn_bit(turn)) - USER;
		if (waits(old, turn))
			next -= one_wait(turn);
	} while (!atomic_compare_exchange_weak(&h->word, &old, next));
	if (waits(old, turn))
		pgo_sema_release(&h->queue[turn]);
	return next & CLOSED && !(next >> USERS_SHIFT & FIELD_MAX);
}

bool hold_close(struct hold *h)
{
	uint64_t users = USER * FIELD_MAX | turn_bit(TURN_READ) |
			 turn_bit(TURN_WRITE);
	uint64_t old = atomic_load(&h->word);

	do {
		if (old & CLOSED)
			return false;
	} while (!atomic_compare_exchange_weak(&h->word, &old,
					       (old & users) | CLOSED));
	/* The child of a fork() has none of them. */
	if (is_forked)
		return true;
	for (enum turn turn = TURN_READ; turn < TURN_NONE; turn++)
		for (uint64_t n = waits(old, turn); n; n--)
			pgo_sema_release(&h->queue[turn]);
	return true;
}
