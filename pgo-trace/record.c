/*
 * pgo-trace record: a profile of a running program, into a file.
 *
 * The answer is collected and checked before the file is made, so what is
 * there can be read; until then an interrupt leaves nothing.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/safe_text.h"
#include "lib/target/target.h"
#include "lib/wire/json.h"
#include "lib/wire/pprof_read.h"
#include "pgo-trace/command.h"
#include "pgo-trace/filename.h"
#include "pgo-trace/find.h"
#include "pgo-trace/interrupt.h"
#include "pgo-trace/output.h"
#include "pgo-trace/record.h"

enum { CPU_SECONDS = 30, SECONDS_MAX = 86400 };

static bool is_cpu(const struct recording *r)
{
	return !strcmp(r->type, "cpu");
}

static void show_progress(struct recording *r)
{
	int64_t s = (clock_mono_ns() - r->begin_ns) / NS_PER_S;
	char name[64];

	if (!isatty(STDERR_FILENO) || !r->seconds)
		return;
	safe_text(name, sizeof(name), r->target.text, strlen(r->target.text));
	fprintf(stderr, "\r%s of %s: %d of %d s ", r->type, name,
		(int)(s < r->seconds ? s : r->seconds), r->seconds);
	r->shown = true;
}

void record_waited(struct recording *r)
{
	if (r->shown)
		fprintf(stderr, "\r%79s\r", "");
	r->shown = false;
}

int record_waiting(void *recording)
{
	if (interrupted())
		return -EINTR;
	show_progress(recording);
	return 0;
}

/* Of the user's words; anything but a profile's name could be a path. */
static bool is_type(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n < 64 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz"
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == n &&
	       s[0] != '.';
}

/* What is had without an agent. */
static const struct {
	const char *type;
	int (*record)(struct recording *r, struct buf *out, struct err *e);
} outside[] = {
	{ "cpu", record_cpu },
	{ "goroutine", record_goroutine },
	{ "threadcreate", record_threadcreate },
	{ "heap", record_heap },
	{ "allocs", record_allocs },
};

static int fetch(struct recording *r, struct buf *out, struct err *e)
{
	int (*from)(struct recording *, struct buf *, struct err *) =
		record_agent;
	int rc;

	for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++)
		if (!r->target.agent[0] && !strcmp(outside[i].type, r->type))
			from = outside[i].record;
	if (from != record_agent && r->seconds && !is_cpu(r))
		return err_say(e, -EINVAL, "%s: a difference over time needs "
			       "an agent or a pprof server", r->target.text);
	rc = from(r, out, e);
	record_waited(r);
	return rc < 0 || !buf_error(out) ? rc :
	       err_set(e, buf_error(out), "%s", r->target.text);
}

static void name_file(const struct recording *r, const struct pprof *p,
		      char *out, size_t bytes)
{
	const char *exe = r->target.exe;
	const char *host = r->target.url.is_unix ? "profile" :
			   r->target.url.host;

	if (!*exe && p->n_mappings)
		exe = p->mappings[0].file;
	filename_make(out, bytes, exe, host, r->target.pid, r->type, "pb.gz");
}

static int write_file(struct output *o, const struct buf *body,
		      struct err *e)
{
	int rc = output_write(o, body->data, body->len, e);

	if (rc == 0)
		rc = output_commit(o, e);
	output_abort(o);
	return rc;
}

static void put_int(struct json *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_int(j, v);
}

/* How good it is and what it cost, of what we sampled ourselves. */
static void put_figures(struct json *j, const struct outside_cpu_figures *f)
{
	json_key(j, "sampler");
	json_str(j, f->name);
	put_int(j, "taken", (int64_t)f->sampler.samples);
	put_int(j, "complete", (int64_t)f->complete);
	put_int(j, "lost", (int64_t)f->sampler.lost);
	put_int(j, "stopped_ns", f->sampler.stopped_ns);
	put_int(j, "cost_ns", f->cost_ns);
}

static void put_json(const struct recording *r, const char *path, size_t bytes,
		     const struct pprof *p, struct buf *b)
{
	struct json j;

	json_init(&j, b);
	json_object_begin(&j);
	put_int(&j, "schema", 1);
	json_key(&j, "file");
	json_str(&j, path);
	json_key(&j, "type");
	json_str(&j, r->type);
	if (r->target.pid)
		put_int(&j, "pid", r->target.pid);
	put_int(&j, "bytes", (int64_t)bytes);
	put_int(&j, "samples", (int64_t)p->n_samples);
	put_int(&j, "duration_ns", p->duration_ns);
	if (r->sampled)
		put_figures(&j, &r->figures);
	json_object_end(&j);
	buf_put_u8(b, '\n');
}

/* On stdout: the name of the file, for scripts, or what is known of it. */
static int tell(const struct recording *r, const char *path, size_t bytes,
		const struct pprof *p, struct err *e)
{
	struct output out;
	struct buf b = { 0 };
	int rc;

	if (r->json)
		put_json(r, path, bytes, p, &b);
	else
		buf_printf(&b, "%s\n", path);
	output_open(&out, NULL, false, NULL);
	rc = buf_error(&b) ? err_set(e, buf_error(&b), "output") :
	     output_write(&out, b.data, b.len, e);
	buf_release(&b);
	return rc;
}

