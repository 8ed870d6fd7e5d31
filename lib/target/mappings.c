#include "lib/target/mappings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The program itself is found by a link that survives its file; all else by
 * its path in the process's own root. */
static void read_build_id(struct mapping *out, pid_t pid, const char *exe)
{
	char path[PATH_MAX + 32];
	struct buildid id;

	if (out->file[0] != '/')
		return;
	if (!strcmp(out->file, exe))
		snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	else
		snprintf(path, sizeof(path), "/proc/%d/root%s", (int)pid,
			 out->file);
	buildid_of_file(&id, path);
	buildid_hex(&id, out->build_id);
}

static void read_exe(char *out, size_t bytes, pid_t pid)
{
	static const char gone[] = " (deleted)";
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, out, bytes - 1);
	out[n < 0 ? 0 : n] = '\0';
	n -= (ssize_t)strlen(gone);
	if (n > 0 && !strcmp(out + n, gone))
		out[n] = '\0';
}

static bool is_listed(const struct map *m)
{
	return (m->perms & MAP_X) && m->path[0];
}

/* Adds those that are the program's, or those that are not. */
static void add(struct mappings *m, pid_t pid, const char *exe, bool own)
{
	for (size_t i = 0; i < m->maps.n; i++) {
		const struct map *map = &m->maps.maps[i];
		struct mapping *out = &m->at[m->n];

		if (!is_listed(map) || !strcmp(map->path, exe) != own)
			continue;
		*out = (struct mapping){ map->start, map->end, map->offset,
					 map->path, "" };
		/* Several of one file lie side by side. */
		if (m->n && !strcmp(out[-1].file, out->file))
			strcpy(out->build_id, out[-1].build_id);
		else
			read_build_id(out, pid, exe);
		m->n++;
	}
}

int mappings_read(struct mappings *m, pid_t pid, struct err *e)
{
	char exe[PATH_MAX];
	int rc;

	*m = (struct mappings){ 0 };
	rc = maps_read(&m->maps, pid, e);
	if (rc < 0)
		return rc;
	m->at = calloc(m->maps.n + 1, sizeof(*m->at));
	if (!m->at)
		return err_set(e, -ENOMEM, "%d: mappings", (int)pid);
	read_exe(exe, sizeof(exe), pid);
	add(m, pid, exe, true);
	add(m, pid, exe, false);
	return 0;
}

void mappings_release(struct mappings *m)
{
	free(m->at);
	maps_release(&m->maps);
	*m = (struct mappings){ 0 };
}

int64_t mappings_find(const struct mappings *m, uint64_t pc)
{
	for (size_t i = 0; i < m->n; i++)
		if (pc >= m->at[i].start && pc < m->at[i].limit)
			return (int64_t)i;
	return -1;
}
