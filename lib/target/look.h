/* One process at a glance: whose runtime it has, and what it takes to look
 * into it. */
#ifndef LIB_TARGET_LOOK_H
#define LIB_TARGET_LOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

enum look_runtime { LOOK_UNKNOWN, LOOK_GO, LOOK_PGO };

struct look {
	pid_t pid;
	enum look_runtime runtime;
	char exe[4096];         /* "" when it cannot be seen */
	char version[64];       /* "go1.26.8", "pgo 0.1"; "" */
	int64_t goroutines;     /* -1: not known */
	const char *how;        /* "agent", "attach"; NULL: not at all, as */
	struct err why;         /* says */
};

/* Fills L about PID.  0; -ENOENT when it is certainly neither Go nor pgo, or
 * gone.  Takes milliseconds, and a second where an agent does not answer.  One
 * thread at a time. */
int look_at(struct look *l, pid_t pid);

#endif
