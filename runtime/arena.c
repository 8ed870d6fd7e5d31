/*
 * Where contiguous stacks come from.
 *
 * Strides double from the usual one up to 8 MiB; they are carved from 64 MiB
 * reservations and kept on free lists, a size each, for ever.  Larger ones are
 * mapped and unmapped.  A guard is made once, when its stride is carved, and
 * outlives MADV_DONTNEED.
 *
 * Stacks begin at one of eight places in their first page: at one place, the
 * lines that each switch touches would be in the same few sets of the cache,
 * and of 16 goroutines that yield to each other each missed three times.
 *
 * Not chosen: looking for touched pages whenever a goroutine ends or parks.
 * mincore(2) of a stride takes 1.3 us, MADV_DONTNEED of nine pages 4.4 us; so
 * sysmon does it, for those that stand still for a second.
 */
#include "runtime/arena.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/fatal.h"
#include "runtime/fiber.h"
#include "runtime/lines.h"
#include "runtime/lock.h"
#include "runtime/seg.h"
#include "runtime/sys.h"

enum {
	STRIDE = 256 << 10,
	STRIDE_POOLED = 8 << 20,
	CLASSES = 6,            /* when the usual one is 256 KiB */
	CHUNK = 64 << 20,
	/* What runs there unchecked touches each page on its way down, or is
	 * a leaf of libc. */
	GUARD = 16 << 10,
	CANARY_ROOM = 64,       /* keeps the header in one cache line */
	COLOURS = 8,
	COLOUR_BYTES = 256,
	WINDOW = 1 << 20,       /* that one mincore(2) looks at */
	ADVICE_GUARD = 102,     /* MADV_GUARD_INSTALL */
	MAPPINGS = 65530,       /* the kernel's default for a process */
};

static struct {
	struct lock lock;               /* everything below */
	struct seg *free[CLASSES];      /* linked by ->next */
	char *chunk;
	size_t chunk_left;
	size_t stride;                  /* constant after arena_setup() */
	uint32_t made;                  /* stacks so far, for colours */
	enum arena_guard how;
	size_t guards;                  /* made by mprotect(2) */
	size_t guards_max;              /* constant after arena_setup() */
} arena = { .stride = STRIDE };

static void say(const char *line)
{
	sys_write(2, line, strlen(line));
}

/* Guards ------------------------------------------------------------------- */

static bool can_madvise(void)
{
	char *p = sys_map(SEG_PAGE);
	long rc = -1;

	if (p) {
		rc = sys_call(SYS_madvise, p, SEG_PAGE, ADVICE_GUARD, 0);
		sys_unmap(p, SEG_PAGE);
	}
	return !rc;
}

/* A guard splits its mapping in two; the program needs some as well. */
static size_t mprotect_max(void)
{
	struct lines l;
	const char *line;
	size_t max = MAPPINGS;

	if (lines_open(&l, "/proc/sys/vm/max_map_count")) {
		line = lines_next(&l);
		if (line)
			max = strtoul(line, NULL, 10);
		lines_close(&l);
	}
	return max / 2 - max / 16;
}

static void choose_guard(enum arena_guard wish)
{
	bool madvise_works = wish <= GUARD_MADVISE && can_madvise();

	if (wish == GUARD_MADVISE && !madvise_works)
		say("pgo: PGODEBUG: guard=madvise: this kernel cannot (Linux "
		    "6.13 can): mprotect is used\n");
	arena.how = madvise_works ? GUARD_MADVISE :
		    wish == GUARD_NONE ? GUARD_NONE : GUARD_MPROTECT;
	if (arena.how == GUARD_MPROTECT)
		arena.guards_max = mprotect_max();
}

/* arena.lock held */
static bool guard_by_mprotect(char *p)
{
	if (arena.guards < arena.guards_max &&
	    !sys_call(SYS_mprotect, p, GUARD, PROT_NONE, 0)) {
		arena.guards++;
		return true;
	}
	arena.how = GUARD_NONE;
	say("pgo: too many contiguous stacks for guard pages (see "
	    "vm.max_map_count; Linux 6.13 needs none): an overflow of the "
	    "next ones is noticed late\n");
	return false;
}

/* arena.lock held.  Whether the GUARD bytes at P cannot be touched now. */
static bool guard(char *p)
{
	switch (arena.how) {
	case GUARD_MADVISE:
		return !sys_call(SYS_madvise, p, GUARD, ADVICE_GUARD, 0);
	case GUARD_MPROTECT:
		return guard_by_mprotect(p);
	default:
		return false;
	}
}

bool arena_guards(const struct seg *s, uintptr_t addr)
{
	return addr < (uintptr_t)s->low && (uintptr_t)s->low - addr <= s->guard;
}

/* Strides ------------------------------------------------------------------ */

static size_t stride_for(size_t bytes)
{
	return bytes + GUARD + SEG_FIXED_SLACK + COLOURS * COLOUR_BYTES +
	       sizeof(struct seg) + CANARY_ROOM;
}

static size_t up_to(size_t bytes, size_t multiple)
{
	return (bytes + multiple - 1) & ~(multiple - 1);
}

void arena_setup(size_t least_bytes, enum arena_guard wish)
{
	while (arena.stride < stride_for(least_bytes))
		arena.stride *= 2;
	choose_guard(wish);
}

bool arena_is_usual(size_t bytes)
{
	return stride_for(bytes) <= arena.stride;
}

