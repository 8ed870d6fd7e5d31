/*
 * What caches do when a magazine is empty, full, or new.
 *
 * A magazine's list may have twice a batch; then all of it becomes its second
 * list, and the second list that it had goes to the other caches.  So a pair of
 * malloc and free at any length does one slow turn in a batch at most.
 */
#include "runtime/malloc/cache.h"

#include <pthread.h>

#include "lib/sample/poisson.h"
#include "runtime/malloc/heap.h"
#include "runtime/malloc/host.h"
#include "runtime/malloc/large.h"
#include "runtime/malloc/object.h"
#include "runtime/malloc/sampled.h"
#include "runtime/sys.h"

enum {
	UNDERFLOWN = UINT32_MAX,
	CHUNK = 16,             /* caches mapped at a time */
};

static struct {
	struct lock lock;               /* everything */
	struct cache *all;
	struct cache *unused;
	struct cache *untouched;        /* and how many of those */
	uint32_t n_untouched;
	uint64_t mallocs[CLASSES];      /* of those that are gone */
	uint64_t frees[CLASSES];
} caches;

#define EMPTY(c) { .tiny = { [0 ... TINY_MAX / 16] = c.magazines } }

struct cache cache_none = EMPTY(cache_none);
/* Of a thread whose destructors run: a new one would be nobody's. */
static struct cache cache_gone = EMPTY(cache_gone);
__thread struct cache *cache_thread = &cache_none;

/* Caches as such ----------------------------------------------------------- */

/* caches.lock held.  Not from the slab: its lock is not kept over a fork. */
static struct cache *get_memory(void)
{
	struct cache *c = caches.unused;

	if (c) {
		caches.unused = c->next;
		return c;
	}
	if (!caches.n_untouched) {
		caches.untouched = sys_map(CHUNK * sizeof(*c));
		caches.n_untouched = caches.untouched ? CHUNK : 0;
	}
	if (!caches.n_untouched)
		return NULL;
	caches.n_untouched--;
	return caches.untouched++;
}

struct cache *cache_new(void)
{
	struct cache *c;

	lock_get(&caches.lock);
	c = get_memory();
	lock_put(&caches.lock);
	if (!c)
		return NULL;
	*c = (struct cache){ .random = (uint32_t)((uintptr_t)c >> 6) | 1 };
	for (size_t i = 0; i < sizeof(c->tiny) / sizeof(*c->tiny); i++)
		c->tiny[i] = &c->magazines[class_tiny[i]];
	lock_get(&caches.lock);
	c->next = caches.all;
	caches.all = c;
	lock_put(&caches.lock);
	return c;
}

/* Brings the counters up to date. */
static void look(struct magazine *mag)
{
	uint32_t gone = mag->left_was - mag->left;
	uint32_t come = mag->room_was - mag->room;

	mag->mallocs += gone;
	mag->frees += come;
	mag->n += come - gone;
	mag->left_was = mag->left;
	mag->room_was = mag->room;
}

static void set_room(struct magazine *mag, uint32_t room)
{
	mag->room = room;
	mag->room_was = room;
}

void cache_flush(struct cache *c)
{
	for (unsigned class = 1; class < CLASSES; class++) {
		struct magazine *mag = &c->magazines[class];

		if (!mag->magic)
			continue;
		look(mag);
		if (mag->more)
			central_put(class, (struct batch){ mag->more,
							   mag->more_n });
		if (mag->first)
			central_put(class, (struct batch){ mag->first,
							   mag->n });
		mag->more = NULL;
		mag->first = NULL;
		mag->n = 0;
		set_room(mag, 2 * classes[class].batch);
	}
}

void cache_free(struct cache *c)
{
	struct cache **at = &caches.all;

	cache_flush(c);
	lock_get(&caches.lock);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	for (unsigned class = 1; class < CLASSES; class++) {
		caches.mallocs[class] += c->magazines[class].mallocs;
		caches.frees[class] += c->magazines[class].frees;
	}
	c->next = caches.unused;
	caches.unused = c;
	lock_put(&caches.lock);
}

void cache_count(unsigned class, uint64_t *mallocs, uint64_t *frees)
{
	lock_get(&caches.lock);
	*mallocs = caches.mallocs[class];
	*frees = caches.frees[class];
	for (const struct cache *c = caches.all; c; c = c->next) {
		const volatile struct magazine *mag = &c->magazines[class];

		*mallocs += mag->mallocs + (mag->left_was - mag->left);
		*frees += mag->frees + (mag->room_was - mag->room);
	}
	lock_put(&caches.lock);
}

struct cache *cache_first(void)
{
	return caches.all;
}

/* Those of threads --------------------------------------------------------- */

