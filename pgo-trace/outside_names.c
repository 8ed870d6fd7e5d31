/*
 * A table from address to functions that is filled at the first question and
 * never emptied.  One lock, which is held while the target is read: who asks
 * meanwhile most likely wants the same.
 */
#include "pgo-trace/outside_names.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/grow.h"
#include "lib/base/hash.h"
#include "lib/snapshot/strtab.h"
#include "lib/target/go/names.h"
#include "lib/target/go/pcs.h"
#include "lib/target/mappings.h"
#include "lib/target/pgo/names.h"

enum { PLACES_MAX = 1 << 20 };

struct place {
	uint64_t pc;
	uint32_t n;
	bool hidden;
	struct serve_frame *frames;
};

struct outside_names {
	pthread_mutex_t lock;           /* all of it */
	struct go *go;
	struct pgo_names others;        /* of what is not Go's */
	struct snapshot strings;        /* theirs */
	struct place *places;
	uint32_t n;
	size_t room;
	struct hash known;
	struct mappings mappings;
	bool mapped;                    /* they are read */
	char **kept;                    /* strings of others */
	uint32_t n_kept;
	size_t kept_room;
};

struct outside_names *outside_names_new(struct go *go)
{
	struct outside_names *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	pthread_mutex_init(&n->lock, NULL);
	n->go = go;
	n->others.space = go->space;
	snapshot_init(&n->strings);
	return n;
}

void outside_names_free(struct outside_names *n)
{
	if (!n)
		return;
	for (uint32_t i = 0; i < n->n; i++)
		free(n->places[i].frames);
	for (uint32_t i = 0; i < n->n_kept; i++)
		free(n->kept[i]);
	free(n->places);
	free(n->kept);
	hash_release(&n->known);
	pgo_names_release(&n->others);
	mappings_release(&n->mappings);
	snapshot_release(&n->strings);
	pthread_mutex_destroy(&n->lock);
	free(n);
}

struct go *outside_names_hold(struct outside_names *n)
{
	pthread_mutex_lock(&n->lock);
	return n->go;
}

void outside_names_let(struct outside_names *n)
{
	pthread_mutex_unlock(&n->lock);
}

/* A copy that stays; "" when memory is out. */
static const char *keep(struct outside_names *n, const char *s)
{
	char *copy;

	if (!*s || grow(&n->kept, &n->kept_room, n->n_kept,
			sizeof(*n->kept)) < 0)
		return "";
	copy = strdup(s);
	if (copy)
		n->kept[n->n_kept++] = copy;
	return copy ? copy : "";
}

/* Places ------------------------------------------------------------------- */

static void put_go(struct place *out, const struct sym_frame *f,
		   uint64_t entry)
{
	out->frames[out->n++] = (struct serve_frame){
		.func = f->func ? f->func : "",
		.linkage = f->func ? f->func : "",
		.file = f->file ? f->file : "",
		.line = f->line,
		.start_line = f->start_line,
		.entry = entry,
		.inlined = f->inlined,
	};
}

/*
 * Strings of pclntab live as long as it.  Wrappers are left out as Go does,
 * but no call is at the entry of a function: who asks for that knows nothing
 * else of a goroutine, and the wrapper's name is better than none.
 */
static void name_go(struct outside_names *n, const struct go_pc *at,
		    struct place *out)
{
	struct sym_frame f[SERVE_FRAMES_MAX];
	uint64_t entry = at->entry;
	size_t count = go_pc_frames(n->go, out->pc, true, f,
				    SERVE_FRAMES_MAX);

	out->frames = calloc(count + 1, sizeof(*out->frames));
	for (size_t i = 0; out->frames && i < count; i++)
		if (!f[i].wrapper)
			put_go(out, &f[i], entry);
	if (out->frames && count && !out->n && out->pc == entry)
		put_go(out, &f[count - 1], entry);
	out->hidden = count && !out->n;
}

static void name_other(struct outside_names *n, struct place *out)
{
	const struct snap_frame *f;
	uint32_t count;

	pgo_names_begin(&n->others);
	f = pgo_names_frames(&n->others, &n->strings, out->pc, &count);
	if (!f || count > SERVE_FRAMES_MAX)
		return;
	out->frames = calloc(count + 1, sizeof(*out->frames));
	for (uint32_t i = 0; out->frames && i < count; i++) {
		const char *func = keep(n, snapshot_string(&n->strings,
							   f[i].func));

		out->frames[out->n++] = (struct serve_frame){
			.func = func,
			.linkage = func,
			.file = keep(n, snapshot_string(&n->strings,
							f[i].file)),
			.line = f[i].line,
			.start_line = f[i].start_line,
			.inlined = f[i].inlined,
		};
	}
	if (out->n && !out->frames[out->n - 1].func[0])
		out->n = 0;
}

static bool same_pc(const void *ctx, uint32_t id, const void *key)
{
	const struct outside_names *n = ctx;

	return n->places[id].pc == *(const uint64_t *)key;
}

static const struct place *add(struct outside_names *n, uint64_t pc,
			       uint64_t hash)
{
	struct place p = { .pc = pc };
	int32_t id = go_pc_id(n->go, pc);
	const struct go_pc *at = id < 0 ? NULL : go_pc_get(n->go, id);

	if (n->n == PLACES_MAX ||
	    grow(&n->places, &n->room, n->n, sizeof(*n->places)) < 0 ||
	    hash_add(&n->known, hash, n->n))
		return NULL;
	if (at && at->sym)
		name_go(n, at, &p);
	else
		name_other(n, &p);
	n->places[n->n] = p;
	return &n->places[n->n++];
}

/* NULL when there is no room for more.  With the lock. */
static const struct place *place_at(struct outside_names *n, uint64_t pc)
{
	uint64_t hash = hash_u64(pc);
	int64_t id = hash_find(&n->known, hash, same_pc, n, &pc);

	return id >= 0 ? &n->places[id] : add(n, pc, hash);
}

size_t outside_names_frames(struct outside_names *n, uint64_t pc,
			    const struct serve_frame **out)
{
	const struct place *p;
	size_t count;

	pthread_mutex_lock(&n->lock);
	p = place_at(n, pc);
	count = p ? p->n : 0;
	*out = p ? p->frames : NULL;
	pthread_mutex_unlock(&n->lock);
	return count;
}

bool outside_names_hidden(struct outside_names *n, uint64_t pc)
{
	const struct place *p;
	bool hidden;

	pthread_mutex_lock(&n->lock);
	p = place_at(n, pc);
	hidden = p && p->hidden;
	pthread_mutex_unlock(&n->lock);
	return hidden;
}

/* Mappings ----------------------------------------------------------------- */

bool outside_names_mapping(struct outside_names *n, uint32_t index,
			   struct serve_mapping *out)
{
	bool has;

	pthread_mutex_lock(&n->lock);
	if (!n->mapped)
		mappings_read(&n->mappings, n->go->space->pid, NULL);
	n->mapped = true;
	has = index < n->mappings.n;
	if (has) {
		const struct mapping *m = &n->mappings.at[index];

		*out = (struct serve_mapping){ m->start, m->limit, m->offset,
					       m->file, m->build_id };
	}
	pthread_mutex_unlock(&n->lock);
	return has;
}
