/*
 * A goroutine that was asked to end takes a while, so a look that finds some
 * is repeated, with naps that double up to a tenth of a second, as goleak for
 * Go does it: twenty looks in 0.43 s.
 *
 * PGODEBUG=leakcheck=1 looks when goroutine 1 has returned, while the others
 * still run, or else when exit(3) is called, and exit status 0 becomes 1.
 * exit(3) is called again for that, which glibc allows in a handler: whatever
 * else is to be done at exit is done.
 */
#include "runtime/leakcheck.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pgo/go.h>
#include <pgo/leakcheck.h>
#include <pgo/sys.h>

#include "runtime/dump.h"
#include "runtime/env.h"
#include "runtime/forked.h"
#include "runtime/m.h"
#include "runtime/names.h"
#include "runtime/outfd.h"
#include "runtime/sched.h"
#include "runtime/sys.h"

#define WAIT_NS INT64_C(430000000)
#define FIRST_NAP_NS INT64_C(1000)
#define LONGEST_NAP_NS INT64_C(100000000)

enum { OUT_BYTES = 16 << 10 };

/* Room for one look; too large for any stack. */
struct look {
	struct dump d;
	int64_t after;
	struct outfd o;
	char buf[OUT_BYTES];
	/* Each ends in a 0, the last in two. */
	char patterns[2 * ENV_LIST + 1];
};

/* Patterns ----------------------------------------------------------------- */

static bool fits(const char *pattern, const char *text)
{
	return text && !fnmatch(pattern, text, 0);
}

static bool fits_file(const char *pattern, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return fits(pattern, path) || (slash && fits(pattern, slash + 1));
}

/* The calls AT lies in, innermost first, inlined ones too, named as dumps
 * name them. */
static size_t calls_at(struct look *l, uintptr_t at,
		       const struct source_line **first)
{
	struct source_line *line = l->d.source.line;
	struct name name;
	size_t n;

	names_find(at, &name);
	n = source_find(&l->d.source, at, &name);
	if (!n)
		line[n++].file = name.file;
	if (name.func || n == 1)
		line[n - 1].func = name.func;
	*first = line;
	return n;
}

static bool fits_call(struct look *l, const char *pattern, uintptr_t at)
{
	const struct source_line *line;
	size_t n = calls_at(l, at, &line);

	for (size_t i = 0; i < n; i++)
		if (fits(pattern, line[i].func))
			return true;
	return false;
}

/* The Ith pc of the stack, inside the call. */
static uintptr_t frame(const struct look *l, size_t i)
{
	return l->d.pcs[i] - (i > 0);
}

static bool fits_any(struct look *l, const char *pattern, const struct g *gp)
{
	(void)gp;
	for (size_t i = 0; i < l->d.n; i++)
		if (fits_call(l, pattern, frame(l, i)))
			return true;
	return false;
}

/* The innermost function that is not the runtime's. */
static bool fits_top(struct look *l, const char *pattern, const struct g *gp)
{
	const struct source_line *line;

	(void)gp;
	for (size_t i = 0; i < l->d.n; i++) {
		if (names_is_runtime(frame(l, i)))
			continue;
		calls_at(l, frame(l, i), &line);
		return fits(pattern, line->func);
	}
	return false;
}

static bool fits_creator(struct look *l, const char *pattern,
			 const struct g *gp)
{
	return fits_call(l, pattern, gp->created_pc - 1);
}

static bool fits_files(struct look *l, const char *pattern,
		       const struct g *gp)
{
	const struct source_line *line;
	size_t n;

	(void)gp;
	for (size_t i = 0; i < l->d.n; i++) {
		n = calls_at(l, frame(l, i), &line);
		while (n-- > 0)
			if (fits_file(pattern, line[n].file))
				return true;
	}
	return false;
}

static bool fits_goroutine(struct look *l, const char *pattern,
			   const struct g *gp)
{
	static const struct {
		const char *prefix;
		bool (*fits)(struct look *l, const char *pattern,
			     const struct g *gp);
	} kinds[] = {
		{ "top:", fits_top },
		{ "by:", fits_creator },
		{ "file:", fits_files },
		{ "", fits_any },
	};
	size_t i = 0;

	while (strncmp(pattern, kinds[i].prefix, strlen(kinds[i].prefix)))
		i++;
	return kinds[i].fits(l, pattern + strlen(kinds[i].prefix), gp);
}

