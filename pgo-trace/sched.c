/*
 * pgo-trace sched: SCHED lines, out of a log or of a living program.
 *
 * A log is mixed: whatever is no such line is passed over, and what a logger
 * put before one as well.  Each line is written as it comes, so a log can be
 * followed; what goes on and on without one, as /dev/zero does, is no log.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/target/target.h"
#include "lib/wire/schedtrace.h"
#include "pgo-trace/command.h"
#include "pgo-trace/find.h"
#include "pgo-trace/interrupt.h"
#include "pgo-trace/output.h"
#include "pgo-trace/sched_live.h"
#include "pgo-trace/sched_out.h"

enum {
	LINE_MAX_BYTES = 65536, /* a line of SCHED_PROCS_MAX Ps has 23 kB */
	OVERLONG_MAX_BYTES = 1 << 20,
	DRY_MAX_BYTES = 16 << 20,
	ASK_S = 5,
	COUNT_MAX = 1000000000,
	DELAY_MAX_S = 86400,
};

struct sched {
	struct sched_out form;
	struct output out;
	const char *source;     /* FILE, TARGET or NULL for stdin */
	const char *path;       /* -o */
	bool force;
	bool detail;
	uint64_t count;         /* lines to take; 0: all there come */
	int64_t delay_ns;
};

static bool is_done(const struct sched *s)
{
	return (s->count && s->form.lines >= s->count) || interrupted();
}

/* DETAIL is NULL without. */
static int put_line(struct sched *s, const struct sched_line *l,
		    const struct snapshot *detail, struct err *e)
{
	struct buf b = { 0 };
	int rc = detail ? sched_out_detail(&s->form, &b, l, detail) :
			  sched_out_line(&s->form, &b, l);

	if (rc < 0)
		err_set(e, rc, "output");
	else
		rc = output_write(&s->out, b.data, b.len, e);
	buf_release(&b);
	return rc;
}

/* Writes line TEXT if it is one. */
static int take_line(struct sched *s, const char *text, size_t n,
		     struct err *e)
{
	static struct sched_lists lists;
	const char *at = memmem(text, n, "SCHED ", 6);
	struct sched_line l;

	if (!at)
		return 0;
	n -= (size_t)(at - text);
	if (sched_line_parse(at, n, &l, &lists) < 0)
		return 0;
	return put_line(s, &l, NULL, e);
}

/* What is read and belongs to no whole line yet. */
struct rest {
	char text[LINE_MAX_BYTES];
	size_t n;
	size_t skipped;         /* bytes of this line that did not fit: it is
				 * no SCHED line */
	size_t dry;             /* bytes before the first SCHED line */
};

static int take_lines(struct sched *s, struct rest *r, struct err *e)
{
	char *at = r->text, *end;
	int rc = 0;

	while (rc == 0 && !is_done(s) &&
	       (end = memchr(at, '\n', r->n)) != NULL) {
		if (!r->skipped)
			rc = take_line(s, at, (size_t)(end - at), e);
		r->skipped = 0;
		r->dry += s->form.lines ? 0 : (size_t)(end + 1 - at);
		r->n -= (size_t)(end + 1 - at);
		at = end + 1;
	}
	memmove(r->text, at, r->n);
	if (r->n == sizeof(r->text)) {
		r->skipped += r->n;
		r->dry += s->form.lines ? 0 : r->n;
		r->n = 0;
	}
	return rc;
}

static int check_is_log(const struct rest *r, const char *name, struct err *e)
{
	if (r->skipped > OVERLONG_MAX_BYTES)
		return err_say(e, -EFBIG, "%s: no log: a line of more than "
			       "1 MiB", name);
	if (r->dry > DRY_MAX_BYTES)
		return err_say(e, -EFBIG, "%s: no SCHED line in 16 MiB (run "
			       "the program with SCHEDTRACE=1000)", name);
	return 0;
}

