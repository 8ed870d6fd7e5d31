/*
 * pgo-trace dump: every goroutine, what it does, since when, and its stack.
 *
 * From outside nothing stops, so the dump is no single moment: what moved
 * while it was read is marked where it stands and counted on stderr.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/snapshot/filter.h"
#include "lib/target/open.h"
#include "pgo-trace/command.h"
#include "pgo-trace/dropped.h"
#include "pgo-trace/dump_out.h"
#include "pgo-trace/find.h"

struct dump {
	struct target target;
	struct source_wants wants;
	struct source_info info;
	struct snapshot snapshot;
	struct filter *filter;
	struct output out;
	const char *path;       /* -o */
	bool force, json, group, system;
};

static int read_target(struct dump *d, struct err *e)
{
	struct source *src;
	int rc = target_source_open(&src, &d->target, &d->wants, e);

	if (rc < 0)
		return rc;
	rc = source_refresh(src, &d->snapshot, e);
	source_info(src, &d->info);
	source_close(src);
	if (rc < 0)
		err_named(e, d->target.text);
	return rc;
}

/* What the numbers are worth. */
static void tell(const struct dump *d)
{
	const struct snapshot *s = &d->snapshot;
	const char *name = d->target.text;
	uint32_t moving = 0;

	for (uint32_t i = 0; i < s->row_count; i++)
		moving += s->rows[i].moving;
	if (d->info.note[0])
		log_error("%s: %s", name, d->info.note);
	if (strcmp(d->info.kind, "attach")) {
		if (d->wants.freeze || d->wants.running)
			log_error("%s: --freeze and --running are for a process"
				  " that is read from outside", name);
	} else if (!d->wants.freeze) {
		log_error("%s: read %s: %" PRIu32 " of %" PRIu32 " were moving",
			  name, d->wants.running ? "with stops of its running "
			  "threads alone" : "without stopping it", moving,
			  s->row_count);
	}
	tell_dropped(name, s);
}

/* Goroutines nobody can tell apart can only be counted. */
static bool has_ids(const struct snapshot *s)
{
	return !s->row_count || s->rows[0].number[ROW_ID] != SNAP_UNKNOWN;
}

/* The runtime's own leave S. */
static void drop_system(struct snapshot *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->row_count; i++)
		if (!s->rows[i].system)
			s->rows[kept++] = s->rows[i];
	s->row_count = kept;
}

static int choose(struct dump *d, struct err *e)
{
	int rc;

	if (!d->system)
		drop_system(&d->snapshot);
	if (!d->filter)
		return 0;
	rc = filter_snapshot(d->filter, &d->snapshot);
	return rc < 0 ? err_set(e, rc, "filter") : 0;
}

static int write_down(struct dump *d, struct err *e)
{
	static int (*const as[2][2])(struct dump_out *, struct err *) = {
		{ dump_text, dump_json },
		{ dump_group_text, dump_group_json },
	};
	struct dump_out out = {
		.snapshot = &d->snapshot,
		.info = &d->info,
		.all = d->system,
		.to = &d->out,
	};
	int rc = as[d->group][d->json](&out, e);

	buf_release(&out.buf);
	return rc < 0 ? rc : output_commit(&d->out, e);
}

static int dump(struct dump *d, struct err *e)
{
	int rc = output_open(&d->out, d->path, d->force, e);

	snapshot_init(&d->snapshot);
	if (rc == 0)
		rc = read_target(d, e);
	if (rc == 0) {
		tell(d);
		d->group |= !has_ids(&d->snapshot);
		rc = choose(d, e);
	}
	if (rc == 0)
		rc = write_down(d, e);
	output_abort(&d->out);
	snapshot_release(&d->snapshot);
	return rc;
}

static const char usage[] =
"usage: pgo-trace dump [-g] [-F EXPR] [--freeze] [--running] [--full]\n"
"                      [--system] [--json] [-o FILE] [-f] TARGET\n"
"\n"
"Writes all goroutines with their stacks, in the form of Go's debug=2.\n"
"\n"
"  -g, --group          equal stacks once: counts, longest wait, creators\n"
"  -F, --filter EXPR    only those: reason=mutex and wait>1m, fn~\"re\",\n"
"                       stack>64k, label.KEY=VALUE, created=FUNC, id=7, WORD;\n"
"                       and, or, !, ()\n"
"      --freeze         stop the program while it is read\n"
"      --running        interrupt threads for the stacks of running ones\n"
"      --full           of a pprof server: one by one, stopping the program\n"
"      --system         the runtime's own goroutines and frames too\n"
"      --json           one object\n"
"  -o, --output FILE    into FILE\n"
"  -f, --force          overwrite FILE\n"
"  -h, --help           this text\n";

enum { OPT_JSON = 256, OPT_FREEZE, OPT_RUNNING, OPT_FULL, OPT_SYSTEM };

static int set_filter(struct dump *d, const char *expr)
{
	struct err e = { 0 };

	filter_free(d->filter);
	d->filter = NULL;
	return filter_new(&d->filter, expr, &e) < 0 ?
	       command_misused(&command_dump, "-F: %s", e.text) : 0;
}

static int set(struct dump *d, int opt, char **argv)
{
	switch (opt) {
	case 'g':
		d->group = true;
		return 0;
	case 'F':
		return set_filter(d, optarg);
	case OPT_FREEZE:
		d->wants.freeze = true;
		return 0;
	case OPT_RUNNING:
		d->wants.running = true;
		return 0;
	case OPT_FULL:
		d->wants.full = true;
		return 0;
	case OPT_SYSTEM:
		d->system = true;
		return 0;
	case OPT_JSON:
		d->json = true;
		d->wants.waits = true;
		return 0;
	case 'o':
		d->path = optarg;
		return 0;
	case 'f':
		d->force = true;
		return 0;
	default:
		return find_bad_option(&command_dump, opt, argv);
	}
}

/* 0, or an exit status + 1. */
static int parse(struct dump *d, int argc, char **argv)
{
	static const struct option options[] = {
		{ "group", no_argument, NULL, 'g' },
		{ "filter", required_argument, NULL, 'F' },
		{ "freeze", no_argument, NULL, OPT_FREEZE },
		{ "running", no_argument, NULL, OPT_RUNNING },
		{ "full", no_argument, NULL, OPT_FULL },
		{ "system", no_argument, NULL, OPT_SYSTEM },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "output", required_argument, NULL, 'o' },
		{ "force", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int opt, status;

	while ((opt = getopt_long(argc, argv, ":gF:o:fh", options, NULL)) !=
	       -1) {
		if (opt == 'h')
			return 1 + command_help(&command_dump);
		status = set(d, opt, argv);
		if (status)
			return 1 + status;
	}
	if (argc - optind != 1)
		return 1 + command_misused(&command_dump, optind < argc ?
					   "one TARGET" : "no TARGET");
	return 0;
}

static int run(int argc, char **argv)
{
	static struct dump d;
	struct err e = { 0 };
	int status;

	d = (struct dump){ .out = { .fd = -1 } };
	status = parse(&d, argc, argv);
	if (status)
		return status - 1;
	status = EXIT_FAILED;
	if (find_target(&d.target, argv[optind]) == 0) {
		if (dump(&d, &e) == 0)
			status = EXIT_DONE;
		else
			log_error("%s", e.text);
	}
	filter_free(d.filter);
	return status;
}

const struct command command_dump = {
	.name = "dump",
	.summary = "every goroutine with its stack",
	.usage = usage,
	.run = run,
};
