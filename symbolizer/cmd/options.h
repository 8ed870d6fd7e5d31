/*
 * The command line of pgo-sym.
 */
#ifndef SYMBOLIZER_CMD_OPTIONS_H
#define SYMBOLIZER_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sym_options {
	const char *exe;        /* NULL with a pid */
	const char *section;    /* NULL: addresses are those of the file */
	pid_t pid;              /* 0: none */
	bool addresses;         /* -a */
	bool functions;         /* -f */
	bool inlines;           /* -i */
	bool pretty;            /* -p */
	bool basenames;         /* -s */
	bool demangle;          /* -C */
	bool json;
	bool serve;
	bool why;
	char **addrs;           /* of argv */
	size_t naddrs;
};

/* What the program was called: "pgo-sym" or "addr2line". */
extern const char *prog_name;

/* Parses.  0 to go on; 1 when all is done (help, version), 2 on an error that
 * was printed. */
int options_parse(struct sym_options *o, int argc, char **argv);

#endif
