/*
 * What hinders looking into processes, and what to do about it.
 *
 * Everything is read below a root folder, so that a made-up /proc can be
 * asked about.
 */
#ifndef LIB_TARGET_DOCTOR_H
#define LIB_TARGET_DOCTOR_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/base/err.h"

enum doctor_state {
	DOCTOR_FINE,
	DOCTOR_NOTE,            /* something works less well, or otherwise */
	DOCTOR_HINDERS,
};

struct doctor_finding {
	const char *check;      /* "uid", "ptrace_scope", ... */
	enum doctor_state state;
	char what[252];
	char remedy[504];       /* lines to type or to do; "" for none */
};

enum { DOCTOR_CHECKS_MAX = 16 };

/*
 * Looks below ROOT, "" for this machine, at what concerns looking into PID, or
 * anybody when it is 0.  OUT has room for DOCTOR_CHECKS_MAX.  Returns how many
 * findings there are; -ESRCH when there is no PID, with words in E.
 * Allocates.  [any but g]
 */
int doctor_look(struct doctor_finding *out, const char *root, pid_t pid,
		struct err *e);

#endif
