/* Whether offsets fit a program. */
#ifndef LIB_TARGET_GO_VALIDATE_H
#define LIB_TARGET_GO_VALIDATE_H

#include "lib/target/go/attach.h"

/*
 * Reads some goroutines, Ms and Ps by go->offsets and looks whether they make
 * sense: ids, states, and stacks that end where stacks end.  0; -EBADMSG when
 * they do not, and what did not in E; -EAGAIN when there were too few that
 * stood still; as space_read().
 */
int go_validate(struct go *go, struct err *e);

#endif
