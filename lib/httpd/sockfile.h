/*
 * Files of unix sockets that processes left behind when they died.
 */
#ifndef LIB_HTTPD_SOCKFILE_H
#define LIB_HTTPD_SOCKFILE_H

#include "lib/base/err.h"

/* Makes room at PATH, where something is: only a socket that nobody answers at
 * is removed.  0 or -E with words in E.  [any but g] */
int sockfile_replace(const char *path, struct err *e);

/* Removes the PID.sock in DIR, a folder of ours alone, whose process is gone
 * and at which nobody answers.  [any but g] */
void sockfile_sweep(const char *dir);

#endif
