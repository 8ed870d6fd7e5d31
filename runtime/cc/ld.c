/*
 * pgo-cc under the name LIB/pgo/ld.
 *
 * gcc -B finds it there.  It runs GNU ld with every call of libc wrapped and
 * --trace on, then looks at what was taken in.  C that calls libc only is
 * done after this one link.  Where more is found (an unsplit object or
 * library that is called, a function of libc's name in the program, foreign
 * code that asks for larger first segments) it links once more, with what is
 * missing.  A static link is always done twice: first as it would be without
 * pgo, then with copies of the user's objects.  A refused link leaves no file.
 */

#include "runtime/cc/ld.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cc/args.h"
#include "runtime/cc/check.h"
#include "runtime/cc/copies.h"
#include "runtime/cc/link.h"
#include "runtime/cc/linkcmd.h"
#include "runtime/cc/run.h"
#include "runtime/cc/wraps.h"

/* A refusal after the first link leaves no file. */
static const char *unlink_at_exit;

static void unlink_refused(void)
{
	if (unlink_at_exit)
		unlink(unlink_at_exit);
}

/* Objects of the LTO plug-in may be gone when their line is read. */
static int is_trace(const char *line)
{
	return *line == '(' || (*line == '/' && str_ends(line, ".o")) ||
	       (*line && !access(line, F_OK));
}

/* Lines of the trace go to C, all others to OTHER. */
static void read_trace(struct check *c, char *text, struct bytes *other)
{
	struct names seen = { 0 };
	struct name *e;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		size_t n = strlen(line);

		if (is_trace(line)) {
			e = names_get(&seen, line);
			if (!e->v)
				check_add(c, line);
			e->v = 1;
		} else if (text || n) {
			bytes_add(other, line, n);
			bytes_add(other, "\n", text != NULL);
		}
	}
}

static int once(const struct link *l, const struct check *c, int foreign,
		struct said *said)
{
	struct strs cmd = { 0 };

	linkcmd_make(&cmd, l, c, foreign);
	return run(&cmd, said);
}

static void speak(const struct link *l, const struct said *said,
		  const char *trace, const struct bytes *other)
{
	fputs(said->err, stderr);
	if (l->traced)
		fputs(trace, stdout);
	else if (other->n)
		fwrite(other->p, 1, other->n, stdout);
	fflush(stdout);
}

/* It is a second link, of copies; see copies.h. */
static int link_copies(const struct link *l, const struct check *c,
		       int foreign, struct said *said)
{
	struct link copied = *l;
	struct check taken = { 0 };
	struct bytes other = { 0 };
	int status;

	copied.args = (struct strs){ 0 };
	copies_make(&copied.args, &l->args, c);
	status = once(&copied, c, foreign, said);
	if (!status) {
		read_trace(&taken, said->out, &other);
		copies_check(&taken);
	}
	return status;
}

static int link_checked(struct link *l)
{
	struct check c = { 0 };
	struct bytes other = { 0 };
	struct said said;
	char *trace;
	const char *bad;
	int status, foreign;

	wraps_read(&c.wraps);
	c.contiguous = l->contiguous;
	c.stays = l->sanitized;
	status = once(l, &c, 0, &said);
	trace = str_copy(said.out);
	read_trace(&c, said.out, &other);
	if (status) {
		speak(l, &said, trace, &other);
		return status;
	}
	/* From here to the last line a refusal must leave no file. */
	unlink_at_exit = l->out;
	check_calls(&c);
	foreign = !l->shared && (c.n_plain || check_needs_foreign(&c, l->out));
	l->unsplit = l->contiguous && c.n_plain;
	if (link_is_renamed(l))
		status = link_copies(l, &c, foreign, &said);
	else if (foreign || l->unsplit || c.n_thunks || c.unwrapped.n)
		status = once(l, &c, foreign, &said);
	speak(l, &said, trace, &other);
	bad = status ? NULL : check_linked(&c, l->out);
	if (bad)
		die("%s: %s", l->out, bad);
	unlink_at_exit = NULL;
	return status;
}

int ld_main(int argc, char **argv)
{
	struct strs given = { 0 };
	struct link l = { 0 };
	int i;

	for (i = 1; i < argc; i++)
		strs_add(&given, argv[i]);
	args_expand(&l.args, &given);
	if (link_is_plain(&l)) {
		argv[0] = (char *)linkcmd_ld();
		execv(argv[0], argv);
		die("%s: cannot run", argv[0]);
	}
	link_look(&l);
	atexit(unlink_refused);
	return link_checked(&l);
}
