/* pgo's folders, from /proc/self/exe. */

#include "runtime/cc/where.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cc/mem.h"

static char *find_include(const char *bin, int *in_tree)
{
	static const char *const up[] = { "..", "../..", "../../.." };
	size_t i;

	for (i = 0; i < sizeof(up) / sizeof(*up); i++) {
		char *dir = str_form("%s/%s/include", bin, up[i]);
		char *real = realpath(dir, NULL);

		*in_tree = i > 0;
		if (real && !access(str_form("%s/pgo/pgo.h", real), R_OK))
			return real;
	}
	die("%s: no include/pgo/pgo.h near it (make install)", bin);
}

static void find(struct where *w)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0)
		die("/proc/self/exe: cannot read (is /proc mounted?)");
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	w->bin = str_copy(exe);
	w->lib = realpath(str_form("%s/../lib", w->bin), NULL);
	if (!w->lib)
		die("%s/../lib: not there (make, or make install)", w->bin);
	w->include = find_include(w->bin, &w->in_tree);
	w->script = realpath(str_form("%s/../share/%sgdb/pgo-gdb.py",
				      w->include, w->in_tree ? "" : "pgo/"),
			     NULL);
}

const struct where *where(void)
{
	static struct where w;

	if (!w.bin)
		find(&w);
	return &w;
}