static int read_log(struct sched *s, int fd, const char *name, struct err *e)
{
	struct rest *r = calloc(1, sizeof(*r));
	ssize_t n = 1;
	int rc = r ? 0 : err_set(e, -ENOMEM, "%s", name);

	while (rc == 0 && n != 0 && !is_done(s)) {
		n = read(fd, r->text + r->n, sizeof(r->text) - r->n);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			rc = err_set(e, -errno, "%s", name);
		if (n > 0) {
			r->n += (size_t)n;
			rc = take_lines(s, r, e);
		}
		if (rc == 0 && !is_done(s))
			rc = check_is_log(r, name, e);
	}
	if (rc == 0 && n == 0 && !r->skipped && !is_done(s))
		rc = take_line(s, r->text, r->n, e);
	free(r);
	if (rc == 0 && !s->form.lines && !interrupted())
		rc = err_say(e, -ENODATA, "%s: no SCHED lines (run the program "
			     "with SCHEDTRACE=1000)", name);
	return rc;
}

static int keep_on(void *ctx)
{
	(void)ctx;
	return interrupted() ? -EINTR : 0;
}

static int ask_once(struct sched *s, const struct target *t, struct err *e)
{
	struct target_ask ask = {
		.deadline_ns = clock_mono_ns() + ASK_S * INT64_C(1000000000),
		.max = LINE_MAX_BYTES,
		.accept = "text/plain",
		.waiting = keep_on,
	};
	struct http_answer a = { 0 };
	uint64_t before = s->form.lines;
	int rc;

	rc = target_get(t, "/debug/pgo/sched?debug=1", &ask, &a, e);
	if (rc == 0) {
		size_t n = a.body.len;
		const char *text = (const char *)a.body.data;
		const char *end = n ? memchr(text, '\n', n) : NULL;

		if (n)
			rc = take_line(s, text, end ? (size_t)(end - text) : n,
				       e);
		if (rc == 0 && s->form.lines == before)
			rc = err_say(e, -EBADMSG, "%s: answers no SCHED line",
				     t->text);
	}
	http_answer_release(&a);
	return rc;
}

/* Until the monotonic clock shows AT or somebody interrupts. */
static void sleep_until(int64_t at_ns)
{
	struct timespec at = { at_ns / 1000000000, at_ns % 1000000000 };

	while (!interrupted() &&
	       clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) ==
	       EINTR)
		;
}

static int look_once(struct sched *s, struct sched_live *live, struct err *e)
{
	struct sched_line l;
	int rc = sched_live_line(live, &l, e);

	if (rc < 0)
		return rc;
	return put_line(s, &l, s->detail ? sched_live_snapshot(live) : NULL,
			e);
}

static int watch(struct sched *s, const struct target *t, struct err *e)
{
	int64_t next_ns = clock_mono_ns();
	struct sched_live *live = NULL;
	int rc = 0;

	/* The agent's line says nothing of its Ms and goroutines. */
	if (!t->agent[0] || s->detail)
		rc = sched_live_open(&live, t, s->detail, e);
	/* The dead do not change. */
	if (t->kind == TARGET_CORE)
		s->count = 1;
	while (rc == 0 && !is_done(s)) {
		rc = live ? look_once(s, live, e) : ask_once(s, t, e);
		next_ns += s->delay_ns;
		if (rc == 0 && !is_done(s))
			sleep_until(next_ns);
	}
	sched_live_close(live);
	/* Ctrl-C is how one ends this. */
	return interrupted() && s->form.lines ? 0 : rc;
}

/* Digits are a pid even where a file is called so; ./4711 is that. */
static bool is_file(const char *source)
{
	struct stat st;

	return strspn(source, "0123456789") != strlen(source) &&
	       stat(source, &st) == 0 && !S_ISDIR(st.st_mode) &&
	       !S_ISSOCK(st.st_mode);
}

