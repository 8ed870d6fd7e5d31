/*
 * Connections have moments by which something must have happened, whatever
 * trickles in or out meanwhile; one that misses it is shut down.
 */
#ifndef LIB_HTTPD_DEADLINE_H
#define LIB_HTTPD_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#define DEADLINE_NEVER INT64_MAX

/* Begins and ends the thread that watches.  0 or -E. */
int deadline_start(void);
void deadline_stop(void);

/* Connection FD has AFTER_NS from now on; replaces what was said before. */
void deadline_set(int fd, int64_t after_ns);

/* After fork(), in the child: closes the connections, which are the
 * parent's. */
void deadline_in_child(void);

/* FD is about to be closed. */
void deadline_forget(int fd);

#endif
