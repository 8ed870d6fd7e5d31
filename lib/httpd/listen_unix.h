/* Listening on a unix socket. */
#ifndef LIB_HTTPD_LISTEN_UNIX_H
#define LIB_HTTPD_LISTEN_UNIX_H

#include "lib/httpd/listen.h"

/* At PATH, "" being the default place.  0 or -E with words in E. */
int listen_unix(struct listener *l, const char *path, struct err *e);

#endif
