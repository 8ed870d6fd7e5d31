/* The check for goroutines that outlive a test; see pgo/leakcheck.h. */
#ifndef PGO_RUNTIME_LEAKCHECK_H
#define PGO_RUNTIME_LEAKCHECK_H

/* What PGODEBUG=leakcheck=1 begins: the check at exit(3).  [any, once] */
void leakcheck_setup(void);

/* Goroutine 1, the caller, has returned: the check is due.  [g] */
void leakcheck_main_returned(void);

/* pgo_run() is about to return: not while a goroutine is in exit(3), for main()
 * would call it again with a status of its own.  [m] */
void leakcheck_let_exit(void);

#endif
