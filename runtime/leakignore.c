/*
 * A pattern is looked for in what a dump would show of the goroutine: calls
 * by the names it prints, inlined ones too, and their source files.
 */
#include "runtime/leakignore.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "runtime/dump.h"
#include "runtime/g.h"
#include "runtime/names.h"

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
static size_t calls_at(struct dump *d, uintptr_t at,
		       const struct source_line **first)
{
	struct source_line *line = d->source.line;
	struct name name;
	size_t n;

	names_find(at, &name);
	n = source_find(&d->source, at, &name);
	if (!n)
		line[n++].file = name.file;
	if (name.func || n == 1)
		line[n - 1].func = name.func;
	*first = line;
	return n;
}

static bool fits_call(struct dump *d, const char *pattern, uintptr_t at)
{
	const struct source_line *line;
	size_t n = calls_at(d, at, &line);

	for (size_t i = 0; i < n; i++)
		if (fits(pattern, line[i].func))
			return true;
	return false;
}

/* The Ith pc of the stack, inside the call. */
static uintptr_t frame(const struct dump *d, size_t i)
{
	return d->pcs[i] - (i > 0);
}

static bool fits_any(struct dump *d, const char *pattern, const struct g *gp)
{
	(void)gp;
	for (size_t i = 0; i < d->n; i++)
		if (fits_call(d, pattern, frame(d, i)))
			return true;
	return false;
}

/* The innermost function that is not the runtime's. */
static bool fits_top(struct dump *d, const char *pattern, const struct g *gp)
{
	const struct source_line *line;

	(void)gp;
	for (size_t i = 0; i < d->n; i++) {
		if (names_is_runtime(frame(d, i)))
			continue;
		calls_at(d, frame(d, i), &line);
		return fits(pattern, line->func);
	}
	return false;
}

static bool fits_creator(struct dump *d, const char *pattern,
			 const struct g *gp)
{
	return fits_call(d, pattern, gp->created_pc - 1);
}

static bool fits_files(struct dump *d, const char *pattern,
		       const struct g *gp)
{
	const struct source_line *line;
	size_t n;

	(void)gp;
	for (size_t i = 0; i < d->n; i++) {
		n = calls_at(d, frame(d, i), &line);
		while (n-- > 0)
			if (fits_file(pattern, line[n].file))
				return true;
	}
	return false;
}

static bool fits_goroutine(struct dump *d, const char *pattern,
			   const struct g *gp)
{
	static const struct {
		const char *prefix;
		bool (*fits)(struct dump *d, const char *pattern,
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
	return kinds[i].fits(d, pattern + strlen(kinds[i].prefix), gp);
}

bool leakignore_fits(const struct leakignore *ignore, struct dump *d,
		     const struct g *gp)
{
	const char *p = ignore->patterns;

	while (*p && !fits_goroutine(d, p, gp))
		p += strlen(p) + 1;
	return *p;
}

int leakignore_add(struct leakignore *ignore, const char *list)
{
	char *at = ignore->patterns + ignore->used;

	if (!list)
		return 0;
	if (strnlen(list, ENV_LIST) == ENV_LIST)
		return -EINVAL;
	while (*list) {
		size_t n = strcspn(list, ",");

		memcpy(at, list, n);
		at += n + (n > 0);
		list += n + (list[n] == ',');
	}
	ignore->used = (size_t)(at - ignore->patterns);
	return 0;
}
