/*
 * Mappings are read again for an address in none, once a snapshot.  What was
 * looked up stays: a library that is unloaded keeps its names, as in the
 * agent.
 */
#include "lib/target/pgo/names.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/grow.h"
#include "lib/target/mapped.h"
#include "symbolizer/symbolizer.h"

enum {
	FILES_MAX = 256,
	PLACES_MAX = 1 << 18,
	FRAMES_MAX = 64,        /* inlined at one address */
};

struct pgo_file {
	uint64_t inode;
	uint32_t dev_major, dev_minor;
	char *path;
	struct sym *sym;        /* NULL: not to be had */
};

struct frame {
	const char *func;       /* the sym's; NULL: unknown */
	const char *file;
	uint32_t line;
	bool inlined;
};

struct pgo_place {
	uint64_t address;
	struct frame *frames;
	struct snap_frame *named;       /* of EPOCH */
	uint32_t count;
	uint32_t epoch;
	bool shown;
};

void pgo_names_release(struct pgo_names *n)
{
	for (size_t i = 0; i < n->file_count; i++) {
		free(n->files[i].path);
		sym_close(n->files[i].sym);
	}
	for (uint32_t i = 0; i < n->place_count; i++) {
		free(n->places[i].frames);
		free(n->places[i].named);
	}
	free(n->files);
	free(n->places);
	hash_release(&n->known);
}

void pgo_names_begin(struct pgo_names *n)
{
	n->epoch++;
	n->remapped = false;
}

/* Files -------------------------------------------------------------------- */

static bool is_same(const struct pgo_file *f, const struct map *m)
{
	return f->inode == m->inode && f->dev_major == m->dev_major &&
	       f->dev_minor == m->dev_minor && !strcmp(f->path, m->path);
}

static struct sym *sym_of(struct pgo_names *n, const struct map *m)
{
	char path[PATH_MAX + 64];
	struct pgo_file *f;

	for (size_t i = 0; i < n->file_count; i++)
		if (is_same(&n->files[i], m))
			return n->files[i].sym;
	if (!n->files)
		n->files = calloc(FILES_MAX, sizeof(*n->files));
	if (!n->files || n->file_count == FILES_MAX)
		return NULL;
	f = &n->files[n->file_count];
	*f = (struct pgo_file){ m->inode, m->dev_major, m->dev_minor,
				strdup(m->path), NULL };
	if (!f->path)
		return NULL;
	n->file_count++;
	if (mapped_path(path, sizeof(path), n->space, m) &&
	    sym_open(&f->sym, path, NULL) < 0)
		f->sym = NULL;
	return f->sym;
}

static const struct map *map_at(struct pgo_names *n, uint64_t address)
{
	const struct map *m = maps_find(&n->space->maps, address);

	if (m || n->remapped)
		return m;
	n->remapped = true;
	if (space_remap(n->space, NULL) < 0)
		return NULL;
	return maps_find(&n->space->maps, address);
}

/* The file at ADDRESS, and the address in it. */
static struct sym *find(struct pgo_names *n, uint64_t address,
			uint64_t *in_file, const struct map **m)
{
	struct sym *sym;

	*m = map_at(n, address);
	sym = *m && (*m)->inode ? sym_of(n, *m) : NULL;
	if (!sym || sym_addr_of_offset(sym, address - (*m)->start +
				       (*m)->offset, in_file) < 0)
		return NULL;
	return sym;
}

bool pgo_names_file(struct pgo_names *n, uint64_t address, char *path,
		    size_t room, uint64_t *in_file)
{
	const struct map *m;

	return find(n, address, in_file, &m) &&
	       mapped_path(path, room, n->space, m);
}

/* Places ------------------------------------------------------------------- */

/* What the linker's wrapper is called is what it wraps. */
static const char *plain(const char *name)
{
	return name && !strncmp(name, "__wrap_", 7) ? name + 7 : name;
}

static void look_up(struct pgo_names *n, struct pgo_place *p)
{
	struct sym_frame f[FRAMES_MAX];
	const struct map *m;
	uint64_t at;
	struct sym *sym = find(n, p->address, &at, &m);
	size_t count;

	if (!sym)
		return;
	count = sym_lookup(sym, at, f, FRAMES_MAX);
	if (!count || !sym_frame_name(sym, &f[count - 1]))
		return;
	p->frames = calloc(count, sizeof(*p->frames));
	p->named = calloc(count, sizeof(*p->named));
	if (!p->frames || !p->named)
		return;
	for (size_t i = 0; i < count; i++)
		p->frames[i] = (struct frame){
			plain(sym_frame_name(sym, &f[i])), f[i].file,
			f[i].line, f[i].inlined,
		};
	p->count = (uint32_t)count;
}

static bool is_shown(const struct pgo_names *n, const struct pgo_place *p)
{
	if (p->address < n->text || p->address >= n->text_end)
		return true;
	return p->count && !strncmp(p->frames[p->count - 1].func, "pgo_", 4);
}

static bool same_address(const void *ctx, uint32_t id, const void *key)
{
	const struct pgo_names *n = ctx;

	return n->places[id].address == *(const uint64_t *)key;
}

/* Until the next call; NULL when there are too many. */
static struct pgo_place *place_of(struct pgo_names *n, uint64_t address)
{
	uint64_t hash = hash_u64(address);
	int64_t id = hash_find(&n->known, hash, same_address, n, &address);
	struct pgo_place *p;

	if (id >= 0)
		return &n->places[id];
	if (n->place_count >= PLACES_MAX ||
	    grow(&n->places, &n->place_room, n->place_count,
		 sizeof(*n->places)) < 0 ||
	    hash_add(&n->known, hash, n->place_count) < 0)
		return NULL;
	p = &n->places[n->place_count++];
	*p = (struct pgo_place){ .address = address };
	look_up(n, p);
	p->shown = is_shown(n, p);
	return p;
}

const struct snap_frame *pgo_names_frames(struct pgo_names *n,
					  struct snapshot *s,
					  uint64_t address, uint32_t *count)
{
	struct pgo_place *p = place_of(n, address);

	*count = p ? p->count : 0;
	if (!*count)
		return NULL;
	for (uint32_t i = 0; i < p->count && p->epoch != n->epoch; i++)
		p->named[i] = (struct snap_frame){
			.func = strtab_put(&s->strings, p->frames[i].func),
			.file = strtab_put(&s->strings, p->frames[i].file),
			.line = p->frames[i].line,
			.inlined = p->frames[i].inlined,
		};
	p->epoch = n->epoch;
	return p->named;
}

bool pgo_names_shown(struct pgo_names *n, uint64_t address)
{
	struct pgo_place *p = place_of(n, address);

	return !p || p->shown;
}
