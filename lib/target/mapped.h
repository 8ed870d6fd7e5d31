/* The files that are mapped in a space. */
#ifndef LIB_TARGET_MAPPED_H
#define LIB_TARGET_MAPPED_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/target/space.h"

/* Writes to PATH, N bytes, where the file mapped at M can be opened: as the
 * target sees it, or, of a core, the one of the same build.  False when it is
 * not to be had. */
bool mapped_path(char *path, size_t n, struct space *s, const struct map *m);

#endif
