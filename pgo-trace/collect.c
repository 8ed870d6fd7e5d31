/*
 * pgo-trace collect: what an incident needs, in one file, in 15 seconds.
 *
 * Each piece is a command of ours in a process of its own: whatever one meets,
 * a target that never answers included, the others are had, and the time is
 * kept.  CPU time is recorded beside all else.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/snapshot/snap_json.h"
#include "lib/target/target.h"
#include "pgo-trace/archive.h"
#include "pgo-trace/command.h"
#include "pgo-trace/filename.h"
#include "pgo-trace/find.h"
#include "pgo-trace/interrupt.h"
#include "pgo-trace/subcommand.h"

#define NS_PER_S INT64_C(1000000000)

enum {
	COLLECT_S = 14,         /* and one for what is left to do then */
	PROC_BYTES_MAX = 8 << 20,
};

struct collect {
	struct target target;
	const char *path;       /* -o */
	bool force;
	struct output out;
	struct archive archive;
	int64_t begin_ns;
	struct buf had, missing;        /* of the manifest */
	struct json had_json, missing_json;
	size_t seen;            /* pieces that tell what the program does */
	char why[SUBCOMMAND_SAID_MAX];  /* the first of those had not */
};

struct piece {
	const char *file;
	bool of_pid;            /* only a process has it */
	const char *words[8];   /* TARGET comes behind */
};

/* The most telling first: a target may be slow. */
static const struct piece pieces[] = {
	{ "groups.txt", false, { "dump", "--group" } },
	{ "goroutine.pb.gz", false,
	  { "record", "-t", "goroutine", "-o", "-" } },
	{ "sched.txt", false, { "sched", "-n", "1", "--detail" } },
	{ "doctor.txt", true, { "doctor" } },
	{ "dump.txt", false, { "dump" } },
	{ "dump.json", false, { "dump", "--system", "--json" } },
	{ "heap.pb.gz", false, { "record", "-t", "heap", "-o", "-" } },
};

enum { PIECES = sizeof(pieces) / sizeof(*pieces) };

static const struct piece cpu = {
	"cpu.pb.gz", false, { "record", "-t", "cpu", "-s", "5", "-o", "-" }
};

/* Neither the environment nor the command line: there may be secrets. */
static const char *const proc_files[] = {
	"status", "stat", "limits", "maps", "smaps_rollup", "cgroup", "io",
	"schedstat", "mountinfo", "oom_score", "wchan",
};

/* The manifest --------------------------------------------------------------*/

static void note_missing(struct collect *c, const char *file, const char *why)
{
	struct json *j = &c->missing_json;

	json_object_begin(j);
	snap_json_text(j, "name", file);
	snap_json_text(j, "why", why);
	json_object_end(j);
}

static void note_had(struct collect *c, const char *file, uint64_t bytes,
		     int64_t took_ns, const char *said)
{
	struct json *j = &c->had_json;

	json_object_begin(j);
	snap_json_text(j, "name", file);
	snap_json_number(j, "bytes", (int64_t)bytes);
	snap_json_number(j, "took_ns", took_ns);
	snap_json_text(j, "said", said);
	json_object_end(j);
}

static void put_target(struct json *j, const struct target *t)
{
	json_key(j, "target");
	json_object_begin(j);
	snap_json_text(j, "text", t->text);
	if (t->pid)
		snap_json_number(j, "pid", t->pid);
	snap_json_text(j, "exe", t->exe);
	json_object_end(j);
}

/* A list that was written on its own. */
static void put_list(struct buf *out, const char *key, const struct buf *list)
{
	buf_printf(out, ",\"%s\":", key);
	buf_put(out, list->data, list->len);
}

