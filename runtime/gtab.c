/*
 * The table grows by chunks of 4096 rows and as many Gs beside them.  A chunk
 * is published once and stays for ever, so readers need no lock.
 */
#include "runtime/gtab.h"

#include "runtime/barrier.h"
#include "runtime/g.h"
#include "runtime/sys.h"

/* Longer than a scan takes, unless its thread was taken off the CPU. */
enum { CLAIM_SPINS = 500 };

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

struct times *gtab_times(uint32_t slot)
{
	return &chunk_of(slot)->times[slot % GTAB_CHUNK];
}

/* Claims ------------------------------------------------------------------- */

/* READING: every thread knows that there are readers.  Above it, how many. */
enum { READING = 1, READER = 2 };

_Atomic uint32_t gtab_readers;

static void end_reading(void)
{
	atomic_fetch_sub(&gtab_readers, READER);
}

/* False: not every thread could be told. */
static bool begin_reading(void)
{
	if (atomic_fetch_add(&gtab_readers, READER) & READING)
		return true;
	if (!barrier_all()) {
		end_reading();
		return false;
	}
	atomic_fetch_or(&gtab_readers, READING);
	return true;
}

void gtab_end_scans(void)
{
	uint32_t none = READING;

	if (atomic_load_explicit(&gtab_readers, memory_order_relaxed) == none)
		atomic_compare_exchange_strong(&gtab_readers, &none, 0);
}

static bool nobody_runs(uint32_t status)
{
	return gtab_state(status) == G_RUNNABLE ||
	       gtab_state(status) == G_WAITING;
}

static bool is_idle(uint32_t status)
{
	return gtab_state(status) == G_IDLE;
}

static void let_go(struct gtab_row *row)
{
	/* Release: we are done with its stack.  Pairs with the acquire in
	 * gtab_wait_claim(). */
	atomic_store_explicit(&row->claim, 0, memory_order_release);
	end_reading();
}

static bool claim(struct gtab_row *row, bool (*may)(uint32_t status),
		  uint32_t *status)
{
	uint32_t free = 0;

	if (!may(atomic_load_explicit(&row->status, memory_order_relaxed)) ||
	    !begin_reading())
		return false;
	if (!atomic_compare_exchange_strong(&row->claim, &free, 1)) {
		end_reading();
		return false;
	}
	/* After the claim; who stores G_RUNNING looks at that after it. */
	*status = atomic_load(&row->status);
	if (may(*status))
		return true;
	let_go(row);
	return false;
}

bool gtab_begin_scan(uint32_t slot, uint32_t *status)
{
	return claim(gtab_row(slot), nobody_runs, status);
}

bool gtab_begin_scan_idle(uint32_t slot)
{
	uint32_t status;

	return claim(gtab_row(slot), is_idle, &status);
}

void gtab_end_scan(uint32_t slot)
{
	let_go(gtab_row(slot));
}

void gtab_wait_claim(struct gtab_row *row)
{
	int spins = 0;

	/* The state before the claim: as it is the other way round in
	 * claim(). */
	atomic_thread_fence(memory_order_seq_cst);
	while (atomic_load_explicit(&row->claim, memory_order_acquire)) {
		if (++spins < CLAIM_SPINS)
			__builtin_ia32_pause();
		else
			sys_call(SYS_sched_yield, 0, 0, 0, 0);
	}
}
