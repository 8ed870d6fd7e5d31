/*
 * C++ names, demangled once each.
 */
#ifndef SYMBOLIZER_DEMANGLE_H
#define SYMBOLIZER_DEMANGLE_H

#include <stddef.h>

#include "lib/base/hash.h"

struct demangled {
	const char *mangled;
	char *name;             /* NULL: it is no C++ name */
};

struct demangle {
	struct demangled *list;
	size_t n, room;
	struct hash index;      /* by the pointer to the mangled name */
};

/* NAME demangled, or NAME itself when it is no C++ name or too long.  NAME must
 * live as long as D, which owns the result. */
const char *demangle(struct demangle *d, const char *name);

void demangle_release(struct demangle *d);

#endif