/* The colour is less than a page. */
static size_t stride_of(const struct seg *s)
{
	return up_to(s->bytes + s->guard + CANARY_ROOM, SEG_PAGE);
}

size_t arena_room(const struct seg *s)
{
	return stride_of(s) - stride_for(0);
}

/* CLASSES for one that is mapped by itself. */
static unsigned class_of(size_t stride)
{
	unsigned class = 0;

	while (class < CLASSES && arena.stride << class < stride)
		class++;
	return arena.stride << class > STRIDE_POOLED ? (unsigned)CLASSES :
						       class;
}

/*
 * Below every stride is another, or a page of its own: that is where canaries
 * are.  Whoever runs through all of a chunk stops at its end, where guards are
 * off too: what lies there may be the signal stack that tells of it.
 */
static char *chunk_new(void)
{
	char *p = fiber_map(GUARD + SEG_PAGE + CHUNK);

	if (!p)
		return NULL;
	sys_call(SYS_mprotect, p, GUARD, PROT_NONE, 0);
	return p + GUARD + SEG_PAGE;
}

/* arena.lock held */
static char *carve(size_t stride)
{
	char *p;

	if (arena.chunk_left < stride) {
		p = chunk_new();
		if (!p)
			return NULL;
		arena.chunk = p;
		arena.chunk_left = CHUNK;
	}
	p = arena.chunk;
	arena.chunk += stride;
	arena.chunk_left -= stride;
	return p;
}

/* arena.lock held.  A stack that fills the STRIDE bytes at P; behind a canary
 * unless it is guarded. */
static struct seg *stack_at(char *p, size_t stride, uint64_t *canary)
{
	bool guarded = guard(p);
	char *top = p + stride - CANARY_ROOM -
		    arena.made % COLOURS * COLOUR_BYTES;
	struct seg *s = (struct seg *)top - 1;

	s->guard = GUARD;
	s->pages = 1;
	s->canary = guarded ? NULL : canary;
	if (!guarded)
		*canary = SEG_CANARY;
	arena.made++;
	seg_init(s, p + GUARD, (size_t)(top - p) - GUARD);
	fiber_stack_made(s);
	return s;
}

static struct seg *carved_new(size_t stride)
{
	char *p = carve(stride);

	return p ? stack_at(p, stride, (uint64_t *)p - 1) : NULL;
}

/* The canary has the lowest word of the mapping, which costs a page. */
static struct seg *mapped_new(size_t stride)
{
	char *p = fiber_map(stride);
	struct seg *s;

	if (!p)
		return NULL;
	lock_get(&arena.lock);
	s = stack_at(p, stride, (uint64_t *)p);
	lock_put(&arena.lock);
	return s;
}

static struct seg *pooled_new(unsigned class)
{
	struct seg *s;

	lock_get(&arena.lock);
	s = arena.free[class];
	if (s) {
		arena.free[class] = s->next;
		s->next = NULL;
	} else {
		s = carved_new(arena.stride << class);
	}
	lock_put(&arena.lock);
	return s;
}

struct seg *arena_new(size_t bytes)
{
	size_t stride = up_to(stride_for(bytes), SEG_PAGE);
	unsigned class;
	struct seg *s;

	/* The usual one may be too large for the lists. */
	if (stride < arena.stride)
		stride = arena.stride;
	class = class_of(stride);
	s = class < CLASSES ? pooled_new(class) : mapped_new(stride);
	if (s)
		seg_count((long)s->pages * SEG_PAGE);
	return s;
}

/* Memory ------------------------------------------------------------------- */

/* Pages between two page boundaries that are in memory, from the top down: far
 * below the last of them it does not look. */
static size_t touched(uintptr_t low, uintptr_t high)
{
	unsigned char map[WINDOW / SEG_PAGE];
	size_t n = 0;
	size_t before = n;

	do {
		size_t bytes = high - low < WINDOW ? high - low : WINDOW;

		high -= bytes;
		before = n;
		if (sys_call(SYS_mincore, high, bytes, map, 0))
			return n;
		for (size_t i = 0; i < bytes / SEG_PAGE; i++)
			n += map[i] & 1;
	} while (n > before && high > low);
	return n;
}

size_t arena_trim(struct seg *s, uintptr_t sp)
{
	uintptr_t low = (uintptr_t)s->low;
	uintptr_t top = up_to((uintptr_t)s, SEG_PAGE);
	uintptr_t at = sp & ~(uintptr_t)(SEG_PAGE - 1);
	size_t kept = touched(at, top);
	size_t spare = at > low ? touched(low, at) : 0;

	if (spare)
		sys_call(SYS_madvise, low, at - low, MADV_DONTNEED, 0);
	seg_count(((long)kept - (long)s->pages) * SEG_PAGE);
	s->pages = (uint32_t)kept;
	return (kept + spare) * SEG_PAGE;
}

static void unmap(struct seg *s)
{
	char *p = s->low - s->guard;

	lock_get(&arena.lock);
	if (arena.how == GUARD_MPROTECT)
		arena.guards--;
	lock_put(&arena.lock);
	fiber_stack_gone(s);
	fiber_unmap(p, stride_of(s));
}

void arena_free(struct seg *s)
{
	unsigned class = class_of(stride_of(s));

	if (!seg_is_whole(s))
		fatal_overrun(s);
	seg_count(-(long)s->pages * SEG_PAGE);
	if (class == CLASSES) {
		unmap(s);
		return;
	}
	lock_get(&arena.lock);
	s->next = arena.free[class];
	arena.free[class] = s;
	lock_put(&arena.lock);
}