static bool is_leak(struct dump *d, const struct g *gp, void *ctx)
{
	struct look *l = ctx;

	if (gp->id == 1 || gp->id <= l->after)
		return false;
	for (const char *p = l->patterns; *p; p += strlen(p) + 1)
		if (fits_goroutine(l, p, gp))
			return false;
	(void)d;
	return true;
}

/* One look ----------------------------------------------------------------- */

/* Adds LIST to the patterns at AT; where the next go. */
static char *add_patterns(char *at, const char *list)
{
	while (list && *list) {
		size_t n = strcspn(list, ",");

		memcpy(at, list, n);
		at += n + (n > 0);
		list += n + (list[n] == ',');
	}
	return at;
}

static void write_leaks(struct look *l, size_t n, int fd)
{
	outfd_begin(&l->o, fd, l->buf, sizeof(l->buf));
	l->d.out = &l->o.sink;
	text_put(l->d.out, "pgo: leakcheck: ");
	text_uint(l->d.out, n);
	text_put(l->d.out, n == 1 ? " goroutine has" : " goroutines have");
	text_put(l->d.out, " not ended\n");
	dump_some(&l->d, is_leak, l);
	outfd_flush(&l->o);
}

/* How many leaks there are, or -E; they are written to FD unless that is below
 * 0.  On a thread's stack. */
static void *look(const struct pgo_leakcheck_opts *o, intptr_t fd)
{
	const struct m *m = m_get();
	struct look *l;
	size_t n;

	if (o->ignore && strnlen(o->ignore, ENV_LIST) == ENV_LIST)
		return (void *)(intptr_t)-EINVAL;
	l = sys_map(sizeof(*l));
	if (!l)
		return (void *)(intptr_t)-ENOMEM;
	l->after = o->after;
	add_patterns(add_patterns(l->patterns, env.leakcheck_ignore),
		     o->ignore);
	l->d.current = m && !m->insched ? m->g : NULL;
	n = dump_some(&l->d, is_leak, l);
	if (n && fd >= 0)
		write_leaks(l, n, (int)fd);
	source_end(&l->d.source);
	sys_unmap(l, sizeof(*l));
	return (void *)(intptr_t)(n < INT32_MAX ? n : INT32_MAX);
}

static int look_for(const struct pgo_leakcheck_opts *o, int fd)
{
	return (int)(intptr_t)pgo_sys((void *)look, o, (intptr_t)fd);
}

/* All of them -------------------------------------------------------------- */

static int64_t min_ns(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int look_until(const struct pgo_leakcheck_opts *o, int fd)
{
	int64_t left_ns = o->wait_ns ? o->wait_ns : WAIT_NS;
	int64_t nap_ns = FIRST_NAP_NS;
	int n = look_for(o, -1);

	while (n > 0 && left_ns > 0) {
		pgo_sleep(min_ns(nap_ns, left_ns));
		left_ns -= nap_ns;
		nap_ns = min_ns(2 * nap_ns, LONGEST_NAP_NS);
		n = look_for(o, -1);
	}
	return n > 0 ? look_for(o, fd) : n;
}

int pgo_leakcheck_opts(const struct pgo_leakcheck_opts *o, int fd)
{
	struct pgo_leakcheck_opts opts = { 0 };

	if (!atomic_load(&sched.last_id) || (o && o->size > sizeof(opts)))
		return -EINVAL;
	if (o)
		memcpy(&opts, o, o->size);
	return look_until(&opts, fd);
}

int pgo_leakcheck(int fd)
{
	return pgo_leakcheck_opts(NULL, fd);
}

int64_t pgo_leakcheck_current(void)
{
	return atomic_load(&sched.last_id);
}

/* At the end --------------------------------------------------------------- */

static struct {
	bool wanted;            /* constant */
	_Atomic bool begun;
	bool found;             /* who begun says it */
} at_end;

static void check_once(void)
{
	if (at_end.wanted && !atomic_exchange(&at_end.begun, true))
		at_end.found = pgo_leakcheck(STDERR_FILENO) > 0;
}

static void at_exit(int status, void *arg)
{
	(void)arg;
	/* A child of fork() has none of them, whatever its memory says. */
	if (is_forked)
		return;
	check_once();
	if (at_end.found && !status) {
		at_end.found = false;
		exit(EXIT_FAILURE);
	}
}

void leakcheck_setup(void)
{
	at_end.wanted = env.leakcheck && !on_exit(at_exit, NULL);
}

void leakcheck_main_returned(void)
{
	check_once();
}
