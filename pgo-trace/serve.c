/*
 * pgo-trace serve: /debug/pprof/ for a Go program that has none.
 *
 * Everything is asked of the living program when it is asked for; nothing runs
 * in it, and it is not stopped.  Serving ends with the program.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/httpd/doors.h"
#include "lib/httpd/httpd.h"
#include "pgo-trace/command.h"
#include "pgo-trace/find.h"
#include "pgo-trace/interrupt.h"
#include "pgo-trace/outside.h"
#include "pgo-trace/outside_ask.h"

enum { LOOK_MS = 200 };

/* Any free port: several programs can be served at once. */
#define DEFAULT_ADDRESS "localhost:0"

struct serving {
	const char *name;       /* of the target, as the user wrote it */
	pid_t pid;
	const char *address;
	enum outside_sampler how;
	struct outside *outside;
	struct doors doors;
};

static void say_address(const struct listener *l)
{
	if (l->tcp)
		printf("http://%s/debug/pprof/\n", l->address);
	else
		printf("%s\n", l->address);
	fflush(stdout);
}

/* Until Ctrl-C, and then 0, or until the target has ended. */
static int watch(struct serving *s, struct err *e)
{
	uint64_t told = 0;
	int rc = 0;

	while (!interrupted() && rc == 0) {
		uint64_t profiles = outside_profiles(s->outside);

		if (profiles != told)
			outside_tell(s->outside, s->name);
		told = profiles;
		poll(NULL, 0, LOOK_MS);
		rc = outside_check(s->outside, e);
	}
	return interrupted() ? 0 : rc;
}

/* The server's threads leave signals to this one. */
static int start_threads(struct serving *s, struct err *e)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = httpd_setup(&s->doors.serve, NULL);
	if (rc == 0)
		doors_serve(&s->doors, log_error);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0 && !s->doors.n)
		rc = -EADDRNOTAVAIL;
	return rc < 0 ? err_set(e, rc, "%s", s->address) : 0;
}

static int serve_until_end(struct serving *s, struct err *e)
{
	int rc;

	doors_init(&s->doors, outside_provider(s->outside), log_error);
	rc = doors_open(&s->doors, s->address, e);
	if (rc < 0)
		return rc;
	interrupt_begin();
	rc = start_threads(s, e);
	if (rc == 0) {
		say_address(&s->doors.listeners[0]);
		rc = watch(s, e);
	}
	doors_remove(&s->doors);
	httpd_stop();
	return rc;
}

static int serve(struct serving *s, struct err *e)
{
	int rc = outside_open(&s->outside, s->pid, s->how, e);

	if (rc < 0)
		return rc;
	if (outside_note(s->outside)[0])
		log_error("%s: %s", s->name, outside_note(s->outside));
	rc = serve_until_end(s, e);
	outside_close(s->outside);
	return rc;
}

static const char usage[] =
"usage: pgo-trace serve [--sampler perf|ptrace] TARGET [ADDR]\n"
"\n"
"Serves /debug/pprof/ for a Go program that does not, and prints where: for\n"
"go tool pprof, browsers and whoever else asks such servers.\n"
"\n"
"ADDR is HOST:PORT (localhost:0, a free port), unix or unix:PATH.\n"
"\n"
"      --sampler WHICH  of CPU profiles: perf, or ptrace, which stops threads\n"
"                       for moments; perf where it is allowed when none is\n"
"                       given\n"
"  -h, --help           this text\n";

enum { OPT_SAMPLER = 256 };

/* 0, or an exit status + 1. */
static int parse(struct serving *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "sampler", required_argument, NULL, OPT_SAMPLER },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const struct command *c = &command_serve;
	int opt;

	while ((opt = getopt_long(argc, argv, ":h", options, NULL)) != -1)
		switch (opt) {
		case OPT_SAMPLER:
			if (!outside_sampler_named(optarg, &s->how))
				return 1 + command_misused(c, "--sampler %s: "
					"perf or ptrace", optarg);
			break;
		case 'h':
			return 1 + command_help(c);
		default:
			return 1 + find_bad_option(c, opt, argv);
		}
	if (argc - optind < 1 || argc - optind > 2)
		return 1 + command_misused(c, argc - optind < 1 ?
					   "no TARGET" : "one TARGET, one "
					   "ADDR");
	s->name = argv[optind];
	s->address = argv[optind + 1] ? argv[optind + 1] : DEFAULT_ADDRESS;
	return 0;
}

static int run(int argc, char **argv)
{
	struct serving s = { .how = OUTSIDE_ANY };
	struct err e = { 0 };
	int rc = parse(&s, argc, argv);

	if (rc)
		return rc - 1;
	s.pid = find_process(s.name);
	if (s.pid <= 0)
		return EXIT_FAILED;
	if (serve(&s, &e) < 0) {
		log_error("%s", e.text);
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

const struct command command_serve = {
	.name = "serve",
	.summary = "serve /debug/pprof/ for a Go program that does not",
	.usage = usage,
	.run = run,
};
