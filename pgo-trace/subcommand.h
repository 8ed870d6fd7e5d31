/* A command of pgo-trace run beside us, in a process that can be ended when it
 * takes too long. */
#ifndef PGO_TRACE_SUBCOMMAND_H
#define PGO_TRACE_SUBCOMMAND_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

enum { SUBCOMMAND_WORDS_MAX = 16, SUBCOMMAND_SAID_MAX = 1024 };

struct subcommand {
	pid_t pid;              /* 0: not running */
	int pidfd;              /* readable when it has ended */
	int out, said;          /* files with its stdout and stderr; -1: none */
	int64_t begin_ns;
};

/* Starts `pgo-trace WORDS...', NULL at their end.  0 or -E with words in E;
 * subcommand_release() in any case. */
int subcommand_begin(struct subcommand *s, const char *const *words,
		     struct err *e);

/*
 * Waits for its end, until the monotonic clock shows UNTIL_NS or somebody
 * interrupts; then it is killed.  0 when it was done; -EIO when it said why
 * not; -ETIMEDOUT, -EINTR.
 */
int subcommand_end(struct subcommand *s, int64_t until_ns);

/* What it said on stderr, without its name; OUT ends with a zero. */
void subcommand_said(const struct subcommand *s,
		     char out[SUBCOMMAND_SAID_MAX]);
void subcommand_release(struct subcommand *s);

#endif
