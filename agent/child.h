/*
 * pgo-sym as a child: questions and answers over a socket, one at a time.
 *
 *   MODULE \t BUILD ID \t 0xADDRESS \n
 *   FUNC \t LINKAGE \t FILE \t LINE \t COLUMN \t START LINE \t INLINED \n
 *   ... \n
 *   \n
 *
 * with \t, \n and \\ in fields escaped by a backslash.  The child raises no
 * SIGCHLD and is no business of the program's wait().
 */
#ifndef AGENT_CHILD_H
#define AGENT_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct child {
	pid_t pid;              /* 0: none */
	int fd;
	struct buf in;          /* of the answer so far */
};

struct child_frame {
	char *func, *linkage, *file;    /* live until the next question */
	uint32_t line, start_line;
	int inlined;
};

/* Runs FILE --serve.  0 or -E with words in E.  [any but g] */
int child_start(struct child *c, const char *file, struct err *e);

/* After fork(), in the child: C is the parent's. */
void child_forget(struct child *c);

/* Ends it and waits for its end. */
void child_stop(struct child *c);

/* The functions at ADDRESS of the file, innermost first: how many of at most
 * MAX, 0 when it does not know.  -E when the child is of no use any more. */
int child_ask(struct child *c, const char *module, const char *build_id,
	      uint64_t address, struct child_frame *out, int max);

#endif
