#include "lib/httpd/doors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/httpd/httpd.h"

enum { SECONDS_MAX = 86400 };

/* Environment -------------------------------------------------------------- */

static void read_seconds(struct serve *s, void (*say)(const char *fmt, ...))
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

void doors_init(struct doors *d, const struct provider *provider,
		void (*say)(const char *fmt, ...))
{
	const char *cmdline = secure_getenv("PGO_AGENT_CMDLINE");
	const char *hosts = secure_getenv("PGO_AGENT_HOSTS");
	const char *token = secure_getenv("PGO_AGENT_TOKEN_FILE");
	struct err e = { 0 };

	memset(d, 0, sizeof(*d));
	d->serve.provider = provider;
	d->serve.cmdline = cmdline && !strcmp(cmdline, "1");
	snprintf(d->hosts, sizeof(d->hosts), "%s", hosts ? hosts : "");
	d->serve.guard.hosts = d->hosts;
	read_seconds(&d->serve, say);
	if (token && guard_read_token(&d->serve.guard, token, &e))
		say("%s", e.text);
}

/* Listening ---------------------------------------------------------------- */

/* The host that was asked for is one that may be asked by. */
static void allow_host(struct doors *d, const struct listener *l)
{
	size_t n = strlen(d->hosts);
	const char *colon = strrchr(l->address, ':');

	if (l->tcp && colon)
		snprintf(d->hosts + n, sizeof(d->hosts) - n, ",%.*s",
			 (int)(colon - l->address), l->address);
}

int doors_open(struct doors *d, const char *address, struct err *e)
{
	const char *token = secure_getenv("PGO_AGENT_TOKEN_FILE");
	bool has_token = d->serve.guard.token[0];
	struct listener *l = &d->listeners[d->n];
	int rc;

	if (d->n == DOORS_MAX)
		return err_say(e, -E2BIG, "%s: more than %d addresses", address,
			       DOORS_MAX);
	if (token && !has_token && strncmp(address, "unix", 4))
		return err_say(e, -EINVAL, "%s: not without the token of "
			       "PGO_AGENT_TOKEN_FILE", address);
	rc = listen_open(l, address, has_token, e);
	if (rc)
		return rc;
	allow_host(d, l);
	d->n++;
	return 0;
}

/* The server closes the sockets. */
static int serve_on(struct listener *l, void (*say)(const char *fmt, ...))
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
void doors_serve(struct doors *d, void (*say)(const char *fmt, ...))
{
	for (int i = 0; i < d->n; )
		if (serve_on(&d->listeners[i], say)) {
			listen_close(&d->listeners[i]);
			d->listeners[i] = d->listeners[--d->n];
		} else {
			i++;
		}
}

void doors_remove(const struct doors *d)
{
	for (int i = 0; i < d->n; i++)
		if (d->listeners[i].path[0])
			unlink(d->listeners[i].path);
}
