/* wrap.rsp, and the question --print-wraps. */

#include "runtime/cc/wraps.h"

#include <stdio.h>
#include <string.h>

#include "runtime/cc/input.h"
#include "runtime/cc/mem.h"
#include "runtime/cc/where.h"

void wraps_read(struct names *wraps)
{
	char *path = str_form("%s/pgo/wrap.rsp", where()->lib);
	char *text = file_read(path, 16u << 20, NULL), *line;

	if (!text)
		die("%s: not there (make, or make install)", path);
	while ((line = strsep(&text, "\n")))
		if (str_begins(line, "--wrap="))
			names_get(wraps, line + strlen("--wrap="));
}

int wraps_print(int n, char **objs)
{
	struct names wraps = { 0 }, calls = { 0 };
	const char **s;
	int i;

	if (n == 0)
		die("--print-wraps: names no object");
	wraps_read(&wraps);
	for (i = 0; i < n; i++) {
		struct input *in = input_open(objs[i], NULL, 0);

		if (!in)
			die("%s: not an object file", objs[i]);
		input_calls(in, &calls);
	}
	for (s = names_sorted(&calls); *s; s++)
		if (names_find(&wraps, *s))
			printf("-Wl,--wrap=%s\n", *s);
	return fflush(stdout) ? 1 : 0;
}
