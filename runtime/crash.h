/* Crash signals: SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS. */
#ifndef PGO_RUNTIME_CRASH_H
#define PGO_RUNTIME_CRASH_H

/* They are told before they kill, where their disposition is the default.  0
 * or -E.  [any, once] */
int crash_setup(void);

#endif
