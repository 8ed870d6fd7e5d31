#include "pgo-trace/find.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/target/target.h"
#include "pgo-trace/command.h"

/* A line each, made safe by log_error(). */
static void list(struct buf *choices)
{
	char *at = (char *)(uintptr_t)buf_str(choices), *line;

	while ((line = strsep(&at, "\n")) != NULL)
		if (*line)
			log_error("  %s", line);
}

int find_target(struct target *t, const char *text)
{
	struct buf choices = { 0 };
	struct err e = { 0 };
	int rc = target_resolve(t, text, &choices, &e);

	if (rc < 0) {
		log_error("%s", e.text);
		list(&choices);
	}
	buf_release(&choices);
	return rc;
}

pid_t find_process(const char *text)
{
	struct target t;
	int rc = find_target(&t, text);

	if (rc < 0)
		return rc;
	if (t.kind == TARGET_PROCESS && !t.agent[0])
		return t.pid;
	if (t.kind == TARGET_PROCESS)
		log_error("%s: it serves by itself: %s", text, t.agent);
	else
		log_error("%s: no process (give a pid or a program's name)",
			  text);
	return -EINVAL;
}

bool find_number(const char *text, double min, double max, double *out)
{
	char *end;
	double v;

	/* Neither blanks, nor hex, nor "inf". */
	if (strspn(text, "0123456789.") != strlen(text) || !*text)
		return false;
	v = strtod(text, &end);
	if (*end || v < min || v > max)
		return false;
	*out = v;
	return true;
}

bool find_whole(const char *text, int min, int max, int *out)
{
	double v;

	if (!find_number(text, min, max, &v) || v != (int)v)
		return false;
	*out = (int)v;
	return true;
}

int find_bad_option(const struct command *c, int opt, char **argv)
{
	const char *word = argv[optind - 1];

	if (optopt > 0 && optopt < 256 && isgraph(optopt))
		return command_misused(c, opt == ':' ? "-%c needs a value" :
				       "-%c: no such option", optopt);
	return command_misused(c, opt == ':' ? "%s needs a value" :
			       "%s: no such option", word);
}
