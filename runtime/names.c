/*
 * Modules are read from /proc/self/maps, and again for a pc that is in none:
 * libraries come later too.  What is known stays: a module that was unmapped
 * and another in its place would be named wrongly until the program ends, and
 * that is the price of never freeing what a dying thread may look at.
 */
#include "runtime/names.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "lib/base/elfsym.h"
#include "runtime/lines.h"
#include "runtime/lock.h"
#include "runtime/sys.h"

enum {
	MODULES_MAX = 256,
	PATHS_BYTES = 32 << 10,
	HURRIED_TRIES = 200,            /* a millisecond each */
};

/* The runtime's own code; see the rule of libpgo.o in the Makefile. */
extern const char __start_pgo_text[] __attribute__((visibility("hidden")));
extern const char __stop_pgo_text[] __attribute__((visibility("hidden")));

struct module {
	uintptr_t start, end;   /* its code */
	uint64_t offset;        /* of start in the file */
	const char *path;
	struct elfsym *sym;     /* NULL: not opened, or it cannot be */
	bool opened;
};

/* Under lock. */
static struct {
	struct lock lock;
	size_t n;
	size_t paths_used;
	struct module module[MODULES_MAX];
	char paths[PATHS_BYTES];
	struct lines lines;
	_Atomic bool hurry;             /* constant once it is set */
	bool lost;                      /* who dies: it waited in vain */
} names;

void names_hurry(void)
{
	atomic_store(&names.hurry, true);
}

static bool take_names(void)
{
	if (!atomic_load(&names.hurry)) {
		lock_get(&names.lock);
		return true;
	}
	for (int i = 0; i < HURRIED_TRIES && !names.lost; i++) {
		if (lock_try(&names.lock))
			return true;
		/* No futex, which a child of fork() may not wait on. */
		sys_nanosleep(1000000);
	}
	names.lost = true;
	return false;
}

static struct module *find(uintptr_t pc)
{
	for (size_t i = 0; i < names.n; i++)
		if (pc >= names.module[i].start && pc < names.module[i].end)
			return &names.module[i];
	return NULL;
}

/* The hexadecimal number *AT begins with; *AT goes behind it and the byte that
 * ended it. */
static uint64_t hex(const char **at)
{
	uint64_t n = 0;
	const char *s = *at;

	for (; *s; s++) {
		if (*s >= '0' && *s <= '9')
			n = n << 4 | (uint64_t)(*s - '0');
		else if (*s >= 'a' && *s <= 'f')
			n = n << 4 | (uint64_t)(*s - 'a' + 10);
		else
			break;
	}
	*at = *s ? s + 1 : s;
	return n;
}

static const char *keep_path(const char *path)
{
	size_t n = strlen(path) + 1;
	char *to = names.paths + names.paths_used;

	if (n > sizeof(names.paths) - names.paths_used)
		return NULL;
	names.paths_used += n;
	return memcpy(to, path, n);
}

/* START-END PERMS OFFSET DEV INODE      PATH */
static void add_line(const char *line)
{
	struct module m = { 0 };
	const char *path = strchr(line, '/');

	m.start = hex(&line);
	m.end = hex(&line);
	if (strlen(line) < 5 || line[2] != 'x' || !path || find(m.start) ||
	    names.n == MODULES_MAX)
		return;
	line += 5;
	m.offset = hex(&line);
	m.path = keep_path(path);
	if (m.path)
		names.module[names.n++] = m;
}

static void read_maps(void)
{
	const char *line;

	/* Not /proc/self, which is empty once the main thread has ended. */
	if (!lines_open(&names.lines, "/proc/thread-self/maps"))
		return;
	while ((line = lines_next(&names.lines)) != NULL)
		add_line(line);
	lines_close(&names.lines);
}

static void name_in(struct module *m, uintptr_t pc, struct name *out)
{
	struct elfsym_func func;
	uint64_t addr;

	out->file = m->path;
	if (!m->opened) {
		m->opened = true;
		if (elfsym_open(&m->sym, m->path, NULL))
			m->sym = NULL;
	}
	if (!m->sym)
		return;
	addr = elfsym_addr_of_offset(m->sym, pc - m->start + m->offset);
	out->file_address = addr == UINT64_MAX ? 0 : addr;
	out->is_program = (uintptr_t)__start_pgo_text - m->start <
			  m->end - m->start;
	if (!elfsym_find(m->sym, addr, &func))
		return;
	out->func = func.name;
	out->offset = addr - func.start;
}

static void look_up(uintptr_t pc, struct name *out)
{
	struct module *m;

	memset(out, 0, sizeof(*out));
	if (!take_names())
		return;
	m = find(pc);
	if (!m) {
		read_maps();
		m = find(pc);
	}
	if (m)
		name_in(m, pc, out);
	lock_put(&names.lock);
}

#define WRAP "__wrap_"

/* Libc's functions that the runtime has in their place go by libc's name. */
static bool is_wrap(const struct name *name)
{
	return name->func && !strncmp(name->func, WRAP, strlen(WRAP));
}

/* A sanitizer's are called in libc's place: ___interceptor_read. */
static const char *behind_interceptor(const char *name)
{
	static const char mark[] = "interceptor_";
	const char *end = name + strspn(name, "_");

	return end - name < 2 || strncmp(end, mark, strlen(mark)) ?
	       name : end + strlen(mark);
}

void names_find(uintptr_t pc, struct name *out)
{
	look_up(pc, out);
	if (is_wrap(out))
		out->func += strlen(WRAP);
	else if (out->func)
		out->func = behind_interceptor(out->func);
}

bool names_is_runtime(uintptr_t pc)
{
	return pc >= (uintptr_t)__start_pgo_text &&
	       pc < (uintptr_t)__stop_pgo_text;
}

bool names_is_shown(uintptr_t pc)
{
	struct name name;

	if (!names_is_runtime(pc))
		return true;
	look_up(pc, &name);
	return is_wrap(&name) ||
	       (name.func && !strncmp(name.func, "pgo_", 4));
}
