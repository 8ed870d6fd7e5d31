#include "pgo-top/options.h"

#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "pgo-top/grid.h"
#include "pgo-top/list.h"

#define DELAY_MIN_NS INT64_C(100000000)
#define DELAY_MAX_S 86400.0

#define USAGE "usage: pgo-top [-bCHU] [-n N] [-d SECS] [-s KEY | -o [+-]KEY]" \
	      " [-F EXPR]\n" \
	      "               [-w COLS] [--json] [--once]" \
	      " [--dump-frame --size WxH] TARGET\n"

enum { OPT_JSON = 256, OPT_ONCE, OPT_DUMP, OPT_SIZE };

static const struct option longs[] = {
	{ "batch", no_argument, NULL, 'b' },
	{ "iterations", required_argument, NULL, 'n' },
	{ "delay", required_argument, NULL, 'd' },
	{ "pid", required_argument, NULL, 'p' },
	{ "sort-key", required_argument, NULL, 's' },
	{ "goroutines", no_argument, NULL, 'H' },
	{ "filter", required_argument, NULL, 'F' },
	{ "width", required_argument, NULL, 'w' },
	{ "no-colour", no_argument, NULL, 'C' },
	{ "no-color", no_argument, NULL, 'C' },
	{ "no-unicode", no_argument, NULL, 'U' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "once", no_argument, NULL, OPT_ONCE },
	{ "dump-frame", no_argument, NULL, OPT_DUMP },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void help(void)
{
	fputs(USAGE
	      "\nThe goroutines of a program, by what they do.\n\n"
	      "TARGET is a pid, a program name, host:port, http://host:port,"
	      " unix:PATH or\ncore:FILE[,EXE].\n\n"
	      "  -b, --batch           plain text frames, for files and pipes\n"
	      "  -n, --iterations N    stop after N frames\n"
	      "  -d, --delay SECS      between frames: 1, 0.5, 500ms (1)\n"
	      "  -p, --pid PID         the same as TARGET\n"
	      "  -s, --sort-key KEY    what to sort by; `-s help` lists them\n"
	      "  -o [+-]KEY            the same; + ascending, - descending\n"
	      "  -H, --goroutines      one by one, not by their stacks\n"
	      "  -F, --filter EXPR     only those: a word in any frame,"
	      " wait>1m, !fn~RE\n"
	      "  -w, --width COLS      columns of batch output\n"
	      "  -C, --no-colour       as NO_COLOR in the environment\n"
	      "  -U, --no-unicode      ASCII only\n"
	      "      --json            a JSON object a frame\n"
	      "      --once            one frame: -b -n 1\n"
	      "      --dump-frame --size WxH\n"
	      "                        the first screen as text\n"
	      "  -h, --help; -V, --version\n", stdout);
}

static int sort_help(void)
{
	for (int i = 0; i < LISTS; i++) {
		const struct list *l = lists[i];

		printf("%s%s%s\n", i ? "\n" : "", l->name,
		       i == LIST_GOROUTINES ? " (-H)" : "");
		for (int f = 0; f < l->field_count; f++)
			printf("%-8s %-10s %s\n", l->fields[f].name,
			       l->fields[f].column, l->fields[f].help);
	}
	return 0;
}

static int usage(void)
{
	fputs("try 'pgo-top --help'\n", stderr);
	return 2;
}

static int wrong(const char *option, const char *value, const char *want)
{
	log_error("%s %s: not %s", option, value, want);
	return usage();
}

/* A whole number from LEAST to MOST; -1 for what is none. */
static int64_t whole(const char *text, int64_t least, int64_t most)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || end == text || *end || v < least || v > most)
		return -1;
	return v;
}

int64_t delay_parse(const char *text)
{
	char *end;
	double s = strtod(text, &end);

	if (end == text || !isfinite(s) || s < 0)
		return -1;
	if (strcmp(end, "ms") == 0)
		s /= 1000;
	else if (*end && strcmp(end, "s") != 0)
		return -1;
	if (s > DELAY_MAX_S)
		return -1;
	return s * 1e9 < (double)DELAY_MIN_NS ? DELAY_MIN_NS :
						(int64_t)(s * 1e9);
}

/* What KEY is not. */
static const char *no_key_of(const struct options *o, const char *key)
{
	const struct list *rows = lists[LIST_GOROUTINES];

	if (o->list == LIST_STACKS &&
	    field_find(rows->fields, rows->field_count, key) >= 0)
		return "a sort key of stacks (with -H it is one)";
	return "a sort key (-s help lists them)";
}

