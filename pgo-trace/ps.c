/*
 * pgo-trace ps: which processes of this machine have goroutines.
 *
 * Each is looked into, so the list also tells what will work: by its agent, by
 * attaching, or why not.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/safe_text.h"
#include "lib/snapshot/snap_json.h"
#include "lib/target/look.h"
#include "lib/target/procs.h"
#include "pgo-trace/command.h"
#include "pgo-trace/find.h"
#include "pgo-trace/output.h"

enum { PROCS_MAX = 1 << 17 };

struct ps {
	bool all, json;
	unsigned int hidden;    /* nobody knows what they are */
	struct buf out;
	struct json j;
};

static bool is_refused(const struct look *l)
{
	return l->runtime == LOOK_UNKNOWN;
}

static void put_json(struct json *j, const struct look *l)
{
	static const char *const runtimes[] = {
		[LOOK_UNKNOWN] = "", [LOOK_GO] = "go", [LOOK_PGO] = "pgo",
	};

	json_object_begin(j);
	snap_json_number(j, "pid", l->pid);
	snap_json_text(j, "exe", l->exe);
	snap_json_text(j, "runtime", runtimes[l->runtime]);
	snap_json_text(j, "version", l->version);
	snap_json_number(j, "goroutines", l->goroutines);
	snap_json_text(j, "how", l->how ? l->how : "");
	snap_json_text(j, "why", l->how ? "" : l->why.text);
	json_object_end(j);
}

/* What is wrong without the pid it begins with. */
static const char *reason(const struct look *l)
{
	const char *colon = strstr(l->why.text, ": ");

	return colon ? colon + 2 : l->why.text;
}

static void put_text(struct buf *out, const struct look *l)
{
	char exe[sizeof(l->exe)], version[sizeof(l->version)], count[24] = "-";

	safe_text(exe, sizeof(exe), l->exe, strlen(l->exe));
	safe_text(version, sizeof(version), l->version, strlen(l->version));
	if (l->goroutines >= 0)
		snprintf(count, sizeof(count), "%" PRId64, l->goroutines);
	buf_printf(out, "%7d  %-12s  %10s  %-6s  %s", (int)l->pid,
		   *version ? version : "-", count, l->how ? l->how : "-",
		   *exe ? exe : "-");
	if (!l->how)
		buf_printf(out, ": %s", reason(l));
	buf_put_u8(out, '\n');
}

static void put(struct ps *p, const struct look *l)
{
	if (is_refused(l) && !p->all)
		p->hidden++;
	else if (p->json)
		put_json(&p->j, l);
	else
		put_text(&p->out, l);
}

static int by_number(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int list(struct ps *p, struct err *e)
{
	pid_t *pids = calloc(PROCS_MAX, sizeof(*pids));
	ssize_t n = pids ? procs_all(pids, PROCS_MAX) : -ENOMEM;
	static struct look l;

	if (n > PROCS_MAX)
		n = PROCS_MAX;
	if (n > 0)
		qsort(pids, (size_t)n, sizeof(*pids), by_number);
	for (ssize_t i = 0; i < n; i++)
		if (look_at(&l, pids[i]) == 0)
			put(p, &l);
	free(pids);
	return n < 0 ? err_set(e, (int)n, "/proc") : 0;
}

static int ps(struct ps *p, struct err *e)
{
	struct output to;
	int rc;

	if (p->json) {
		json_init(&p->j, &p->out);
		json_object_begin(&p->j);
		snap_json_number(&p->j, "schema", 1);
		json_key(&p->j, "processes");
		json_array_begin(&p->j);
	} else {
		buf_printf(&p->out, "%7s  %-12s  %10s  %-6s  %s\n", "PID",
			   "VERSION", "GOROUTINES", "HOW", "PROGRAM");
	}
	rc = list(p, e);
	if (p->json) {
		json_array_end(&p->j);
		json_object_end(&p->j);
		buf_put_u8(&p->out, '\n');
	}
	if (rc == 0 && buf_error(&p->out))
		rc = err_set(e, buf_error(&p->out), "output");
	output_open(&to, NULL, false, NULL);
	if (rc == 0)
		rc = output_write(&to, p->out.data, p->out.len, e);
	buf_release(&p->out);
	return rc;
}

static const char usage[] =
"usage: pgo-trace ps [-a] [--json]\n"
"\n"
"Lists the processes with goroutines: of Go, of pgo, with or without agent.\n"
"\n"
"  -a, --all   also those of which nobody can see what they are\n"
"      --json  one object\n"
"  -h, --help  this text\n";

enum { OPT_JSON = 256 };

/* 0, or an exit status + 1. */
static int parse(struct ps *p, int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, ":ah", options, NULL)) != -1)
		switch (opt) {
		case 'a':
			p->all = true;
			break;
		case OPT_JSON:
			p->json = true;
			break;
		case 'h':
			return 1 + command_help(&command_ps);
		default:
			return 1 + find_bad_option(&command_ps, opt, argv);
		}
	if (optind < argc)
		return 1 + command_misused(&command_ps,
					   "%s: it takes no TARGET",
					   argv[optind]);
	return 0;
}

static int run(int argc, char **argv)
{
	struct ps p = { 0 };
	struct err e = { 0 };
	int status = parse(&p, argc, argv);

	if (status)
		return status - 1;
	if (ps(&p, &e) < 0) {
		log_error("%s", e.text);
		return EXIT_FAILED;
	}
	if (p.hidden)
		log_error("%u process%s cannot be looked at (-a lists them, "
			  "pgo-trace doctor PID says why)", p.hidden,
			  p.hidden == 1 ? "" : "es");
	return EXIT_DONE;
}

const struct command command_ps = {
	.name = "ps",
	.summary = "processes with goroutines",
	.usage = usage,
	.run = run,
};
