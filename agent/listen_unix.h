/* Listening on a unix socket. */
#ifndef AGENT_LISTEN_UNIX_H
#define AGENT_LISTEN_UNIX_H

#include "agent/listen.h"

/* At PATH, "" being the default place.  0 or -E with words in E. */
int listen_unix(struct listener *l, const char *path, struct err *e);

#endif
