/*
 * The list only grows, and the runtime stores the array before the length:
 * who reads the length first may believe it.  The order of addresses makes
 * neighbours of goroutines that were allocated together, and lies are easily
 * seen in it: the same one twice, one inside another.
 */
#include "lib/target/go/glist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1 << 16 };       /* entries read at once */

/* Where the array is and how long, by the pair that needs no lock, else by
 * the slice. */
static int find_array(struct go *go, uint64_t *array, uint64_t *n)
{
	const struct go_roots *r = &go->roots;
	bool pair = r->allglen && r->allgptr;
	struct space_piece at[2] = {
		{ pair ? r->allglen : r->allgs + 8, n, 8, false },
		{ pair ? r->allgptr : r->allgs, array, 8, false },
	};
	int rc = space_readv(go->space, at, 2);

	return rc < 0 ? rc : at[0].ok && at[1].ok ? 0 : -EFAULT;
}

static int make_room(struct glist *l, size_t n)
{
	uint64_t *p;

	if (n <= l->room)
		return 0;
	if (n < 2 * l->room)
		n = 2 * l->room;
	p = realloc(l->at, n * sizeof(*p));
	if (!p)
		return -ENOMEM;
	l->at = p;
	l->room = n;
	return 0;
}

/* Room grows as entries come: a length alone allocates nothing. */
static int read_array(struct glist *l, struct go *go, uint64_t array,
		      uint64_t n)
{
	int rc = 0;

	for (l->n = 0; rc == 0 && l->n < n;) {
		size_t k = n - l->n < BLOCK ? (size_t)(n - l->n) : BLOCK;

		rc = make_room(l, l->n + k);
		if (rc == 0)
			rc = space_read(go->space, array + 8 * l->n,
					l->at + l->n, (uint32_t)(8 * k));
		if (rc == 0)
			l->n += k;
	}
	return rc;
}

static int ascending(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void put_in_order(struct glist *l)
{
	size_t i = 1;

	while (i < l->n && l->at[i - 1] <= l->at[i])
		i++;
	if (i < l->n)
		qsort(l->at, l->n, sizeof(*l->at), ascending);
}

/* Leaves out what cannot be a goroutine. */
static void sift(struct glist *l, uint64_t g_bytes)
{
	uint64_t end = 4096;
	size_t k = 0;

	for (size_t i = 0; i < l->n; i++) {
		uint64_t at = l->at[i];

		if (at < end || at % 8 || at > INT64_MAX - g_bytes)
			continue;
		l->at[k++] = at;
		end = at + g_bytes;
	}
	l->nonsense = l->n - k;
	l->n = k;
}

int glist_read(struct glist *l, struct go *go, struct err *e)
{
	const char *name = go->space->name;
	uint64_t array, n;
	int rc;

	rc = find_array(go, &array, &n);
	if (rc == 0 && n > GLIST_MAX)
		return err_say(e, -EBADMSG, "%s: its list claims %llu "
			       "goroutines, more than are believed (%d)", name,
			       (unsigned long long)n, (int)GLIST_MAX);
	if (rc == 0)
		rc = read_array(l, go, array, n);
	if (rc == -EFAULT)
		return err_say(e, -EBADMSG, "%s: its list of goroutines leads "
			       "to memory that is not there", name);
	if (rc < 0)
		return err_set(e, rc, "%s: list of goroutines", name);
	put_in_order(l);
	sift(l, (uint64_t)go_at(go, GO_G_SIZE));
	if (l->nonsense > l->n)
		return err_say(e, -EBADMSG, "%s: its list of goroutines makes "
			       "no sense: %zu of %zu entries are none or are "
			       "there twice", name, l->nonsense,
			       l->nonsense + l->n);
	return 0;
}

void glist_release(struct glist *l)
{
	free(l->at);
	*l = (struct glist){ .n = 0 };
}
