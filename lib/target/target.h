/*
 * What a user means by TARGET, in all tools: a pid, the name of a program only
 * one process runs, a URL or host:port, unix:PATH, core:FILE[,EXE]; and how to
 * ask an agent.
 */
#ifndef LIB_TARGET_TARGET_H
#define LIB_TARGET_TARGET_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/wire/http.h"

struct err;

enum target_kind {
	TARGET_PROCESS,         /* by pid or name */
	TARGET_URL,             /* http://, host:port */
	TARGET_UNIX,            /* unix:PATH */
	TARGET_CORE,            /* core:FILE[,EXE] */
};

struct target {
	enum target_kind kind;
	char text[256];         /* as the user wrote it, for messages */
	pid_t pid;              /* 0: not known */
	char exe[4096];         /* path of its program, "" when not known */
	char agent[512];        /* its address: "unix:/x.sock", "host:6060";
				 * "": it has none, as no_agent says */
	struct http_url url;    /* the same to ask; its path is what comes
				 * before "/debug/...", usually "" */
	const char *no_agent;   /* why, and the way out: "no agent (...)" */
	char core[256];         /* FILE of a core, */
	char core_exe[256];     /* EXE; "" to find it by the core */
};

/*
 * Finds out what TEXT means.  A process's agent is found by its layout note; a
 * process without one is fine.  Nothing is connected yet.  0, or -E with one
 * line in E, without the tool's name:
 *   -ESRCH      no such process, or no process of that name
 *   -ENOTUNIQ   several; they are in CHOICES (may be NULL), a line each: pid,
 *               start time, cgroup
 *   -EPERM, -EINVAL, -EPROTONOSUPPORT, ...
 * [any but g: allocates]
 */
int target_resolve(struct target *t, const char *text, struct buf *choices,
		   struct err *e);

/* Whether T can be asked: 0, or -ENXIO with one line in E: it has no agent. */
int target_need_agent(const struct target *t, struct err *e);

/* What target_get() needs beyond the path; all zero but the deadline is
 * fine. */
struct target_ask {
	int64_t deadline_ns;            /* on the monotonic clock */
	size_t max;                     /* bytes; 0: 64 MiB */
	const char *accept;
	int (*waiting)(void *ctx);      /* as in struct http_request */
	void *ctx;
};

/* GET PATH ("/debug/...") of its agent.  The caller releases A in any case.
 * 0, or as target_need_agent() and http_fetch(). */
int target_get(const struct target *t, const char *path,
	       const struct target_ask *ask, struct http_answer *a,
	       struct err *e);

/* Fills the pid and exe of a target that is only known by its address, as its
 * agent calls them, in its pid namespace.  0; -E when it does not tell, as Go
 * programs do not. */
int target_identify(struct target *t, int64_t deadline_ns);

#endif
