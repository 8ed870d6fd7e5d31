/*
 * From an address to its file: with -e there is but one, with -P what
 * /proc/PID/maps says, opened as that process sees it.
 */
#include "symbolizer/cmd/place.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static int open_exe(struct places *p, struct err *e)
{
	const struct sym_options *o = p->options;

	p->exe = cache_get(&p->cache, o->exe, e);
	if (!p->exe)
		return e->code;
	if (o->section && sym_addr_of_section(p->exe, o->section, &p->base))
		return err_say(e, -ENOENT, "%s: no section %s that is loaded",
			       o->exe, o->section);
	return 0;
}

int places_open(struct places *p, const struct sym_options *o, struct err *e)
{
	*p = (struct places){ .options = o };
	if (!o->pid)
		return open_exe(p, e);
	return maps_read(&p->maps, o->pid, e);
}

/* Where the file mapped at M is to be had, as that process sees it.  One that
 * is gone is still there as the program itself. */
static void path_of(char *path, size_t n, pid_t pid, const struct map *m)
{
	if (m->deleted)
		snprintf(path, n, "/proc/%d/exe", (int)pid);
	else
		snprintf(path, n, "/proc/%d/root%s", (int)pid, m->path);
}

static struct sym *open_map(struct places *p, const struct map *m,
			    struct err *e)
{
	char path[PATH_MAX + 64];
	struct stat st;

	path_of(path, sizeof(path), p->options->pid, m);
	if (!stat(path, &st) && st.st_ino == m->inode)
		return cache_get(&p->cache, path, e);
	err_say(e, -ESTALE, "%s: gone or replaced since it was mapped",
		m->path);
	return NULL;
}

static void find_mapped(struct places *p, uint64_t addr, struct place *place)
{
	const struct map *m = maps_find(&p->maps, addr);

	if (!m) {
		err_say(&place->err, -ENOENT, "nothing is mapped there");
		return;
	}
	place->module = *m->path ? m->path : NULL;
	if (m->path[0] != '/') {
		err_say(&place->err, -ENOENT, "no file is mapped there");
		return;
	}
	place->sym = open_map(p, m, &place->err);
	if (place->sym && sym_addr_of_offset(place->sym, addr - m->start +
					     m->offset, &place->addr)) {
		err_say(&place->err, -ENOENT, "%s: not in a part of the file "
			"that is loaded", m->path);
		place->sym = NULL;
	}
}

void places_find(struct places *p, uint64_t addr, struct place *place)
{
	*place = (struct place){ 0 };
	if (p->options->pid) {
		find_mapped(p, addr, place);
		return;
	}
	place->sym = p->exe;
	place->module = p->options->exe;
	place->addr = p->options->section ? addr + p->base :
		sym_addr_in_object(p->exe, addr);
}

void places_close(struct places *p)
{
	maps_release(&p->maps);
	cache_release(&p->cache);
}
