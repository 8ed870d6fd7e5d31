/*
 * From words to an address that can be asked.
 *
 * Digits are a pid, a colon before digits is a port, all else a name.  Names
 * must be unique: profiling the wrong one of two processes is worse than
 * asking back.
 */
#include "lib/target/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/target/note.h"
#include "lib/target/procs.h"

enum {
	CHOICES_MAX = 32,
	ANSWER_BYTES_MAX = 64 << 20,
};

static int read_exe(struct target *t)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)t->pid);
	n = readlink(link, t->exe, sizeof(t->exe) - 1);
	t->exe[n < 0 ? 0 : n] = '\0';
	return n < 0 ? -errno : 0;
}

/* The first address of the list LIST that begins with PREFIX ("" for any). */
static bool pick(char *out, size_t bytes, const char *list, const char *prefix)
{
	while (*list) {
		size_t n = strcspn(list, ",");

		if (n && n < bytes && !strncmp(list, prefix, strlen(prefix))) {
			memcpy(out, list, n);
			out[n] = '\0';
			return true;
		}
		list += n + (list[n] == ',');
	}
	return false;
}

/* Whether NAMESPACE of PID is ours; yes when that cannot be seen. */
static bool same_namespace(pid_t pid, const char *namespace)
{
	char path[64], ours[64] = "", theirs[64] = "";

	snprintf(path, sizeof(path), "/proc/self/ns/%s", namespace);
	if (readlink(path, ours, sizeof(ours) - 1) < 0)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, namespace);
	if (readlink(path, theirs, sizeof(theirs) - 1) < 0)
		return true;
	return !strcmp(ours, theirs);
}

/* The agent's address out of LIST, of a process. */
static int set_agent(struct target *t, const char *list, struct err *e)
{
	int rc;

	if (!pick(t->agent, sizeof(t->agent), list, "unix:") &&
	    !pick(t->agent, sizeof(t->agent), list, "")) {
		t->no_agent = "no agent (start it with PGO_AGENT=unix)";
		return 0;
	}
	rc = http_url_parse(&t->url, t->agent, e);
	if (rc < 0)
		return rc;
	t->url.path[0] = '\0';
	if (t->url.is_unix) {
		snprintf(t->url.root, sizeof(t->url.root), "/proc/%d/root",
			 (int)t->pid);
		t->url.peer = t->pid;
	} else if (!same_namespace(t->pid, "net")) {
		t->agent[0] = '\0';
		t->no_agent = "the agent is in another network (start it with "
			      "PGO_AGENT=unix)";
	}
	return 0;
}

static int resolve_pid(struct target *t, pid_t pid, struct err *e)
{
	struct pgo_layout layout;
	char path[32];
	int rc;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (access(path, F_OK) < 0)
		return err_say(e, -ESRCH, "%s: no such process", t->text);
	t->kind = TARGET_PROCESS;
	t->pid = pid;
	read_exe(t);
	rc = note_layout(&layout, pid, e);
	if (rc == -ENOENT) {
		t->no_agent = "no agent: not built with pgo-cc (give the URL "
			      "of its pprof server)";
		return 0;
	}
	return rc < 0 ? rc : set_agent(t, layout.agent, e);
}

static int resolve_name(struct target *t, struct buf *choices, struct err *e)
{
	pid_t pids[CHOICES_MAX];
	ssize_t n = procs_named(t->text, pids, CHOICES_MAX);

	if (n < 0)
		return err_set(e, (int)n, "/proc");
	if (n == 0)
		return err_say(e, -ESRCH, "%s: no such process", t->text);
	if (n == 1)
		return resolve_pid(t, pids[0], e);
	for (ssize_t i = 0; choices && i < n && i < CHOICES_MAX; i++)
		procs_describe(choices, pids[i]);
	return err_say(e, -ENOTUNIQ, "%s: %zd processes have that name (give "
		       "a pid)", t->text, n);
}

