/* pgo-trace: what happened, in files and reports.  A command each. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "pgo-trace/command.h"

static const struct command *const commands[] = {
	&command_record, &command_dump, &command_top, &command_sched,
	&command_serve, &command_ps, &command_doctor,
	&command_collect,
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static int help(void)
{
	puts("usage: pgo-trace COMMAND [OPTION...] [ARGUMENT...]\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
	puts("\nTARGET is a pid, the name of a program that runs once, a URL, "
	     "HOST:PORT,\nunix:PATH or core:FILE[,EXE].  pgo-trace COMMAND "
	     "--help says more; so does\npgo-trace(1).");
	return EXIT_DONE;
}

static bool is_one_of(const char *word, const char *a, const char *b)
{
	return !strcmp(word, a) || !strcmp(word, b);
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		log_error("no command (see pgo-trace --help)");
		return EXIT_USAGE;
	}
	if (is_one_of(argv[1], "--help", "-h"))
		return help();
	if (!strcmp(argv[1], "--version")) {
		puts("pgo-trace " PGO_VERSION);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(argv[1], commands[i]->name))
			return commands[i]->run(argc - 1, argv + 1);
	log_error("%s: no such command (see pgo-trace --help)", argv[1]);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	fd_hold_standard();
	log_begin("pgo-trace");
	return log_flush_stdout(run(argc, argv));
}