static struct {
	pthread_key_t key;
	bool made;
} exits;

/* What other destructors free after this one goes past caches. */
static void thread_ends(void *arg)
{
	cache_thread = &cache_gone;
	cache_free(arg);
}

/* Fork: whoever holds a lock of ours is waited for, so that the child finds
 * them all free. */
void cache_lock_all(void)
{
	lock_get(&caches.lock);
	for (unsigned class = 1; class < CLASSES; class++)
		lock_get(&centrals[class].lock);
	lock_get(&heap.lock);
}

void cache_unlock_all(void)
{
	lock_put(&heap.lock);
	for (unsigned class = 1; class < CLASSES; class++)
		lock_put(&centrals[class].lock);
	lock_put(&caches.lock);
}

__attribute__((constructor)) static void begin_process(void)
{
	exits.made = !pthread_key_create(&exits.key, thread_ends);
	pthread_atfork(cache_lock_all, cache_unlock_all, cache_unlock_all);
}

struct cache *cache_new_thread(void)
{
	struct cache *c = cache_thread == &cache_gone ? NULL : cache_new();

	if (!c)
		return NULL;
	/* First: pthread_setspecific() may malloc. */
	cache_thread = c;
	if (exits.made)
		pthread_setspecific(exits.key, c);
	return c;
}

/* Magazines ---------------------------------------------------------------- */

/* How many objects go by before the next that is sampled. */
static void draw(struct cache *c, unsigned class)
{
	struct magazine *mag = &c->magazines[class];
	uint64_t n = INT32_MAX;

	if (sampled_rate)
		n = poisson_draw(&c->random, sampled_rate) /
		    classes[class].bytes;
	mag->left = n < INT32_MAX ? (uint32_t)n : INT32_MAX;
	mag->left_was = mag->left;
}

static void begin(struct cache *c, unsigned class)
{
	struct magazine *mag = &c->magazines[class];

	mag->magic = classes[class].magic;
	set_room(mag, 2 * classes[class].batch);
	draw(c, class);
}

static bool refill(struct magazine *mag, unsigned class)
{
	struct batch b = { mag->more, mag->more_n };

	look(mag);
	if (!b.first)
		b = central_get(class);
	if (!b.n) {
		central_trim(true);
		b = central_get(class);
	}
	mag->more = NULL;
	mag->first = b.first;
	mag->n = b.n;
	set_room(mag, 2 * classes[class].batch - b.n);
	return b.n;
}

/* The list has twice a batch, or has at least one and is looked at. */
static void hand_over(struct magazine *mag, unsigned class)
{
	if (mag->more)
		central_put(class, (struct batch){ mag->more, mag->more_n });
	mag->more = mag->first;
	mag->more_n = mag->n;
	mag->first = NULL;
	mag->n = 0;
}

void *cache_malloc_slowly(size_t bytes, struct cache *c)
{
	unsigned class = bytes <= SMALL_MAX ? class_of(bytes) : 0;
	struct magazine *mag;
	void **object;

	if (class && !c->random)
		c = host_new_cache();
	if (!class || !c)
		return large_new(bytes, 0);
	mag = &c->magazines[class];
	if (!mag->magic)
		begin(c, class);
	if (mag->left == UNDERFLOWN)
		mag->left = 0;
	if (!mag->left) {
		look(mag);
		draw(c, class);
		/* Not C after it: this may be another thread. */
		if (sampled_rate)
			return sampled_new(class);
	}
	if (!mag->first && !refill(mag, class))
		return host_no_memory();
	object = mag->first;
	mag->first = object[0];
	mag->left--;
	object[1] = NULL;
	return object;
}

static void free_small(struct cache *c, unsigned class, void **object)
{
	struct magazine *mag = &c->magazines[class];

	if (!mag->magic)
		begin(c, class);
	if (mag->room == UNDERFLOWN)
		mag->room = 0;
	look(mag);
	if (!mag->room) {
		if (mag->n >= classes[class].batch)
			hand_over(mag, class);
		set_room(mag, 2 * classes[class].batch - mag->n);
	}
	object[0] = mag->first;
	object[1] = (void *)central_mark(object);
	mag->first = object;
	mag->room--;
}

void cache_free_slowly(void *p, struct cache *c)
{
	void **object = p;
	struct span *s;

	if (!p)
		return;
	s = object_span(p, "free");
	if (s->kind != SPAN_SMALL) {
		large_free(s);
		return;
	}
	if (!c->random)
		c = host_new_cache();
	if (c) {
		free_small(c, s->class, object);
		return;
	}
	object[0] = NULL;
	object[1] = (void *)central_mark(p);
	central_put(s->class, (struct batch){ p, 1 });
}
