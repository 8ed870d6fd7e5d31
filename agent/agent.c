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
#include <unistd.h>

#include <pgo/agent.h>

#include "agent/init.h"
#include "agent/names.h"
#include "agent/say.h"
#include "agent/source.h"
#include "lib/httpd/doors.h"
#include "lib/httpd/httpd.h"
#include "runtime/view.h"

/* In a program that links this library; the one that loads it says where. */
#pragma weak pgo_view_1

static struct {
	pthread_mutex_t lock;           /* all of it */
	const struct view *view;
	bool running;
	bool noticed;                   /* in_child() will be called */
	bool is_child;                  /* of fork(): it has no agent */
	struct doors doors;
} agent = { .lock = PTHREAD_MUTEX_INITIALIZER };

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

/* Listening ---------------------------------------------------------------- */

static void open_one(const char *address)
{
	struct err e = { 0 };

	if (doors_open(&agent.doors, address, &e))
		say("%s", e.text);
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

static void tell_addresses(void)
{
	char all[DOORS_MAX * (LISTEN_ADDRESS_MAX + 1)] = "";

	for (int i = 0; i < agent.doors.n; i++) {
		if (i)
			strcat(all, ",");
		strcat(all, agent.doors.listeners[i].address);
	}
	agent.view->set_agent_address(all);
}

/* Beginning and end -------------------------------------------------------- */

/* By pthread_atfork().  A child has no agent: it lets go of what would keep
 * clients waiting after the parent's end, and removes nothing. */
static void in_child(void)
{
	if (agent.running) {
		httpd_in_child();
		names_in_child();
	}
	agent.doors.n = 0;
	agent.running = false;
	pthread_mutex_init(&agent.lock, NULL);
	agent.is_child = true;
}

static int start(const char *addresses)
{
	const struct provider *p = source_setup(agent.view);
	char sym[4096];
	int rc;

	if (!p) {
		say("the program was built with another version of pgo "
		    "(build it again)");
		return -EPROTO;
	}
	doors_init(&agent.doors, p, say);
	find_sym(sym, sizeof(sym));
	names_setup(sym);
	rc = httpd_setup(&agent.doors.serve, agent.view->threads_add);
	if (rc) {
		say("%s", strerror(-rc));
		return rc;
	}
	if (!agent.noticed && pthread_atfork(NULL, NULL, in_child))
		return -ENOMEM;
	agent.noticed = true;
	open_each(addresses);
	doors_serve(&agent.doors, say);
	agent.running = agent.doors.n > 0;
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
	if (agent.is_child)
		return -ENOTSUP;
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

void pgo_agent_stop(void)
{
	pthread_mutex_lock(&agent.lock);
	if (agent.running) {
		agent.view->set_agent_address("");
		doors_remove(&agent.doors);
		httpd_stop();
		names_stop();
		agent.doors.n = 0;
		agent.running = false;
	}
	pthread_mutex_unlock(&agent.lock);
}

/* Not all of pgo_agent_stop(): whoever calls exit() waits for no request. */
__attribute__((destructor)) static void at_exit(void)
{
	if (agent.running)
		doors_remove(&agent.doors);
}
