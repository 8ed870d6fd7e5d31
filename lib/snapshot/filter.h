/*
 * Which goroutines one wants to see, in words:
 *
 *   reason=mutex and wait>1m        !fn~"^runtime"       stack>64k
 *   label.tenant=blue               created=main.serve   (p=3 or locked)
 *   conn.serve                      as lib/snapshot/match.h finds it
 *
 * Conditions are FIELD OP VALUE with = != ~ !~ < <= > >=, a flag (locked,
 * moving, system), label.KEY, or a bare word; side by side they must all hold.
 * ~ is an extended regular expression, = the whole text; reason=TEXT and bare
 * words look for a part of it, whatever the case.  For fn and file any frame
 * will do.  What is not known is neither less nor more than anything.  Words
 * with blanks are quoted.
 */
#ifndef LIB_SNAPSHOT_FILTER_H
#define LIB_SNAPSHOT_FILTER_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/snapshot/snapshot.h"

enum { FILTER_BYTES_MAX = 4096 };       /* of an expression */

struct filter;

/* Reads EXPR; "" lets everything pass.  0; -EINVAL, with "column N: ..." in E;
 * -E2BIG, -ENOMEM.  [any but g: allocate] */
int filter_new(struct filter **out, const char *expr, struct err *e);
void filter_free(struct filter *f);

/* What follows is asked about S, which does not change meanwhile: what is
 * found out about a stack or a string is remembered.  0 or -ENOMEM. */
int filter_begin(struct filter *f, const struct snapshot *s);
bool filter_row(struct filter *f, const struct snap_row *row);

/* Takes the rows out of S that do not pass.  Its total and its other counts
 * stay.  0 or -ENOMEM. */
int filter_snapshot(struct filter *f, struct snapshot *s);

#endif
