/* pgo-trace top: the functions of a profile, heaviest first, in the words and
 * figures of `go tool pprof -top`. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/base/safe_text.h"
#include "lib/wire/json.h"
#include "lib/wire/pprof_read.h"
#include "pgo-trace/command.h"
#include "pgo-trace/find.h"
#include "pgo-trace/output.h"
#include "pgo-trace/report.h"
#include "pgo-trace/units.h"

enum { LABEL_BYTES = 400, NAME_BYTES = 4096, ROWS_MAX = 1 << 22 };

struct top {
	struct report_options options;
	const char *file;
	const char *path;       /* -o */
	bool force, json;
};

static void put_safe(struct buf *b, const char *before, const char *text)
{
	char safe[NAME_BYTES];

	safe_text(safe, sizeof(safe), text, strlen(text));
	buf_printf(b, "%s%s", before, safe);
}

static void put_value(struct buf *b, const struct report *r, int64_t v)
{
	char label[LABEL_BYTES];

	buf_put_str(b, unit_label(label, sizeof(label), v, r->unit,
				  r->out_unit));
}

static void put_line(struct buf *b, const char *before, const char *text)
{
	put_safe(b, before, text);
	buf_put_u8(b, '\n');
}

static void put_program(struct buf *b, const struct pprof *p)
{
	const char *file = p->n_mappings ? p->mappings[0].file : "";
	const char *base = strrchr(file, '/');

	if (*file)
		put_line(b, "File: ", base ? base + 1 : file);
	if (p->n_mappings && *p->mappings[0].build_id)
		put_line(b, "Build ID: ", p->mappings[0].build_id);
	for (size_t i = 0; i < p->n_comments; i++)
		if (p->comments[i][0] != '#')
			put_line(b, "", p->comments[i]);
}

static void put_time(struct buf *b, const struct pprof *p)
{
	time_t s = (time_t)(p->time_ns / 1000000000);
	char when[64];
	struct tm tm;

	if (!p->time_ns || !localtime_r(&s, &tm))
		return;
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S %Z", &tm);
	buf_printf(b, "Time: %s\n", when);
}

static void put_duration(struct buf *b, const struct pprof *p,
			 const struct report *r)
{
	char text[LABEL_BYTES];
	double total_ns;
	const char *unit;

	if (!p->duration_ns)
		return;
	unit_label(text, sizeof(text), p->duration_ns, "nanoseconds", "auto");
	buf_printf(b, "Duration: %s, Total samples = ", text);
	put_value(b, r, r->total);
	buf_put_u8(b, ' ');
	unit = unit_scale(r->total, r->unit, "nanoseconds", &total_ns);
	if (!strcmp(unit, "ns") && total_ns > 0 && total_ns < 9e18)
		buf_printf(b, "(%s)", unit_percent(text, sizeof(text),
						   (int64_t)total_ns,
						   p->duration_ns));
	buf_put_u8(b, '\n');
}

static void put_summary(struct buf *b, const struct report *r)
{
	char percent[LABEL_BYTES];
	int64_t cutoff = llabs((int64_t)((double)r->total *
					 REPORT_NODE_FRACTION));

	unit_percent(percent, sizeof(percent), r->shown, r->total);
	buf_put_str(b, "Showing nodes accounting for ");
	put_value(b, r, r->shown);
	buf_printf(b, ", %s of ", percent + strspn(percent, " "));
	put_value(b, r, r->total);
	buf_put_str(b, " total\n");
	if (r->total && r->dropped) {
		buf_printf(b, "Dropped %zu node%s (cum <= ", r->dropped,
			   r->dropped > 1 ? "s" : "");
		put_value(b, r, cutoff);
		buf_put_str(b, ")\n");
	}
	if (r->total && r->n && r->n < r->candidates)
		buf_printf(b, "Showing top %zu nodes out of %zu\n", r->n,
			   r->candidates);
}

static const char *const inline_words[] = {
	[REPORT_CALLED] = "",
	[REPORT_PARTLY_INLINED] = " (partial-inline)",
	[REPORT_INLINED] = " (inline)",
};

static void put_rows(struct buf *b, const struct report *r)
{
	char value[2][LABEL_BYTES], percent[3][LABEL_BYTES], name[NAME_BYTES];
	uint64_t sum = 0;

	buf_printf(b, "%10s %5s%% %5s%% %10s %5s%%\n", "flat", "flat", "sum",
		   "cum", "cum");
	for (size_t i = 0; i < r->n; i++) {
		const struct report_node *n = &r->nodes[i];

		sum += (uint64_t)n->flat;
		unit_label(value[0], LABEL_BYTES, n->flat, r->unit,
			   r->out_unit);
		unit_label(value[1], LABEL_BYTES, n->cum, r->unit, r->out_unit);
		unit_percent(percent[0], LABEL_BYTES, n->flat, r->total);
		unit_percent(percent[1], LABEL_BYTES, (int64_t)sum, r->total);
		unit_percent(percent[2], LABEL_BYTES, n->cum, r->total);
		buf_printf(b, "%10s %s %s %10s %s  ", value[0], percent[0],
			   percent[1], value[1], percent[2]);
		put_safe(b, "", report_node_name(n, name, sizeof(name)));
		buf_printf(b, "%s\n", inline_words[n->inlined]);
	}
}

static void put_text(struct buf *b, const struct pprof *p,
		     const struct report *r)
{
	put_program(b, p);
	put_line(b, "Type: ", r->type);
	put_time(b, p);
	put_duration(b, p, r);
	put_summary(b, r);
	put_rows(b, r);
}

