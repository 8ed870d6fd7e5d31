/*
 * Where requests may come in and who is let in: addresses to listen on, and
 * what PGO_AGENT_TOKEN_FILE, _HOSTS, _CMDLINE and _MAX_SECONDS say.  The same
 * for an agent and for a tool that serves.
 */
#ifndef LIB_HTTPD_DOORS_H
#define LIB_HTTPD_DOORS_H

#include "lib/base/err.h"
#include "lib/httpd/listen.h"
#include "lib/serve/serve.h"

enum { DOORS_MAX = 8, DOORS_HOSTS_MAX = 4096 };

struct doors {
	struct serve serve;             /* points into this */
	char hosts[DOORS_HOSTS_MAX];
	struct listener listeners[DOORS_MAX];
	int n;
};

/* Reads the environment; a setting that makes no sense is told by SAY and
 * left out.  PROVIDER must stay.  [any but g] */
void doors_init(struct doors *d, const struct provider *provider,
		void (*say)(const char *fmt, ...));

/* Listens at ADDRESS; its host may be asked by.  Before doors_serve().  0 or
 * -E with words in E. */
int doors_open(struct doors *d, const char *address, struct err *e);

/* Answers at all of them, after httpd_setup(); one that fails is told by SAY
 * and gone. */
void doors_serve(struct doors *d, void (*say)(const char *fmt, ...));

/* Removes what unix sockets leave in the file system; httpd_stop() closes. */
void doors_remove(const struct doors *d);

#endif
