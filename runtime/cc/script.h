#ifndef PGO_CC_SCRIPT_H
#define PGO_CC_SCRIPT_H
/* How gdb finds pgo's script for a program. */

#include "runtime/cc/bytes.h"

/* What must be linked in (ld -u) for the script to be found. */
#define SCRIPT_SYMBOL "pgo_gdb_script"

/* Appends to OUT an object that tells gdb to load the script PATH. */
void script_object(struct bytes *out, const char *path);

#endif
