/* Made with the first file: most links need none. */

#include "runtime/cc/folder.h"

#include <stdlib.h>
#include <unistd.h>

#include "runtime/cc/mem.h"

static char *dir;
static struct strs files;

static void remove_all(void)
{
	size_t i;

	for (i = 0; i < files.n; i++)
		unlink(files.v[i]);
	rmdir(dir);
}

static void make(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = str_form("%s/pgo-cc.XXXXXX", tmp && *tmp ? tmp : "/tmp");

	if (!mkdtemp(path))
		die("%s: cannot make a folder", path);
	dir = path;
	atexit(remove_all);
}

const char *folder_file(const char *name)
{
	char *path;

	if (!dir)
		make();
	path = str_form("%s/%s", dir, name);
	strs_add(&files, path);
	return path;
}

const char *folder_path(void)
{
	return dir;
}
