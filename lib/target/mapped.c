#include "lib/target/mapped.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/target/core.h"

bool mapped_path(char *path, size_t n, struct space *s, const struct map *m)
{
	const char *core;
	struct stat st;

	if (s->kind == SPACE_CORE) {
		core = core_path(s, m);
		if (core)
			snprintf(path, n, "%s", core);
		return core != NULL;
	}
	if (!m->inode)
		return false;
	if (!strcmp(m->path, s->exe) && s->exe_open[0]) {
		snprintf(path, n, "%s", s->exe_open);
		return true;
	}
	if (m->path[0] != '/' || m->deleted)
		return false;
	snprintf(path, n, "/proc/%d/root%s", (int)s->pid, m->path);
	return stat(path, &st) == 0 && st.st_ino == m->inode;
}
