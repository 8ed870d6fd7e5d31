/*
 * Options as addr2line has them, and ours.
 */
#include "symbolizer/cmd/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "symbolizer/cmd/addrs.h"

const char *prog_name = "pgo-sym";

enum { OPT_JSON = 256, OPT_SERVE, OPT_WHY };

static const char short_options[] = "ab:Ce:fhHij:pP:rRsvV";

static const struct option long_options[] = {
	{ "addresses", no_argument, NULL, 'a' },
	{ "target", required_argument, NULL, 'b' },
	{ "demangle", optional_argument, NULL, 'C' },
	{ "exe", required_argument, NULL, 'e' },
	{ "functions", no_argument, NULL, 'f' },
	{ "inlines", no_argument, NULL, 'i' },
	{ "section", required_argument, NULL, 'j' },
	{ "pretty-print", no_argument, NULL, 'p' },
	{ "pid", required_argument, NULL, 'P' },
	{ "no-recurse-limit", no_argument, NULL, 'r' },
	{ "recurse-limit", no_argument, NULL, 'R' },
	{ "basenames", no_argument, NULL, 's' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "serve", no_argument, NULL, OPT_SERVE },
	{ "why", no_argument, NULL, OPT_WHY },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ 0 },
};

static const char help[] =
"usage: pgo-sym [-afipsC] [-e EXE | -P PID] [-j SECTION] [ADDRESS...]\n"
"Names functions, files and lines of addresses (hexadecimal), of the\n"
"arguments or else of standard input.\n"
"  -e, --exe=EXE         the file they are addresses of (default a.out)\n"
"  -P, --pid=PID         they are addresses in this process\n"
"  -j, --section=NAME    they count from the start of this section\n"
"  -a, --addresses       print the address first\n"
"  -f, --functions       print the function\n"
"  -i, --inlines         print the functions it is inlined into too\n"
"  -p, --pretty-print    one line a frame\n"
"  -s, --basenames       print files without their folders\n"
"  -C, --demangle        print C++ names as in the source\n"
"      --json            print all that is known, as JSON\n"
"      --why             say on stderr where names come from, and why not\n"
"      --serve           answer requests on descriptor 0 (see the manual)\n"
"  -h, --help            print this\n"
"  -v, --version         print the version\n";

static int usage_error(void)
{
	fprintf(stderr, "usage: %s [-afipsC] [-e EXE | -P PID] [-j SECTION] "
		"[--json] [ADDRESS...] (%s --help tells more)\n", prog_name,
		prog_name);
	return 2;
}

static int parse_pid(pid_t *pid, const char *s)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(s, &end, 10);
	if (errno || *end || end == s || v <= 0 || v > INT_MAX) {
		fprintf(stderr, "%s: %s: not a process id\n", prog_name, s);
		return 2;
	}
	*pid = (pid_t)v;
	return 0;
}

/* Sets what one option says.  0, or as options_parse(). */
static int take(struct sym_options *o, int c)
{
	switch (c) {
	case 'a': o->addresses = true; return 0;
	case 'C': o->demangle = true; return 0;
	case 'e': o->exe = optarg; return 0;
	case 'f': o->functions = true; return 0;
	case 'i': o->inlines = true; return 0;
	case 'j': o->section = optarg; return 0;
	case 'p': o->pretty = true; return 0;
	case 's': o->basenames = true; return 0;
	case 'P': return parse_pid(&o->pid, optarg);
	case OPT_JSON: o->json = true; return 0;
	case OPT_SERVE: o->serve = true; return 0;
	case OPT_WHY: o->why = true; return 0;
	/* The kind of file is read from it, demangling always has a limit. */
	case 'b': case 'r': case 'R': return 0;
	case 'h': case 'H': fputs(help, stdout); return 1;
	case 'v': case 'V': puts("pgo-sym (pgo) " PGO_VERSION); return 1;
	}
	return usage_error();
}

static int check(const struct sym_options *o)
{
	uint64_t addr;

	if (o->pid && (o->exe || o->section)) {
		fprintf(stderr, "%s: -P goes with neither -e nor -j\n",
			prog_name);
		return 2;
	}
	if (o->serve && (o->naddrs || o->pid || o->exe)) {
		fprintf(stderr, "%s: --serve takes no file and no address "
			"(requests name them)\n", prog_name);
		return 2;
	}
	for (size_t i = 0; i < o->naddrs; i++) {
		if (addr_parse(o->addrs[i], &addr)) {
			fprintf(stderr, "%s: %s: not an address (hexadecimal, "
				"as 0x401136)\n", prog_name, o->addrs[i]);
			return 2;
		}
	}
	return 0;
}

int options_parse(struct sym_options *o, int argc, char **argv)
{
	const char *base = argc ? strrchr(argv[0], '/') : NULL;
	int c, rc = 0;

	base = base ? base + 1 : argc ? argv[0] : prog_name;
	if (!strcmp(base, "addr2line"))
		prog_name = "addr2line";
	log_begin(prog_name);
	*o = (struct sym_options){ 0 };
	/* getopt() begins its messages with it. */
	argv[0] = (char *)prog_name;
	while (!rc && (c = getopt_long(argc, argv, short_options, long_options,
				       NULL)) != -1)
		rc = take(o, c);
	if (rc)
		return rc;
	o->addrs = argv + optind;
	o->naddrs = (size_t)(argc - optind);
	rc = check(o);
	if (!o->exe && !o->pid)
		o->exe = "a.out";
	return rc;
}