static int add_manifest(struct collect *c, struct err *e)
{
	struct buf out = { 0 };
	struct utsname u;
	struct json j;
	int rc;

	json_init(&j, &out);
	json_object_begin(&j);
	snap_json_number(&j, "schema", 1);
	snap_json_text(&j, "pgo", PGO_VERSION);
	snap_json_number(&j, "time", clock_wall_ns());
	snap_json_number(&j, "took_ns", clock_mono_ns() - c->begin_ns);
	put_target(&j, &c->target);
	if (uname(&u) == 0) {
		snap_json_text(&j, "host", u.nodename);
		snap_json_text(&j, "kernel", u.release);
	}
	json_array_end(&c->had_json);
	json_array_end(&c->missing_json);
	put_list(&out, "files", &c->had);
	put_list(&out, "missing", &c->missing);
	json_object_end(&j);
	buf_put_u8(&out, '\n');
	rc = buf_error(&out) ? err_set(e, buf_error(&out), "manifest") :
	     archive_bytes(&c->archive, "manifest.json", out.data, out.len, e);
	buf_release(&out);
	return rc;
}

/* Pieces --------------------------------------------------------------------*/

static int begin(struct collect *c, struct subcommand *s,
		 const struct piece *p, struct err *e)
{
	const char *words[SUBCOMMAND_WORDS_MAX + 1] = { NULL };
	char pid[16];
	size_t n = 0;

	while (p->words[n]) {
		words[n] = p->words[n];
		n++;
	}
	snprintf(pid, sizeof(pid), "%d", (int)c->target.pid);
	words[n] = p->of_pid ? pid : c->target.text;
	return subcommand_begin(s, words, e);
}

static const char *why(int rc, const char *said)
{
	if (rc == -ETIMEDOUT)
		return "there was no time left";
	return *said ? said : "no reason was given";
}

/* What it has written is kept even where it failed: the doctor's way to say
 * that something hinders. */
static int end(struct collect *c, struct subcommand *s, const struct piece *p,
	       struct err *e)
{
	int64_t until_ns = c->begin_ns + COLLECT_S * NS_PER_S;
	char said[SUBCOMMAND_SAID_MAX];
	struct stat st;
	uint64_t bytes;
	int ended = subcommand_end(s, until_ns), rc;

	subcommand_said(s, said);
	if (ended == -EINTR)
		return err_say(e, ended, "interrupted, nothing written");
	if (ended < 0 && (ended == -ETIMEDOUT || fstat(s->out, &st) < 0 ||
			  st.st_size == 0)) {
		note_missing(c, p->file, why(ended, said));
		if (!c->why[0])
			snprintf(c->why, sizeof(c->why), "%s",
				 why(ended, said));
		return 0;
	}
	c->seen += !p->of_pid;
	rc = archive_fd(&c->archive, p->file, s->out, &bytes, e);
	note_had(c, p->file, bytes, clock_mono_ns() - s->begin_ns, said);
	return rc;
}

static int add(struct collect *c, const struct piece *p, struct err *e)
{
	struct subcommand s;
	int rc = begin(c, &s, p, e);

	if (rc == 0)
		rc = end(c, &s, p, e);
	subcommand_release(&s);
	return rc;
}

static int add_pieces(struct collect *c, struct err *e)
{
	struct subcommand beside;
	int rc = begin(c, &beside, &cpu, e);

	for (size_t i = 0; rc == 0 && i < PIECES; i++)
		if (!pieces[i].of_pid || c->target.kind == TARGET_PROCESS)
			rc = add(c, &pieces[i], e);
	if (rc == 0)
		rc = end(c, &beside, &cpu, e);
	subcommand_release(&beside);
	return rc;
}

static int add_proc(struct collect *c, const char *name, struct err *e)
{
	char path[64], file[64];
	struct buf b = { 0 };
	struct err no = { 0 };
	int rc = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)c->target.pid, name);
	snprintf(file, sizeof(file), "proc/%s", name);
	if (fd_slurp(path, &b, PROC_BYTES_MAX, &no) < 0) {
		note_missing(c, file, no.text);
	} else {
		rc = archive_bytes(&c->archive, file, b.data, b.len, e);
		note_had(c, file, b.len, SNAP_UNKNOWN, "");
	}
	buf_release(&b);
	return rc;
}

