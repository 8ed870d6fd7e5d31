#include "pgo-trace/calls.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/grow.h"

static uint64_t key_of(uint32_t from, uint32_t to)
{
	return (uint64_t)from << 32 | to;
}

static bool same(const void *ctx, uint32_t id, const void *key)
{
	const struct call *c = &((const struct calls *)ctx)->calls[id];

	return key_of(c->from, c->to) == *(const uint64_t *)key;
}

static struct call *find(struct calls *c, uint64_t key)
{
	int64_t id = hash_find(&c->by_ends, hash_u64(key), same, c, &key);

	return id < 0 ? NULL : &c->calls[id];
}

int calls_add(struct calls *c, uint32_t from, uint32_t to, int64_t weight,
	      bool inlined, uint32_t sample)
{
	uint64_t key = key_of(from, to);
	struct call *call = find(c, key);
	int rc;

	if (!call) {
		if (grow(&c->calls, &c->room, c->n, sizeof(*call)) < 0)
			return -ENOMEM;
		call = &c->calls[c->n];
		*call = (struct call){ .from = from, .to = to,
				       .inlined = true };
		rc = hash_add(&c->by_ends, hash_u64(key), (uint32_t)c->n);
		if (rc < 0)
			return rc;
		c->n++;
	}
	if (call->seen == sample)
		return 0;
	call->seen = sample;
	/* Wraps, as in the reports this equals; signed must not. */
	call->weight = (int64_t)((uint64_t)call->weight + (uint64_t)weight);
	call->inlined = call->inlined && inlined;
	return 0;
}

void calls_clear(struct calls *c)
{
	hash_clear(&c->by_ends);
	c->n = 0;
}

void calls_release(struct calls *c)
{
	hash_release(&c->by_ends);
	free(c->calls);
	*c = (struct calls){ 0 };
}
