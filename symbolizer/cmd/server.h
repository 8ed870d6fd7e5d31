/*
 * pgo-sym --serve: requests and answers as symbolizer/serve.h has them.
 */
#ifndef SYMBOLIZER_CMD_SERVER_H
#define SYMBOLIZER_CMD_SERVER_H

#include "lib/base/err.h"

/* Answers requests on FD until its end.  0 or -E with words in E. */
int server_run(int fd, struct err *e);

#endif
