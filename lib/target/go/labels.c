/*
 * A set of labels never changes: many goroutines share one, inherited from
 * who made them, and it lives as long as one of them has it.  So sets are read
 * once for all that name them, and who still names it afterwards proves that
 * it was whole.
 *
 * Since Go 1.24 a set is a slice {key, value} sorted by key, before that a map
 * with the buckets maps had until then: eight cells each, a byte per cell that
 * is 5 or more where it is taken.  A map that grew may still have pairs in its
 * old buckets.
 */
#include "lib/target/go/labels.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/json.h"

enum {
	SLICE_SINCE = 24,               /* minor version */
	CELLS = 8,
	BUCKET_BYTES = 8 + CELLS * 32 + 8,
	LOG_MAX = 4,                    /* of the buckets of one map */
	CELL_TAKEN = 5,
	ROUNDS = 4,                     /* along chains of buckets */
};

struct set {
	uint64_t address;
	uint32_t text;                  /* string */
};

struct pair {
	uint32_t set;
	uint64_t at[4];                 /* key, its length, value, its length */
	const uint8_t *key, *value;
	uint32_t key_n, value_n;
};

static size_t set_count(const struct go_labels *l)
{
	return l->sets.len / sizeof(struct set);
}

static struct set *set_at(const struct go_labels *l, size_t i)
{
	return (struct set *)(void *)l->sets.data + i;
}

static size_t pair_count(const struct go_labels *l)
{
	return l->pairs.len / sizeof(struct pair);
}

static struct pair *pair_at(const struct go_labels *l, size_t i)
{
	return (struct pair *)(void *)l->pairs.data + i;
}

static uint64_t word(const uint8_t *at, size_t offset)
{
	uint64_t v;

	memcpy(&v, at + offset, sizeof(v));
	return v;
}

static bool same_set(const void *ctx, uint32_t id, const void *key)
{
	return set_at(ctx, id)->address == *(const uint64_t *)key;
}

/* The number of the set at ADDRESS, or -1 without memory. */
static int64_t number_of(struct go_labels *l, uint64_t address)
{
	uint64_t hash = hash_u64(address);
	int64_t id = hash_find(&l->known, hash, same_set, l, &address);
	struct set set = { .address = address };

	if (id >= 0)
		return id;
	id = (int64_t)set_count(l);
	buf_put(&l->sets, &set, sizeof(set));
	if (buf_error(&l->sets) ||
	    hash_add(&l->known, hash, (uint32_t)id) < 0)
		return -1;
	return id;
}

static void add_pair(struct go_labels *l, size_t set, const uint8_t *key,
		     const uint8_t *value)
{
	struct pair p = {
		.set = (uint32_t)set,
		.at = { word(key, 0), word(key, 8), word(value, 0),
			word(value, 8) },
	};

	if (pair_count(l) < LABELS_AT_ONCE)
		buf_put(&l->pairs, &p, sizeof(p));
}

/* N wants, none yet; NULL without memory. */
static struct gather_want *wants(struct go_labels *l, size_t n)
{
	buf_reset(&l->wants);
	return (struct gather_want *)(void *)
	       buf_reserve(&l->wants, (n ? n : 1) *
			   sizeof(struct gather_want));
}

/* Reads BYTES behind the address of each set. */
static int read_sets(struct go_labels *l, struct space *s, uint32_t bytes,
		     struct gather_want **out)
{
	size_t n = set_count(l);
	struct gather_want *w = wants(l, n);

	if (!w)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		w[i] = (struct gather_want){ set_at(l, i)->address, bytes,
					     NULL };
	*out = w;
	return gather(&l->gather, s, w, n, 64);
}

/* As slices ---------------------------------------------------------------- */

static int read_slices(struct go_labels *l, struct space *s)
{
	size_t n = set_count(l);
	struct gather_want *w;
	int rc = read_sets(l, s, 16, &w);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++) {
		uint64_t address = 0, len = 0;

		if (w[i].at) {
			address = word(w[i].at, 0);
			len = word(w[i].at, 8);
		}
		w[i].address = address;
		w[i].bytes = len <= LABELS_MAX ? (uint32_t)len * 32 : 0;
	}
	rc = gather(&l->gather, s, w, n, 64);
	for (size_t i = 0; rc == 0 && i < n; i++)
		for (uint32_t k = 0; w[i].at && k < w[i].bytes; k += 32)
			add_pair(l, i, w[i].at + k, w[i].at + k + 16);
	return rc;
}

/* As maps ------------------------------------------------------------------ */

/* Takes the pairs of the bucket B; the next one of its chain. */
static uint64_t take_bucket(struct go_labels *l, size_t set, const uint8_t *b)
{
	for (size_t c = 0; c < CELLS; c++)
		if (b[c] >= CELL_TAKEN)
			add_pair(l, set, b + 8 + 16 * c,
				 b + 8 + 16 * (CELLS + c));
	return word(b, BUCKET_BYTES - 8);
}

/* Takes N buckets at B, NULL: those at ADDRESS, with what is behind them:
 * chains and old buckets are rare, these are single reads. */
static int take_buckets(struct go_labels *l, struct space *s, size_t set,
			const uint8_t *b, uint64_t address, size_t n)
{
	uint8_t one[BUCKET_BYTES];

	for (size_t k = 0; k < n; k++) {
		uint64_t at = b ? take_bucket(l, set, b + k * BUCKET_BYTES)
				: address + k * BUCKET_BYTES;

		for (int round = 0; at && round < ROUNDS; round++) {
			int rc = space_read(s, at, one, sizeof(one));

			if (rc < 0)
				return rc == -EFAULT ? 0 : rc;
			at = take_bucket(l, set, one);
		}
	}
	return 0;
}

