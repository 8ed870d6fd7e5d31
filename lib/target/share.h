/* Data files that come with the programs: PREFIX/share/pgo. */
#ifndef LIB_TARGET_SHARE_H
#define LIB_TARGET_SHARE_H

#include <stddef.h>

#include "lib/base/err.h"

/*
 * Writes the path of the folder NAME of the data files to OUT, of MAX bytes:
 * in $PGO_SHARE when that is set; else in share/pgo beside the nearest folder
 * above the running program's, for programs that are installed and for those
 * still in build/.  0; -ENOENT when there is none; with words in E.
 */
int share_folder(char *out, size_t max, const char *name, struct err *e);

#endif
