#include "pgo-top/connect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/target/open.h"

int connect_open(struct source **out, const char *target,
		 const atomic_bool *stop, struct buf *choices, struct err *e)
{
	struct source_wants wants = { .waits = true, .stop = stop };
	struct target *t = malloc(sizeof(*t));
	int rc;

	if (!t)
		return err_set(e, -ENOMEM, "%s", target);
	rc = target_resolve(t, target, choices, e);
	if (rc == 0)
		rc = target_source_open(out, t, &wants, e);
	free(t);
	return rc;
}

/* One line of stderr for each of TEXT. */
static void say_lines(char *text)
{
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			log_error("%s", line);
}

int connect_open_or_say(struct source **out, const char *target,
			const atomic_bool *stop)
{
	struct buf choices = { 0 };
	struct err e = { 0 };
	char *lines;
	int rc;

	rc = connect_open(out, target, stop, &choices, &e);
	if (rc < 0) {
		connect_name(&e, target);
		log_error("%s", e.text);
	}
	if (rc == -ENOTUNIQ) {
		lines = strdup(buf_str(&choices));
		if (lines)
			say_lines(lines);
		free(lines);
	}
	buf_release(&choices);
	return rc;
}

void connect_name(struct err *e, const char *target)
{
	err_named(e, target);
}
