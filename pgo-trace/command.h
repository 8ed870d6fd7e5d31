/* The commands of pgo-trace, each in its file. */
#ifndef PGO_TRACE_COMMAND_H
#define PGO_TRACE_COMMAND_H

/* What a command returns: the exit status of the program. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
	const char *name;
	const char *summary;    /* one line, for pgo-trace --help */
	const char *usage;      /* what --help of the command says */
	/* ARGV[0] is the name; getopt's state is fresh. */
	int (*run)(int argc, char **argv);
};

extern const struct command command_record, command_dump, command_top,
	command_sched, command_serve, command_ps, command_doctor,
	command_collect;

/* Prints the usage of C on stdout.  EXIT_DONE. */
int command_help(const struct command *c);

/* Says "C: what is wrong" with a hint on stderr.  EXIT_USAGE. */
int command_misused(const struct command *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
