/* pgo-trace doctor: what hinders looking, and the remedy. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/target/doctor.h"
#include "pgo-trace/command.h"
#include "pgo-trace/doctor_out.h"
#include "pgo-trace/find.h"
#include "pgo-trace/output.h"

struct doctor {
	const char *root;
	pid_t pid;
	bool json;
};

static const char usage[] =
"usage: pgo-trace doctor [--root DIR] [--json] [PID]\n"
"\n"
"Tells what hinders looking into PID, or into processes at all, and what to\n"
"do about it.  Exits with 1 when something does.\n"
"\n"
"      --root DIR  look at DIR/proc and DIR/sys, not at this machine's\n"
"      --json      one object\n"
"  -h, --help      this text\n";

enum { OPT_JSON = 256, OPT_ROOT };

static int set_pid(struct doctor *d, const char *text)
{
	double pid;

	if (!find_number(text, 1, INT32_MAX, &pid) || pid != (pid_t)pid)
		return command_misused(&command_doctor, "%s: no pid", text);
	d->pid = (pid_t)pid;
	return 0;
}

/* 0, or an exit status + 1. */
static int parse(struct doctor *d, int argc, char **argv)
{
	static const struct option options[] = {
		{ "root", required_argument, NULL, OPT_ROOT },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int opt, status;

	while ((opt = getopt_long(argc, argv, ":h", options, NULL)) != -1)
		switch (opt) {
		case OPT_ROOT:
			d->root = strcmp(optarg, "/") ? optarg : "";
			break;
		case OPT_JSON:
			d->json = true;
			break;
		case 'h':
			return 1 + command_help(&command_doctor);
		default:
			return 1 + find_bad_option(&command_doctor, opt, argv);
		}
	if (argc - optind > 1)
		return 1 + command_misused(&command_doctor, "one PID");
	status = optind < argc ? set_pid(d, argv[optind]) : 0;
	return status ? 1 + status : 0;
}

static int doctor(const struct doctor *d, bool *hinders, struct err *e)
{
	struct doctor_finding found[DOCTOR_CHECKS_MAX];
	int n = doctor_look(found, d->root, d->pid, e), rc;
	struct buf out = { 0 };
	struct output to;

	if (n < 0)
		return n;
	*hinders = false;
	for (int i = 0; i < n; i++)
		*hinders |= found[i].state == DOCTOR_HINDERS;
	if (d->json)
		doctor_json(&out, found, (size_t)n);
	else
		doctor_text(&out, found, (size_t)n);
	output_open(&to, NULL, false, NULL);
	rc = buf_error(&out) ? err_set(e, buf_error(&out), "output") :
	     output_write(&to, out.data, out.len, e);
	buf_release(&out);
	return rc;
}

static int run(int argc, char **argv)
{
	struct doctor d = { .root = "" };
	struct err e = { 0 };
	bool hinders;
	int status = parse(&d, argc, argv);

	if (status)
		return status - 1;
	if (doctor(&d, &hinders, &e) < 0) {
		log_error("%s", e.text);
		return EXIT_FAILED;
	}
	return hinders ? EXIT_FAILED : EXIT_DONE;
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "what hinders looking, and the remedy",
	.usage = usage,
	.run = run,
};
