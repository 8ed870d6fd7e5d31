/*
 * One table from address to functions, filled at the first question and never
 * emptied: strings are handed out.  A library that is unloaded while another
 * takes its addresses keeps its names.
 *
 * One lock.  It is held while the child answers: whoever asks meanwhile most
 * likely wants the same address.
 */
#include "agent/names.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/child.h"
#include "agent/say.h"
#include "lib/base/clock.h"
#include "lib/base/grow.h"
#include "lib/base/hash.h"
#include "lib/base/modules.h"

enum { NAMES_MAX = 1 << 20, MAPPINGS_MAX = 4096 };

/* Mappings are read again for an address in none, but not more often. */
#define MODULES_AGE_NS INT64_C(1000000000)

struct name {
	uint64_t pc;
	uint32_t n;
	const struct serve_frame *frames;
};

/* All under the lock. */
static struct {
	pthread_mutex_t lock;
	struct name *names;
	uint32_t n;
	size_t room;
	struct hash hash;
	struct hash strings;            /* by content, into string */
	char **string;
	uint32_t n_strings;
	size_t strings_room;
	struct modules modules;
	bool modules_open;
	int64_t modules_ns;
	struct serve_mapping mapping[MAPPINGS_MAX];
	uint32_t n_mappings;
	const char *sym;                /* NULL: no child, or no more */
	struct child child;
} t = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Strings ------------------------------------------------------------------ */

static bool same_string(const void *ctx, uint32_t id, const void *key)
{
	(void)ctx;
	return !strcmp(t.string[id], key);
}

/* S for ever; "" when memory is out. */
static const char *keep(const char *s)
{
	uint64_t hash = hash_bytes(s, strlen(s));
	int64_t id = hash_find(&t.strings, hash, same_string, NULL, s);
	char *copy;

	if (id >= 0)
		return t.string[id];
	if (grow(&t.string, &t.strings_room, t.n_strings,
		 sizeof(*t.string)) < 0)
		return "";
	copy = strdup(s);
	if (!copy || hash_add(&t.strings, hash, t.n_strings)) {
		free(copy);
		return "";
	}
	t.string[t.n_strings++] = copy;
	return copy;
}

/* Mappings ----------------------------------------------------------------- */

static bool is_known(const struct map *m)
{
	for (uint32_t i = 0; i < t.n_mappings; i++)
		if (t.mapping[i].start == m->start &&
		    t.mapping[i].limit == m->end &&
		    !strcmp(t.mapping[i].file, m->path))
			return true;
	return false;
}

static void add_mapping(const struct module *m)
{
	char hex[2 * BUILDID_MAX + 1];

	if (t.n_mappings == MAPPINGS_MAX || is_known(m->map))
		return;
	t.mapping[t.n_mappings++] = (struct serve_mapping){
		m->map->start, m->map->end, m->map->offset,
		keep(m->map->path), keep(buildid_hex(&m->id, hex)),
	};
}

static void add_mappings(void)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/thread-self/exe", exe, sizeof(exe) - 1);

	exe[n > 0 ? n : 0] = 0;
	for (int own = 1; own >= 0; own--)
		for (size_t i = 0; i < t.modules.count; i++) {
			const struct module *m = &t.modules.module[i];

			if (m->map->path[0] &&
			    (strcmp(m->map->path, exe) == 0) == own)
				add_mapping(m);
		}
}

/* Reads what is mapped now, unless that was done a moment ago. */
static void read_modules(void)
{
	int64_t now_ns = clock_mono_ns();

	if (t.modules_ns && now_ns - t.modules_ns < MODULES_AGE_NS)
		return;
	t.modules_ns = now_ns;
	if (t.modules_open)
		modules_close(&t.modules);
	t.modules_open = !modules_open(&t.modules, NULL);
	if (t.modules_open)
		add_mappings();
}

static struct module *module_at(uint64_t pc)
{
	struct module *m = t.modules_open ? modules_find(&t.modules, pc) :
					    NULL;

	if (m)
		return m;
	read_modules();
	return t.modules_open ? modules_find(&t.modules, pc) : NULL;
}

/* The child ---------------------------------------------------------------- */

/* From here on there are ELF names only. */
static void give_up(const char *trouble)
{
	say("%s (files, lines and inlined functions stay unknown; "
	    "PGO_SYM=FILE)", trouble);
	child_stop(&t.child);
	t.sym = NULL;
}

