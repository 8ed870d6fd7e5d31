/*
 * Where a command's result goes: stdout, or a file that is there whole or not
 * at all, and that never replaces another unasked.
 */
#ifndef PGO_TRACE_OUTPUT_H
#define PGO_TRACE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct err;

struct output {
	int fd;                 /* -1: closed */
	const char *path;       /* NULL: stdout */
	bool force;             /* an older file may go */
	char temp[4200];        /* the file until output_commit(); "" when PATH
				 * is a device or a pipe, written to as it is */
};

/* PATH, which must stay, is a file, a device or a pipe; NULL or "-" is stdout.
 * 0; -EEXIST when there is such a file and not FORCE; -E of open(2). */
int output_open(struct output *o, const char *path, bool force, struct err *e);

int output_write(struct output *o, const void *p, size_t n, struct err *e);

/* The file gets its name.  0 or -E; O is closed in any case. */
int output_commit(struct output *o, struct err *e);

/* Nothing remains.  After output_commit() it does nothing. */
void output_abort(struct output *o);

#endif
