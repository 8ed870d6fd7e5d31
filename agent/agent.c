/*
 * The agent: reads the environment, opens what it asks for, and starts.
 *
 * A trouble is one line on stderr and never the program's end.  All threads
 * begin with all signals blocked: handlers are the program's.
 */
#include <errno.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pgo/agent.h>

#include "agent/httpd.h"
#include "agent/init.h"
#include "agent/listen.h"
#include "agent/names.h"
#include "agent/say.h"
#include "agent/source.h"
#include "lib/serve/serve.h"
#include "runtime/view.h"

/* In a program that links this library; the one that loads it says where. */
#pragma weak pgo_view_1

enum { LISTENERS_MAX = 8, SECONDS_MAX = 86400, HOSTS_MAX = 4096 };

static struct {
	pthread_mutex_t lock;           /* all of it */
	const struct view *view;
	bool running;
	pid_t pid;                      /* whose sockets they are */
	struct serve serve;
	char hosts[HOSTS_MAX];
	struct listener listeners[LISTENERS_MAX];
	int n;
} agent = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Environment -------------------------------------------------------------- */

/* bin/pgo-sym beside the lib/ this library lies in. */
static void find_sym(char *out, size_t bytes)
{
	const char *given = secure_getenv("PGO_SYM");
	Dl_info info;
	char *slash, *lib;

	out[0] = 0;
	if (given) {
		snprintf(out, bytes, "%s", given);
		return;
	}
	if (!dladdr(&agent, &info))
		return;
	lib = realpath(info.dli_fname, NULL);
	/* Off with the file's name, off with lib. */
	for (int i = 0; i < 2 && lib; i++) {
		slash = strrchr(lib, '/');
		if (slash)
			*slash = 0;
	}
	if (lib)
		snprintf(out, bytes, "%s/bin/pgo-sym", lib);
	free(lib);
}

static void read_seconds(struct serve *s)
{
	const char *text = secure_getenv("PGO_AGENT_MAX_SECONDS");
	char *end;
	long v;

	s->max_seconds = SERVE_SECONDS_DEFAULT;
	if (!text)
		return;
	v = strtol(text, &end, 10);
	if (*text && !*end && v >= 1 && v <= SECONDS_MAX)
		s->max_seconds = v;
	else
		say("PGO_AGENT_MAX_SECONDS=%.40s: ignored, must be from 1 to "
		    "%d", text, SECONDS_MAX);
}

static void read_environment(void)
{
	const char *cmdline = secure_getenv("PGO_AGENT_CMDLINE");
	const char *hosts = secure_getenv("PGO_AGENT_HOSTS");
	const char *token = secure_getenv("PGO_AGENT_TOKEN_FILE");
	struct err e = { 0 };
	char sym[4096];

	memset(&agent.serve, 0, sizeof(agent.serve));
	agent.serve.cmdline = cmdline && !strcmp(cmdline, "1");
	snprintf(agent.hosts, sizeof(agent.hosts), "%s", hosts ? hosts : "");
	agent.serve.guard.hosts = agent.hosts;
	read_seconds(&agent.serve);
	if (token && guard_read_token(&agent.serve.guard, token, &e))
		say("%s", e.text);
	find_sym(sym, sizeof(sym));
	names_setup(sym);
}

/* Listening ---------------------------------------------------------------- */

/* The host that was asked for is one that may be asked by. */
static void allow_host(const struct listener *l)
{
	size_t n = strlen(agent.hosts);
	const char *colon = strrchr(l->address, ':');

	if (l->tcp && colon)
		snprintf(agent.hosts + n, sizeof(agent.hosts) - n, ",%.*s",
			 (int)(colon - l->address), l->address);
}