/* From the maps' heads in W to wants of their buckets; what is left in old
 * ones is taken at once. */
static int find_buckets(struct go_labels *l, struct space *s,
			struct gather_want *w, size_t n)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		const uint8_t *map = w[i].at;
		unsigned int log = map ? map[9] : 0;
		uint64_t old = map ? word(map, 24) : 0;

		w[i].address = map ? word(map, 16) : 0;
		w[i].bytes = w[i].address && log <= LOG_MAX ?
			     BUCKET_BYTES << log : 0;
		if (w[i].bytes && old)
			rc = take_buckets(l, s, i, NULL, old,
					  log ? 1u << (log - 1) : 1);
	}
	return rc;
}

static int read_maps(struct go_labels *l, struct space *s)
{
	size_t n = set_count(l);
	struct gather_want *w;
	int rc = read_sets(l, s, 8, &w);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++) {
		w[i].address = w[i].at ? word(w[i].at, 0) : 0;
		w[i].bytes = w[i].address ? 48 : 0;
	}
	rc = gather(&l->gather, s, w, n, 64);
	if (rc == 0)
		rc = find_buckets(l, s, w, n);
	if (rc == 0)
		rc = gather(&l->gather, s, w, n, 64);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (w[i].at)
			rc = take_buckets(l, s, i, w[i].at, 0,
					  w[i].bytes / BUCKET_BYTES);
	return rc;
}

/* Texts -------------------------------------------------------------------- */

static uint32_t cut(uint64_t n)
{
	return n < LABEL_BYTES_MAX ? (uint32_t)n : LABEL_BYTES_MAX;
}

static int read_strings(struct go_labels *l, struct space *s)
{
	size_t n = pair_count(l);
	struct gather_want *w = wants(l, 2 * n);
	int rc;

	if (!w)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const uint64_t *at = pair_at(l, i)->at;

		w[2 * i] = (struct gather_want){ at[0], cut(at[1]), NULL };
		w[2 * i + 1] = (struct gather_want){ at[2], cut(at[3]),
						     NULL };
	}
	rc = gather(&l->strings, s, w, 2 * n, 256);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct pair *p = pair_at(l, i);

		p->key = w[2 * i].at;
		p->key_n = w[2 * i].bytes;
		p->value = w[2 * i + 1].at;
		p->value_n = w[2 * i + 1].bytes;
	}
	return rc;
}

/* By set, then by key. */
static int in_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	uint32_t n = x->key_n < y->key_n ? x->key_n : y->key_n;
	int d = x->set < y->set ? -1 : x->set > y->set;

	if (d == 0 && n && x->key && y->key)
		d = memcmp(x->key, y->key, n);
	return d ? d : (x->key_n > y->key_n) - (x->key_n < y->key_n);
}

/* Whether its strings could be had; an empty one always can. */
static bool is_whole(const struct pair *p)
{
	return (p->key || p->key_n == 0) && (p->value || p->value_n == 0);
}

static void put_text(struct go_labels *l, struct strtab *strings,
		     struct pair *p, size_t n)
{
	struct json j;

	buf_reset(&l->text);
	json_init(&j, &l->text);
	json_object_begin(&j);
	for (size_t i = 0; i < n; i++) {
		char key[LABEL_BYTES_MAX + 1] = "";

		if (!is_whole(&p[i]))
			return;
		if (p[i].key_n)
			memcpy(key, p[i].key, p[i].key_n);
		json_key(&j, key);
		json_str_n(&j, p[i].value_n ? (const char *)p[i].value : "",
			   p[i].value_n);
	}
	json_object_end(&j);
	/* Cut it would be no JSON. */
	if (json_finish(&j) == 0 && l->text.len < STRTAB_STRING_MAX)
		set_at(l, p->set)->text = strtab_put(strings,
						     buf_str(&l->text));
}

static void put_texts(struct go_labels *l, struct strtab *strings)
{
	size_t n = pair_count(l), end;

	if (n)
		qsort(l->pairs.data, n, sizeof(struct pair), in_order);
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n; end++)
			if (pair_at(l, end)->set != pair_at(l, i)->set)
				break;
		if (end - i <= LABELS_MAX)
			put_text(l, strings, pair_at(l, i), end - i);
	}
}

/* -------------------------------------------------------------------------- */

/* Collects the sets of the goroutines; label_text is their number + 1. */
static void find_sets(struct go_labels *l, struct go_one **set, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		set[i]->label_text = 0;
		if (set[i]->labels && set[i]->had != ONE_GONE &&
		    set[i]->had != ONE_NONSENSE)
			set[i]->label_text = (uint32_t)(1 +
				number_of(l, set[i]->labels));
	}
}

int go_labels_read(struct go_labels *l, struct go *go, struct strtab *strings,
		struct go_one **set, size_t n)
{
	int rc;

	buf_reset(&l->sets);
	buf_reset(&l->pairs);
	find_sets(l, set, n);
	if (set_count(l) == 0)
		return 0;
	hash_clear(&l->known);
	rc = go->minor >= SLICE_SINCE ? read_slices(l, go->space)
				      : read_maps(l, go->space);
	if (rc == 0)
		rc = read_strings(l, go->space);
	if (rc < 0)
		return rc;
	put_texts(l, strings);
	for (size_t i = 0; i < n; i++)
		if (set[i]->label_text)
			set[i]->label_text =
				set_at(l, set[i]->label_text - 1)->text;
	return 0;
}

void go_labels_release(struct go_labels *l)
{
	hash_release(&l->known);
	buf_release(&l->sets);
	buf_release(&l->pairs);
	buf_release(&l->wants);
	buf_release(&l->text);
	gather_release(&l->gather);
	gather_release(&l->strings);
}
