/*
 * Blocks of pgo_malloc() that one fills and another, on whichever P, looks at
 * and frees.
 */
#include "test/stress/talks.h"

#include <stdatomic.h>
#include <string.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

enum {
	PLACES = 512,
	SHIFT_MAX = 17,                 /* 128 KiB and what is above that */
};

struct block {
	size_t bytes;                   /* of data */
	unsigned char data[];
};

static _Atomic(struct block *) places[PLACES];

static struct block *filled(size_t bytes, int with)
{
	struct block *b = pgo_malloc(sizeof(*b) + bytes);

	if (b) {
		b->bytes = bytes;
		memset(b->data, with, bytes);
	}
	return b;
}

/* Every byte is as the first. */
static bool is_whole(const struct block *b)
{
	return b->bytes < 2 ||
	       !memcmp(b->data, b->data + 1, b->bytes - 1);
}

static size_t some_bytes(uint64_t *seed)
{
	size_t most = (size_t)1 << draw(seed) % (SHIFT_MAX + 1);

	return most + draw(seed) % most;
}

/* As large as another; what both have is the same. */
static struct block *resized(struct block *b, size_t bytes)
{
	size_t old_bytes = b->bytes;
	int with = b->data[0];

	b = pgo_realloc(b, sizeof(*b) + bytes);
	if (b && bytes > old_bytes)
		memset(b->data + old_bytes, with, bytes - old_bytes);
	if (b)
		b->bytes = bytes;
	return b;
}

bool talk_by_a_block(uint64_t seed)
{
	struct block *mine = filled(some_bytes(&seed), (int)(seed & 0xff));
	struct block *other;
	bool whole = true;

	if (mine && draw(&seed) % 4 == 0)
		mine = resized(mine, some_bytes(&seed));
	if (!mine)
		return false;
	if (draw(&seed) % 8 == 0)
		pgo_yield();
	other = atomic_exchange(&places[draw(&seed) % PLACES], mine);
	if (other)
		whole = is_whole(other);
	pgo_free(other);
	return whole;
}
