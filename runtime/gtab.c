/*
 * The table grows by chunks of 4096 rows and as many Gs beside them.  A chunk
 * is published once and stays for ever, so readers need no lock.
 */
#include "runtime/gtab.h"

#include "runtime/g.h"
#include "runtime/sys.h"

/* Longer than a scan takes, unless its thread was taken off the CPU. */
enum { MOVE_SPINS = 500 };

enum { GTAB_SLOTS = GTAB_CHUNK * GTAB_CHUNKS };

struct gtab gtab;

static struct gtab_chunk *chunk_of(uint32_t slot)
{
	/* Acquire: pairs with the release in grow(). */
	return atomic_load_explicit(&gtab.chunk[slot / GTAB_CHUNK],
				    memory_order_acquire);
}

/* gtab.lock held */
static struct gtab_chunk *grow(uint32_t slot)
{
	struct gtab_chunk *c = sys_map(sizeof(*c));

	if (c)
		atomic_store_explicit(&gtab.chunk[slot / GTAB_CHUNK], c,
				      memory_order_release);
	return c;
}

struct g *gtab_new_slot(void)
{
	struct g *gp = NULL;
	struct gtab_chunk *c = NULL;
	uint32_t slot;

	lock_get(&gtab.lock);
	slot = atomic_load_explicit(&gtab.count, memory_order_relaxed);
	if (slot < GTAB_SLOTS) {
		c = chunk_of(slot);
		if (!c)
			c = grow(slot);
	}
	if (c) {
		gp = &c->g[slot % GTAB_CHUNK];
		gp->slot = (int32_t)slot;
		gp->row = &c->row[slot % GTAB_CHUNK];
		/* Release: the slot is there.  Pairs with gtab_count(). */
		atomic_store_explicit(&gtab.count, slot + 1,
				      memory_order_release);
	}
	lock_put(&gtab.lock);
	return gp;
}

uint32_t gtab_count(void)
{
	return atomic_load_explicit(&gtab.count, memory_order_acquire);
}

struct gtab_row *gtab_row(uint32_t slot)
{
	return &chunk_of(slot)->row[slot % GTAB_CHUNK];
}

struct g *gtab_g(uint32_t slot)
{
	return &chunk_of(slot)->g[slot % GTAB_CHUNK];
}

static bool claim(struct gtab_row *row, uint32_t was)
{
	/* Acquire: what the goroutine stored before it left its M. */
	return atomic_compare_exchange_strong_explicit(
		&row->status, &was, was | G_SCAN, memory_order_acquire,
		memory_order_relaxed);
}

bool gtab_begin_scan(uint32_t slot, uint32_t *status)
{
	struct gtab_row *row = gtab_row(slot);
	uint32_t was = atomic_load_explicit(&row->status, memory_order_relaxed);
	unsigned state = gtab_state(was);

	if ((was & G_SCAN) || (state != G_RUNNABLE && state != G_WAITING))
		return false;
	*status = was;
	return claim(row, was);
}

bool gtab_begin_scan_idle(uint32_t slot)
{
	return claim(gtab_row(slot), G_IDLE);
}

void gtab_end_scan(uint32_t slot, uint32_t status)
{
	/* Release: we are done with its stack.  Pairs with gtab_move(). */
	atomic_store_explicit(&gtab_row(slot)->status, status,
			      memory_order_release);
}

void gtab_move(struct gtab_row *row, uint32_t from, uint32_t to)
{
	uint32_t was = from;
	int spins = 0;

	while (!atomic_compare_exchange_weak_explicit(&row->status, &was, to,
						      memory_order_acq_rel,
						      memory_order_relaxed)) {
		was = from;
		if (++spins < MOVE_SPINS)
			__builtin_ia32_pause();
		else
			sys_call(SYS_sched_yield, 0, 0, 0, 0);
	}
}