/* Which list it is about is known once all options are. */
static int set_order(struct options *o)
{
	const struct list *l = lists[o->list];
	const char *key = o->sort_key;
	char sign;
	int field;

	o->order = l->order;
	if (!key)
		return -1;
	sign = *key == '+' || *key == '-' ? *key : 0;
	field = field_find(l->fields, l->field_count, key + (sign != 0));
	if (field < 0)
		return wrong(o->sort_option, key,
			     no_key_of(o, key + (sign != 0)));
	o->order.by = field;
	o->order.descending = sign ? sign == '-' : l->fields[field].descending;
	return -1;
}

static int size(struct options *o, const char *text)
{
	int cols, rows, n = 0;

	if (sscanf(text, "%dx%d%n", &cols, &rows, &n) != 2 || text[n] ||
	    cols < 1 || cols > GRID_COLS_MAX || rows < 1 ||
	    rows > GRID_ROWS_MAX)
		return wrong("--size", text,
			     "a size like 80x24, at most 1000x1000");
	o->cols = cols;
	o->rows = rows;
	return -1;
}

static int set_target(struct options *o, const char *target)
{
	if (o->target) {
		log_error("%s: one TARGET at a time", target);
		return usage();
	}
	o->target = target;
	return -1;
}

static int set_filter(struct options *o, const char *text)
{
	struct filter *filter = NULL;
	struct err e = { 0 };

	o->filter = text;
	if (filter_new(&filter, text, &e) < 0) {
		log_error("-F %s: %s", text, e.text);
		return usage();
	}
	filter_free(filter);
	return -1;
}

static int with_value(struct options *o, int opt)
{
	switch (opt) {
	case 'n':
		o->frames = whole(optarg, 1, INT64_MAX);
		return o->frames > 0 ? -1 :
		       wrong("-n", optarg, "a number of frames");
	case 'd':
		o->delay_ns = delay_parse(optarg);
		return o->delay_ns > 0 ? -1 :
		       wrong("-d", optarg, "a time (1, 0.5, 500ms)");
	case 'w':
		o->cols = (int)whole(optarg, 1, GRID_COLS_MAX);
		return o->cols > 0 ? -1 :
		       wrong("-w", optarg, "a width of 1 to 1000 columns");
	case 'p':
		return set_target(o, optarg);
	case 's': case 'o':
		if (strcmp(optarg, "help") == 0)
			return sort_help();
		o->sort_option = opt == 's' ? "-s" : "-o";
		o->sort_key = optarg;
		return -1;
	case OPT_SIZE:
		return size(o, optarg);
	}
	return set_filter(o, optarg);
}

/* One option; as options_parse(). */
static int option(struct options *o, int opt)
{
	switch (opt) {
	case 'b':
		o->batch = true;
		return -1;
	case 'H':
		o->list = LIST_GOROUTINES;
		return -1;
	case 'C':
		o->no_colour = true;
		return -1;
	case 'U':
		o->ascii = true;
		return -1;
	case OPT_JSON:
		o->json = o->batch = true;
		return -1;
	case OPT_ONCE:
		o->batch = true;
		o->frames = 1;
		return -1;
	case OPT_DUMP:
		o->dump_frame = true;
		return -1;
	case 'h':
		help();
		return 0;
	case 'V':
		puts("pgo-top " PGO_VERSION);
		return 0;
	case '?':
		return usage();
	}
	return with_value(o, opt);
}

int options_parse(struct options *o, int argc, char **argv)
{
	static char name[] = "pgo-top";
	const char *no_colour = getenv("NO_COLOR");
	int opt, rc;

	*o = (struct options){
		.filter = "", .delay_ns = 1000000000,
		.no_colour = no_colour && *no_colour,
	};
	/* getopt() begins its messages with it. */
	argv[0] = name;
	while ((opt = getopt_long(argc, argv, "bn:d:p:s:o:HF:w:CUhV", longs,
				  NULL)) >= 0) {
		rc = option(o, opt);
		if (rc >= 0)
			return rc;
	}
	for (; optind < argc; optind++) {
		rc = set_target(o, argv[optind]);
		if (rc >= 0)
			return rc;
	}
	rc = set_order(o);
	if (rc >= 0)
		return rc;
	if (!o->target) {
		log_error("no TARGET (a pid, a name, host:port, a URL, "
			  "unix:PATH or core:FILE)");
		return usage();
	}
	o->ascii |= strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	if (o->dump_frame && !o->rows) {
		o->cols = 80;
		o->rows = 24;
	}
	return -1;
}
