/* PGODEBUG: settings of pgo's own, key=value,...; pgo-env(7). */
#ifndef PGO_RUNTIME_PGODEBUG_H
#define PGO_RUNTIME_PGODEBUG_H

/* Fills env with what it says.  A key that is none and a value that makes no
 * sense are a line each on stderr, and are ignored.  [any] */
void pgodebug_read(void);

#endif