/* A server may be mounted anywhere: what is before /debug/ stays. */
static void cut_path(struct http_url *u)
{
	char *debug = strstr(u->path, "/debug/");
	size_t n;

	u->path[strcspn(u->path, "?")] = '\0';
	if (debug)
		*debug = '\0';
	n = strlen(u->path);
	while (n && u->path[n - 1] == '/')
		u->path[--n] = '\0';
}

static int resolve_url(struct target *t, struct err *e)
{
	int rc = http_url_parse(&t->url, t->text, e);

	if (rc < 0)
		return rc;
	t->kind = t->url.is_unix ? TARGET_UNIX : TARGET_URL;
	cut_path(&t->url);
	http_url_name(&t->url, t->agent, sizeof(t->agent));
	return 0;
}

static bool is_address(const char *text)
{
	const char *colon = strchr(text, ':');

	return colon && !strchr(colon, ' ') &&
	       (colon != strrchr(text, ':') || text[0] == '[' ||
		!strncmp(text, "unix:", 5) || strstr(text, "://") ||
		(colon[1] >= '0' && colon[1] <= '9'));
}

static bool is_recording(const char *text)
{
	size_t n = strlen(text);

	return n > 7 && !strcmp(text + n - 7, ".pgorec");
}

/* FILE[,EXE]; a comma that is part of FILE's name is seen by FILE being
 * there. */
static int resolve_core(struct target *t, const char *words, struct err *e)
{
	const char *comma = strrchr(words, ',');
	size_t n = strlen(words);

	if (comma && access(words, F_OK) < 0) {
		n = (size_t)(comma - words);
		strcpy(t->core_exe, comma + 1);
	}
	memcpy(t->core, words, n);
	if (!n)
		return err_say(e, -EINVAL, "%s: no core (core:FILE[,EXE])",
			       t->text);
	if (access(t->core, F_OK) < 0)
		return err_set(e, -errno, "%s", t->core);
	t->kind = TARGET_CORE;
	t->no_agent = "a core has no agent (give a pid or an address)";
	return 0;
}

int target_resolve(struct target *t, const char *text, struct buf *choices,
		   struct err *e)
{
	char *end;
	long pid;

	memset(t, 0, sizeof(*t));
	if (!*text)
		return err_say(e, -EINVAL, "TARGET is empty");
	if (strlen(text) >= sizeof(t->text))
		return err_say(e, -EINVAL, "%.40s...: TARGET too long", text);
	strcpy(t->text, text);
	if (!strncmp(text, "core:", 5))
		return resolve_core(t, text + 5, e);
	if (is_recording(text))
		return err_say(e, -EPROTONOSUPPORT, "%.100s: recordings are "
			       "not read (give a pid, a name or an address)",
			       text);
	if (is_address(text))
		return resolve_url(t, e);
	errno = 0;
	pid = strtol(text, &end, 10);
	if (*end)
		return resolve_name(t, choices, e);
	if (errno || pid <= 0 || pid > INT32_MAX)
		return err_say(e, -ESRCH, "%s: no such process", text);
	return resolve_pid(t, (pid_t)pid, e);
}

int target_need_agent(const struct target *t, struct err *e)
{
	if (t->agent[0])
		return 0;
	return err_say(e, -ENXIO, "%s: %s", t->text, t->no_agent);
}

int target_get(const struct target *t, const char *path,
	       const struct target_ask *ask, struct http_answer *a,
	       struct err *e)
{
	char full[HTTP_PATH_BYTES * 2];
	struct http_request rq = {
		.path = full,
		.accept = ask->accept,
		.deadline_ns = ask->deadline_ns,
		.max = ask->max ? ask->max : ANSWER_BYTES_MAX,
		.waiting = ask->waiting,
		.ctx = ask->ctx,
	};
	int rc = target_need_agent(t, e);

	if (rc < 0) {
		*a = (struct http_answer){ 0 };
		return rc;
	}
	snprintf(full, sizeof(full), "%s%s", t->url.path, path);
	return http_fetch(&t->url, &rq, a, e);
}
