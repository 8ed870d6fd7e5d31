/*
 * The pclntab of a Go program's file, stripped or not, position independent or
 * not, with a table of sections or without one.
 */
#ifndef SYMBOLIZER_GOFILE_H
#define SYMBOLIZER_GOFILE_H

#include "lib/base/err.h"
#include "symbolizer/gosym.h"

struct gofile;

/* Finds the one of the file PATH.  0; -ENOENT when there is none, as in all
 * that is no Go program; -ENOEXEC when it cannot be read; with words in E. */
int gofile_open(struct gofile **out, const char *path, struct err *e);
void gofile_close(struct gofile *f);

/* By addresses of the file.  Lives as long as F. */
struct gosym *gofile_sym(struct gofile *f);

#endif
