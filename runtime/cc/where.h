#ifndef PGO_CC_WHERE_H
#define PGO_CC_WHERE_H
/*
 * Where pgo lies, seen from the program: nothing absolute is compiled in, so
 * the build tree and any PREFIX work alike.
 *
 *	BIN/pgo-cc
 *	BIN/../lib/libpgo.a, pgo/{ld,wrap.rsp,libpgo-thunks.a}
 *	BIN/../include/pgo, or in a build tree two or three folders up
 *	BIN/../share/pgo/gdb/pgo-gdb.py, or share/gdb of the tree
 */

struct where {
	char *bin, *lib, *include;
	char *script;		/* gdb's; NULL: not there */
	int in_tree;		/* not installed: libraries need an rpath */
};

/* Finds all of it, or dies naming what is missing. */
const struct where *where(void);

#endif
