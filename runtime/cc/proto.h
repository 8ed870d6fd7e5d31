#ifndef PGO_CC_PROTO_H
#define PGO_CC_PROTO_H
/* Prototypes of libc, as gcc -aux-info writes them down. */

#include "runtime/cc/names.h"

enum { PROTO_VARIADIC = -1 };

/*
 * Reads an -aux-info file and adds each function it declares, unless it is
 * known already, with v = bytes of stack arguments + 1, or PROTO_VARIADIC.
 */
void proto_read(struct names *protos, const char *path);

/* Bytes of stack arguments of a parameter list by the x86-64 ABI. */
long proto_stack_bytes(const char *params);

#endif