static int fill(struct collect *c, struct err *e)
{
	int rc = 0;

	/* First, for the target may end. */
	for (size_t i = 0; i < sizeof(proc_files) / sizeof(*proc_files); i++)
		if (rc == 0 && c->target.kind == TARGET_PROCESS)
			rc = add_proc(c, proc_files[i], e);
	if (rc == 0)
		rc = add_pieces(c, e);
	if (rc == 0)
		rc = add_manifest(c, e);
	return rc < 0 ? rc : archive_end(&c->archive, e);
}

/* ---------------------------------------------------------------------------*/

static void lists_begin(struct collect *c)
{
	json_init(&c->had_json, &c->had);
	json_array_begin(&c->had_json);
	json_init(&c->missing_json, &c->missing);
	json_array_begin(&c->missing_json);
}

static int collect(struct collect *c, struct err *e)
{
	char path[256];
	int rc;

	interrupt_begin();
	c->begin_ns = clock_mono_ns();
	filename_make(path, sizeof(path), c->target.exe,
		      c->target.url.is_unix ? "target" : c->target.url.host,
		      c->target.pid, "collect", "tar.gz");
	rc = output_open(&c->out, c->path ? c->path : path, c->force, e);
	c->archive.to = &c->out;
	snprintf(c->archive.folder, sizeof(c->archive.folder), "%.*s",
		 (int)(strlen(path) - strlen(".tar.gz")), path);
	lists_begin(c);
	if (rc == 0)
		rc = fill(c, e);
	if (rc == 0)
		rc = output_commit(&c->out, e);
	if (rc == 0 && !c->path)
		puts(path);
	/* What hinders may be what was wanted; it is not all. */
	if (rc == 0 && !c->seen)
		rc = err_say(e, -ENODATA, "%s", c->why);
	output_abort(&c->out);
	archive_release(&c->archive);
	buf_release(&c->had);
	buf_release(&c->missing);
	return rc;
}

static const char usage[] =
"usage: pgo-trace collect [-o FILE] [-f] TARGET\n"
"\n"
"Puts what an incident needs into NAME-PID-collect-TIME.tar.gz and prints its\n"
"name: goroutines, profiles, the scheduler, /proc, what hinders looking, and\n"
"a manifest of what could not be had.  Takes 5 to 15 seconds.\n"
"\n"
"  -o, --output FILE  into FILE; - is stdout\n"
"  -f, --force        overwrite FILE\n"
"  -h, --help         this text\n";

/* 0, or an exit status + 1. */
static int parse(struct collect *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "force", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, ":o:fh", options, NULL)) != -1)
		switch (opt) {
		case 'o':
			c->path = optarg;
			break;
		case 'f':
			c->force = true;
			break;
		case 'h':
			return 1 + command_help(&command_collect);
		default:
			return 1 + find_bad_option(&command_collect, opt, argv);
		}
	if (argc - optind != 1)
		return 1 + command_misused(&command_collect, optind < argc ?
					   "one TARGET" : "no TARGET");
	return 0;
}

static int run(int argc, char **argv)
{
	static struct collect c;
	struct err e = { 0 };
	int status;

	c = (struct collect){ .out = { .fd = -1 } };
	status = parse(&c, argc, argv);
	if (status)
		return status - 1;
	if (find_target(&c.target, argv[optind]) < 0)
		return EXIT_FAILED;
	if (collect(&c, &e) == 0)
		return EXIT_DONE;
	log_error("%s", e.text);
	if (interrupted())
		interrupt_die();
	return EXIT_FAILED;
}

const struct command command_collect = {
	.name = "collect",
	.summary = "what an incident needs, in one archive",
	.usage = usage,
	.run = run,
};
