#ifndef PGO_CC_RENAMED_H
#define PGO_CC_RENAMED_H
/*
 * Copies of objects in which references to X are references to __wrap_X: what
 * ld --wrap=X does, for chosen files alone.
 */

#include "runtime/cc/bytes.h"
#include "runtime/cc/names.h"

/*
 * Adds to OUT the relocatable object of N bytes at P, its undefined symbols
 * that are in WRAPS renamed; definitions keep their names.  0, or -1 with
 * nothing added: it is no object of this machine's, or is broken.
 */
int renamed_object(struct bytes *out, const unsigned char *p, size_t n,
		   const struct names *wraps);

/* Writes such a copy of the object or archive FROM to TO, or dies. */
void renamed_file(const char *to, const char *from, const struct names *wraps);

#endif