static void open_one(const char *address)
{
	const char *token = secure_getenv("PGO_AGENT_TOKEN_FILE");
	struct listener *l = &agent.listeners[agent.n];
	struct err e = { 0 };
	int rc;

	if (agent.n == LISTENERS_MAX)
		rc = err_say(&e, -E2BIG, "%s: more than %d addresses", address,
			     LISTENERS_MAX);
	else if (token && !agent.serve.guard.token[0] &&
		 strncmp(address, "unix", 4))
		rc = err_say(&e, -EINVAL, "%s: not without the token of "
			     "PGO_AGENT_TOKEN_FILE", address);
	else
		rc = listen_open(l, address, agent.serve.guard.token[0], &e);
	if (rc) {
		say("%s", e.text);
		return;
	}
	allow_host(l);
	agent.n++;
}

static void open_each(const char *addresses)
{
	char *list = strdup(addresses);
	char *at = list, *one;

	while (at && (one = strsep(&at, ",")))
		if (one[0])
			open_one(one);
	free(list);
}

/* The server closes the sockets. */
static int serve_on(struct listener *l)
{
	struct err e = { 0 };
	int rc = 0;

	for (int i = 0; i < l->n; i++)
		if (httpd_add(l->fds[i], l->tcp, &e)) {
			say("%s: %s", l->address, e.text);
			rc = e.code;
		}
	l->n = 0;
	return rc;
}

/* All are open and all names allowed before the first request comes. */
static void serve_all(void)
{
	for (int i = 0; i < agent.n; )
		if (serve_on(&agent.listeners[i])) {
			listen_close(&agent.listeners[i]);
			agent.listeners[i] = agent.listeners[--agent.n];
		} else {
			i++;
		}
}

static void tell_addresses(void)
{
	char all[LISTENERS_MAX * (LISTEN_ADDRESS_MAX + 1)] = "";

	for (int i = 0; i < agent.n; i++) {
		if (i)
			strcat(all, ",");
		strcat(all, agent.listeners[i].address);
	}
	agent.view->set_agent_address(all);
}

/* Beginning and end -------------------------------------------------------- */

static int start(const char *addresses)
{
	const struct provider *p = source_setup(agent.view);
	int rc;

	if (!p) {
		say("the program was built with another version of pgo "
		    "(build it again)");
		return -EPROTO;
	}
	read_environment();
	agent.serve.provider = p;
	rc = httpd_setup(&agent.serve, agent.view->threads_add);
	if (rc) {
		say("%s", strerror(-rc));
		return rc;
	}
	agent.pid = getpid();
	open_each(addresses);
	serve_all();
	agent.running = agent.n > 0;
	if (!agent.running) {
		httpd_stop();
		return -EINVAL;
	}
	tell_addresses();
	return 0;
}

/* What a fault of its own raises stays open: a crash is told, not silent. */
static int start_masked(const char *addresses)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_mutex_lock(&agent.lock);
	rc = agent.running ? -EALREADY : start(addresses);
	pthread_mutex_unlock(&agent.lock);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

int pgo_agent_start(const char *addresses)
{
	if (!addresses)
		return -EINVAL;
	if (!agent.view)
		agent.view = &pgo_view_1;
	return agent.view ? start_masked(addresses) : -ENOSYS;
}

int pgo_agent_init(const struct view *view)
{
	const char *addresses = secure_getenv("PGO_AGENT");

	agent.view = view;
	return addresses ? start_masked(addresses) : -EINVAL;
}

static void remove_sockets(void)
{
	for (int i = 0; i < agent.n; i++)
		if (agent.listeners[i].path[0])
			unlink(agent.listeners[i].path);
}

void pgo_agent_stop(void)
{
	pthread_mutex_lock(&agent.lock);
	if (agent.running) {
		agent.view->set_agent_address("");
		remove_sockets();
		httpd_stop();
		names_stop();
		agent.n = 0;
		agent.running = false;
	}
	pthread_mutex_unlock(&agent.lock);
}

/* Not all of pgo_agent_stop(): whoever calls exit() waits for no request.  A
 * child made by fork() has no agent, and the sockets are not its. */
__attribute__((destructor)) static void at_exit(void)
{
	if (agent.running && agent.pid == getpid())
		remove_sockets();
}