static void put_json_rows(struct json *j, const struct report *r)
{
	char name[NAME_BYTES];

	json_key(j, "nodes");
	json_array_begin(j);
	for (size_t i = 0; i < r->n; i++) {
		const struct report_node *n = &r->nodes[i];

		json_object_begin(j);
		json_key(j, "name");
		json_str(j, report_node_name(n, name, sizeof(name)));
		json_key(j, "flat");
		json_int(j, n->flat);
		json_key(j, "cum");
		json_int(j, n->cum);
		json_key(j, "inlined");
		json_bool(j, n->inlined == REPORT_INLINED);
		json_object_end(j);
	}
	json_array_end(j);
}

static int put_json(struct buf *b, const struct pprof *p,
		    const struct report *r)
{
	struct json j;
	int rc;

	json_init(&j, b);
	json_object_begin(&j);
	json_key(&j, "schema");
	json_uint(&j, 1);
	json_key(&j, "type");
	json_str(&j, r->type);
	json_key(&j, "unit");
	json_str(&j, r->unit);
	json_key(&j, "total");
	json_int(&j, r->total);
	json_key(&j, "shown");
	json_int(&j, r->shown);
	json_key(&j, "dropped");
	json_uint(&j, r->dropped);
	if (p->time_ns) {
		json_key(&j, "time");
		json_int(&j, p->time_ns);
	}
	if (p->duration_ns) {
		json_key(&j, "duration_ns");
		json_int(&j, p->duration_ns);
	}
	put_json_rows(&j, r);
	json_object_end(&j);
	rc = json_finish(&j);
	buf_put_u8(b, '\n');
	return rc;
}

static int read_file(const char *path, struct pprof *p, struct err *e)
{
	struct buf b = { 0 };
	int rc;

	if (!strcmp(path, "-")) {
		path = "stdin";
		rc = fd_read_all(STDIN_FILENO, &b, PPROF_BYTES_MAX);
		if (rc < 0)
			err_set(e, rc, "stdin");
	} else {
		rc = fd_slurp(path, &b, PPROF_BYTES_MAX, e);
	}
	if (rc == 0)
		rc = pprof_read(p, b.data, b.len, path, e);
	buf_release(&b);
	return rc;
}

static int write_report(const struct top *t, const struct pprof *p,
			const struct report *r, struct err *e)
{
	struct output out = { .fd = -1 };
	struct buf b = { 0 };
	int rc = 0;

	if (t->json)
		rc = put_json(&b, p, r);
	else
		put_text(&b, p, r);
	if (rc == 0)
		rc = buf_error(&b);
	if (rc < 0)
		err_set(e, rc, "report");
	if (rc == 0)
		rc = output_open(&out, t->path, t->force, e);
	if (rc == 0)
		rc = output_write(&out, b.data, b.len, e);
	if (rc == 0)
		rc = output_commit(&out, e);
	output_abort(&out);
	buf_release(&b);
	return rc;
}

static int top(const struct top *t, struct err *e)
{
	struct pprof p = { 0 };
	struct report r = { 0 };
	int rc = read_file(t->file, &p, e);

	if (rc == 0) {
		rc = report_make(&r, &p, &t->options, e);
		if (rc < 0)
			err_of(e, "%s", t->file);
	}
	if (rc == 0)
		rc = write_report(t, &p, &r, e);
	report_release(&r);
	pprof_release(&p);
	return rc;
}

static const char usage[] =
"usage: pgo-trace top [-n N] [--cum] [-t TYPE] [-o FILE] [-f] [--json] FILE\n"
"\n"
"Lists the functions of a profile (FILE.pb.gz, or - for stdin) with the\n"
"figures of go tool pprof -top.\n"
"\n"
"  -n, --rows N       at most N functions\n"
"  -c, --cum          sort by what a function and its callees used\n"
"  -t, --type TYPE    the values to show, by name or number (default: the\n"
"                     profile's own choice, else its last)\n"
"  -o, --output FILE  into FILE\n"
"  -f, --force        overwrite FILE\n"
"      --json         values in the profile's unit, as JSON\n"
"  -h, --help         this text\n";

enum { OPT_JSON = 256 };

/* 0, or an exit status + 1. */
static int parse(struct top *t, int argc, char **argv)
{
	static const struct option options[] = {
		{ "rows", required_argument, NULL, 'n' },
		{ "cum", no_argument, NULL, 'c' },
		{ "type", required_argument, NULL, 't' },
		{ "output", required_argument, NULL, 'o' },
		{ "force", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const struct command *c = &command_top;
	double rows;
	int opt;

	while ((opt = getopt_long(argc, argv, ":n:ct:o:fh", options, NULL)) !=
	       -1)
		switch (opt) {
		case 'n':
			if (!find_number(optarg, 1, ROWS_MAX, &rows) ||
			    rows != floor(rows))
				return 1 + command_misused(c, "-n %s: no "
							   "number of rows",
							   optarg);
			t->options.rows = (size_t)rows;
			break;
		case 'c':
			t->options.by_cum = true;
			break;
		case 't':
			t->options.type = optarg;
			break;
		case 'o':
			t->path = optarg;
			break;
		case 'f':
			t->force = true;
			break;
		case OPT_JSON:
			t->json = true;
			break;
		case 'h':
			return 1 + command_help(c);
		default:
			return 1 + find_bad_option(c, opt, argv);
		}
	if (argc - optind != 1)
		return 1 + command_misused(c, optind < argc ? "one FILE" :
					   "no FILE");
	t->file = argv[optind];
	return 0;
}

static int run(int argc, char **argv)
{
	struct top t = { 0 };
	struct err e = { 0 };
	int rc = parse(&t, argc, argv);

	if (rc)
		return rc - 1;
	if (top(&t, &e) < 0) {
		log_error("%s", e.text);
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

const struct command command_top = {
	.name = "top",
	.summary = "the heaviest functions of a profile",
	.usage = usage,
	.run = run,
};