static int follow(struct sched *s, struct err *e)
{
	struct target t;
	int fd, rc;

	bool is_stdin = !s->source || !strcmp(s->source, "-");

	if (s->detail && (is_stdin || is_file(s->source)))
		return err_say(e, -EINVAL, "%s: a log has no --detail to add "
			       "(name the program)",
			       is_stdin ? "stdin" : s->source);
	if (is_stdin)
		return read_log(s, STDIN_FILENO, "stdin", e);
	if (is_file(s->source)) {
		fd = open(s->source, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return err_set(e, -errno, "%s", s->source);
		rc = read_log(s, fd, s->source, e);
		close(fd);
		return rc;
	}
	rc = find_target(&t, s->source);
	return rc < 0 ? rc : watch(s, &t, e);
}

static int sched(struct sched *s, struct err *e)
{
	int rc;

	interrupt_begin();
	rc = output_open(&s->out, s->path, s->force, e);
	if (rc == 0)
		rc = follow(s, e);
	if (rc == 0)
		rc = output_commit(&s->out, e);
	output_abort(&s->out);
	if (interrupted() && (rc < 0 || !s->path))
		interrupt_die();
	return rc;
}

static const char usage[] =
"usage: pgo-trace sched [-n N] [-d SECONDS] [--lines | --csv | --json]\n"
"                       [--detail] [-o FILE] [-f] [TARGET | FILE | -]\n"
"\n"
"Reads the SCHED lines of SCHEDTRACE or GODEBUG=schedtrace, of any version of\n"
"Go, from FILE or stdin, or makes one every SECONDS of what TARGET does.\n"
"\n"
"  -n, --count N        only N lines\n"
"  -d, --delay SECONDS  between two of a TARGET (1)\n"
"      --lines          SCHED lines, as Go 1.25 writes them\n"
"      --csv            comma separated, lists with blanks in them\n"
"      --json           one object a line\n"
"      --detail         lines, or JSON, of TARGET's Ps, Ms and goroutines too\n"
"  -o, --output FILE    into FILE\n"
"  -f, --force          overwrite FILE\n"
"  -h, --help           this text\n";

enum { OPT_JSON = 256, OPT_CSV, OPT_LINES, OPT_DETAIL };

/* The N words behind the options.  0, or an exit status + 1. */
static int check(struct sched *s, int n, char **words)
{
	const struct command *c = &command_sched;

	if (n > 1)
		return 1 + command_misused(c, "one TARGET or FILE");
	if (s->detail && s->form.format == SCHED_CSV)
		return 1 + command_misused(c, "--detail has no --csv");
	if (s->detail && s->form.format == SCHED_TABLE)
		s->form.format = SCHED_LINES;
	s->source = words[0];
	if (!s->source && isatty(STDIN_FILENO))
		return 1 + command_misused(c, "no TARGET or FILE");
	return 0;
}

/* 0, or an exit status + 1. */
static int parse(struct sched *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'n' },
		{ "delay", required_argument, NULL, 'd' },
		{ "lines", no_argument, NULL, OPT_LINES },
		{ "csv", no_argument, NULL, OPT_CSV },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "detail", no_argument, NULL, OPT_DETAIL },
		{ "output", required_argument, NULL, 'o' },
		{ "force", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const struct command *c = &command_sched;
	double v;
	int opt;

	while ((opt = getopt_long(argc, argv, ":n:d:o:fh", options, NULL)) !=
	       -1)
		switch (opt) {
		case 'n':
			if (!find_number(optarg, 1, COUNT_MAX, &v) ||
			    v != floor(v))
				return 1 + command_misused(c, "-n %s: no "
					"number of lines", optarg);
			s->count = (uint64_t)v;
			break;
		case 'd':
			if (!find_number(optarg, 0.01, DELAY_MAX_S, &v))
				return 1 + command_misused(c, "-d %s: seconds "
					"from 0.01 to %d", optarg,
					DELAY_MAX_S);
			s->delay_ns = (int64_t)(v * 1e9);
			break;
		case OPT_LINES:
			s->form.format = SCHED_LINES;
			break;
		case OPT_CSV:
			s->form.format = SCHED_CSV;
			break;
		case OPT_JSON:
			s->form.format = SCHED_JSON;
			break;
		case OPT_DETAIL:
			s->detail = true;
			break;
		case 'o':
			s->path = optarg;
			break;
		case 'f':
			s->force = true;
			break;
		case 'h':
			return 1 + command_help(c);
		default:
			return 1 + find_bad_option(c, opt, argv);
		}
	return check(s, argc - optind, argv + optind);
}

static int run(int argc, char **argv)
{
	static struct sched s;
	struct err e = { 0 };
	int rc;

	s = (struct sched){ .delay_ns = 1000000000, .out = { .fd = -1 } };
	rc = parse(&s, argc, argv);
	if (rc)
		return rc - 1;
	if (sched(&s, &e) < 0) {
		/* What TARGET is not was said where it was found out. */
		if (e.text[0])
			log_error("%s", e.text);
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

const struct command command_sched = {
	.name = "sched",
	.summary = "SCHED lines as a table, CSV or JSON",
	.usage = usage,
	.run = run,
};