static bool have_child(void)
{
	struct err e = { 0 };

	if (!t.sym)
		return false;
	if (t.child.pid || !child_start(&t.child, t.sym, &e))
		return true;
	give_up(e.text);
	return false;
}

/* What the linker's wrapper is called is what it wraps. */
static const char *plain(const char *name)
{
	return strncmp(name, "__wrap_", 7) ? name : name + 7;
}

static int ask_child(const struct module *m, uint64_t pc, uint64_t entry,
		     struct serve_frame *out)
{
	struct child_frame f[SERVE_FRAMES_MAX];
	char hex[2 * BUILDID_MAX + 1];
	struct err e = { 0 };
	uint64_t bias = m->sym ? m->bias : m->map->start - m->map->offset;
	int n;

	if (m->map->path[0] != '/' || !have_child())
		return 0;
	n = child_ask(&t.child, m->map->path, buildid_hex(&m->id, hex),
		      pc - bias, f, SERVE_FRAMES_MAX);
	if (n < 0) {
		err_set(&e, n, "%s", t.sym);
		give_up(e.text);
		return 0;
	}
	for (int i = 0; i < n; i++)
		out[i] = (struct serve_frame){
			.func = keep(plain(f[i].func)),
			.linkage = keep(plain(f[i].linkage)),
			.file = keep(f[i].file),
			.line = f[i].line,
			.start_line = f[i].start_line,
			.entry = entry,
			.inlined = f[i].inlined,
		};
	return n && out[n - 1].func[0] ? n : 0;
}

/* The table ---------------------------------------------------------------- */

static int find_frames(uint64_t pc, struct serve_frame *out)
{
	struct module *m = module_at(pc);
	struct elfsym_func hit;
	uint64_t entry = 0;
	bool has;
	int n;

	if (!m)
		return 0;
	has = module_function(m, pc, &hit);
	if (has)
		entry = hit.start + m->bias;
	n = ask_child(m, pc, entry, out);
	if (n || !has)
		return n;
	out[0] = (struct serve_frame){
		.func = keep(hit.name),
		.linkage = keep(hit.name),
		.file = "",
		.entry = entry,
	};
	return 1;
}

static bool same_pc(const void *ctx, uint32_t id, const void *key)
{
	(void)ctx;
	return t.names[id].pc == *(const uint64_t *)key;
}

static const struct name *add(uint64_t pc, uint64_t hash)
{
	struct serve_frame f[SERVE_FRAMES_MAX];
	struct serve_frame *copy;
	int n;

	if (t.n == NAMES_MAX ||
	    grow(&t.names, &t.room, t.n, sizeof(*t.names)) < 0)
		return NULL;
	n = find_frames(pc, f);
	copy = calloc((size_t)n + 1, sizeof(f[0]));
	if (!copy || hash_add(&t.hash, hash, t.n)) {
		free(copy);
		return NULL;
	}
	memcpy(copy, f, (size_t)n * sizeof(f[0]));
	t.names[t.n] = (struct name){ pc, (uint32_t)n, copy };
	return &t.names[t.n++];
}

size_t names_frames(uint64_t pc, const struct serve_frame **out)
{
	uint64_t hash = hash_u64(pc);
	const struct name *name;
	size_t n;
	int64_t id;

	pthread_mutex_lock(&t.lock);
	id = hash_find(&t.hash, hash, same_pc, NULL, &pc);
	name = id >= 0 ? &t.names[id] : add(pc, hash);
	n = name ? name->n : 0;
	*out = name ? name->frames : NULL;
	pthread_mutex_unlock(&t.lock);
	return n;
}

bool names_mapping(uint32_t index, struct serve_mapping *out)
{
	bool has;

	pthread_mutex_lock(&t.lock);
	if (!t.modules_open)
		read_modules();
	has = index < t.n_mappings;
	if (has)
		*out = t.mapping[index];
	pthread_mutex_unlock(&t.lock);
	return has;
}

const char *names_source(void)
{
	const char *source;

	pthread_mutex_lock(&t.lock);
	source = have_child() ? "dwarf" : "elf";
	pthread_mutex_unlock(&t.lock);
	return source;
}

void names_setup(const char *sym)
{
	pthread_mutex_lock(&t.lock);
	t.sym = sym && sym[0] ? keep(sym) : NULL;
	pthread_mutex_unlock(&t.lock);
}

void names_stop(void)
{
	pthread_mutex_lock(&t.lock);
	child_stop(&t.child);
	t.sym = NULL;
	pthread_mutex_unlock(&t.lock);
}

void names_in_child(void)
{
	child_forget(&t.child);
}