/* OUT is open when -o was given: what hinders is said before the wait. */
static int keep(struct recording *r, struct output *out,
		const struct buf *body, struct err *e)
{
	struct pprof p = { 0 };
	char path[256];
	int rc;

	rc = pprof_read(&p, body->data, body->len, r->target.text, e);
	if (rc == 0 && !r->path) {
		name_file(r, &p, path, sizeof(path));
		rc = output_open(out, path, r->force, e);
	}
	if (rc == 0)
		rc = write_file(out, body, e);
	/* The profile itself went to stdout with "-o -". */
	if (rc == 0 && !(r->path && !strcmp(r->path, "-")))
		rc = tell(r, r->path ? r->path : path, body->len, &p, e);
	pprof_release(&p);
	return rc;
}

static int record(struct recording *r, struct err *e)
{
	struct output out = { .fd = -1 };
	struct buf body = { .cap = PPROF_BYTES_MAX };
	int rc = 0;

	interrupt_begin();
	if (r->path)
		rc = output_open(&out, r->path, r->force, e);
	r->begin_ns = clock_mono_ns();
	if (rc == 0)
		rc = fetch(r, &body, e);
	if (rc == 0)
		rc = keep(r, &out, &body, e);
	output_abort(&out);
	buf_release(&body);
	if (rc < 0 && interrupted()) {
		log_error("record: interrupted, nothing written");
		interrupt_die();
	}
	return rc;
}

static const char usage[] =
"usage: pgo-trace record [-t TYPE] [-s SECONDS] [-o FILE] [-f] [--json]\n"
"                        [--hz N] [--sampler perf|ptrace] TARGET\n"
"\n"
"Records a profile into NAME-PID-TYPE-TIME.pb.gz and prints that name.\n"
"\n"
"  -t, --type TYPE        cpu (default), goroutine, threadcreate, heap,\n"
"                         allocs, or another that the program serves\n"
"  -s, --seconds SECONDS  how long (cpu: 30); of other types the difference\n"
"  -o, --output FILE      into FILE; - is stdout\n"
"  -f, --force            overwrite FILE\n"
"      --hz N             samples for each second of CPU time (100)\n"
"      --sampler WHICH    of programs that serve nothing: perf, or ptrace,\n"
"                         which stops threads for moments; perf where it is\n"
"                         allowed when none is given\n"
"      --json             tell about the file in JSON\n"
"  -h, --help             this text\n";

enum { OPT_JSON = 256, OPT_HZ, OPT_SAMPLER };

/* What the options said, and the target behind them: as parse(). */
static int check(const struct recording *r, int argc)
{
	const struct command *c = &command_record;

	if (!is_type(r->type))
		return 1 + command_misused(c, "-t %s: no profile type",
					   r->type);
	if (!strcmp(r->type, "trace"))
		return 1 + command_misused(c, "-t trace: only profiles are "
					   "recorded");
	if (argc - optind != 1)
		return 1 + command_misused(c, optind < argc ?
					   "one TARGET" : "no TARGET");
	return 0;
}

/* 0, or an exit status + 1. */
static int parse(struct recording *r, int argc, char **argv)
{
	static const struct option options[] = {
		{ "type", required_argument, NULL, 't' },
		{ "seconds", required_argument, NULL, 's' },
		{ "output", required_argument, NULL, 'o' },
		{ "force", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "hz", required_argument, NULL, OPT_HZ },
		{ "sampler", required_argument, NULL, OPT_SAMPLER },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const struct command *c = &command_record;
	int opt;

	while ((opt = getopt_long(argc, argv, ":t:s:o:fh", options, NULL)) !=
	       -1)
		switch (opt) {
		case 't':
			r->type = optarg;
			break;
		case 's':
			if (!find_whole(optarg, 1, SECONDS_MAX, &r->seconds))
				return 1 + command_misused(c, "-s %s: whole "
					"seconds from 1 to %d", optarg,
					SECONDS_MAX);
			break;
		case 'o':
			r->path = optarg;
			break;
		case 'f':
			r->force = true;
			break;
		case OPT_JSON:
			r->json = true;
			break;
		case OPT_HZ:
			if (!find_whole(optarg, 1, SAMPLER_HZ_MAX, &r->hz))
				return 1 + command_misused(c, "--hz %s: from "
					"1 to %d", optarg, SAMPLER_HZ_MAX);
			break;
		case OPT_SAMPLER:
			if (!outside_sampler_named(optarg, &r->sampler))
				return 1 + command_misused(c, "--sampler %s: "
					"perf or ptrace", optarg);
			break;
		case 'h':
			return 1 + command_help(c);
		default:
			return 1 + find_bad_option(c, opt, argv);
		}
	return check(r, argc);
}

static int run(int argc, char **argv)
{
	struct recording r = { .type = "cpu" };
	struct err e = { 0 };
	int rc = parse(&r, argc, argv);

	if (rc)
		return rc - 1;
	if (is_cpu(&r) && !r.seconds)
		r.seconds = CPU_SECONDS;
	if (find_target(&r.target, argv[optind]) < 0)
		return EXIT_FAILED;
	if (record(&r, &e) < 0) {
		log_error("%s", e.text);
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

const struct command command_record = {
	.name = "record",
	.summary = "record a profile of a running program",
	.usage = usage,
	.run = run,
};
