#include "lib/snapshot/goframe.h"

#include <stddef.h>
#include <string.h>

#define RUNTIME "runtime."

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* NAME is what is behind "runtime.": "Gosched", "(*Func).Entry". */
static bool is_exported(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t type = dot ? (size_t)(dot - name) : 0;

	if (!dot)
		return is_upper(name[0]);
	if (type >= 3 && !strncmp(name, "(*", 2) && name[type - 1] == ')')
		name += 2;
	return is_upper(dot[1]) && is_upper(name[0]);
}

bool goframe_is_shown(const char *func, const char *file, bool leaf)
{
	/* C code has no dots, and Go no line of it. */
	if (!strchr(func, '.'))
		return !*file;
	if (strncmp(func, RUNTIME, strlen(RUNTIME)))
		return true;
	func += strlen(RUNTIME);
	if (!strcmp(func, "runFinalizers") || !strcmp(func, "runCleanups"))
		return true;
	/* The border between a panic and what it runs. */
	if (!strcmp(func, "gopanic"))
		return !leaf;
	return is_exported(func);
}
