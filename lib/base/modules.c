#include "lib/base/modules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"

static bool is_vdso(const struct map *m)
{
	return !strcmp(m->path, "[vdso]");
}

static void read_build_id(struct module *m)
{
	if (is_vdso(m->map))
		buildid_of_image(&m->id, (const void *)(uintptr_t)m->map->start,
				 m->map->end - m->map->start);
	else if (m->map->path[0] == '/')
		buildid_of_file(&m->id, m->map->path);
}

int modules_open(struct modules *ms, struct err *e)
{
	int rc;

	memset(ms, 0, sizeof(*ms));
	rc = maps_read(&ms->maps, 0, e);
	if (rc)
		return rc;
	ms->module = calloc(ms->maps.n + 1, sizeof(*ms->module));
	if (!ms->module) {
		maps_release(&ms->maps);
		return err_set(e, -ENOMEM, "mapped modules");
	}
	for (size_t i = 0; i < ms->maps.n; i++) {
		struct module *m = &ms->module[ms->count];

		if (!(ms->maps.maps[i].perms & MAP_X))
			continue;
		m->map = &ms->maps.maps[i];
		read_build_id(m);
		ms->count++;
	}
	return 0;
}

void modules_close(struct modules *ms)
{
	for (size_t i = 0; i < ms->count; i++)
		elfsym_close(ms->module[i].sym);
	free(ms->module);
	maps_release(&ms->maps);
	memset(ms, 0, sizeof(*ms));
}

struct module *modules_find(struct modules *ms, uint64_t pc)
{
	size_t low = 0;
	size_t high = ms->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		struct module *m = &ms->module[mid];

		if (pc < m->map->start)
			high = mid;
		else if (pc >= m->map->end)
			low = mid + 1;
		else
			return m;
	}
	return NULL;
}

static void open_symbols(struct module *m)
{
	uint64_t addr;
	int rc;

	m->opened = true;
	if (is_vdso(m->map))
		rc = elfsym_open_image(&m->sym,
				       (const void *)(uintptr_t)m->map->start,
				       m->map->end - m->map->start, NULL);
	else
		rc = elfsym_open(&m->sym, m->map->path, NULL);
	if (rc) {
		m->sym = NULL;
		return;
	}
	addr = elfsym_addr_of_offset(m->sym, m->map->offset);
	m->bias = m->map->start - (addr == UINT64_MAX ? m->map->offset : addr);
}

bool module_function(struct module *m, uint64_t pc, struct elfsym_func *out)
{
	static const char wrap[] = "__wrap_";

	if (!m->opened)
		open_symbols(m);
	if (!m->sym || !elfsym_find(m->sym, pc - m->bias, out))
		return false;
	if (!strncmp(out->name, wrap, sizeof(wrap) - 1))
		out->name += sizeof(wrap) - 1;
	return true;
}
