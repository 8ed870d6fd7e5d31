/* How the files are called that we make. */
#ifndef PGO_TRACE_FILENAME_H
#define PGO_TRACE_FILENAME_H

#include <stddef.h>
#include <sys/types.h>

/*
 * "NAME-PID-WHAT-TIME.SUFFIX", NAME being the file name of EXE, or HOST where
 * that is unknown, with nothing in it that is special in a shell; without PID
 * where that is 0.
 */
void filename_make(char *out, size_t bytes, const char *exe, const char *host,
		   pid_t pid, const char *what, const char *suffix);

#endif
