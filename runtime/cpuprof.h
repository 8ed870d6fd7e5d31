/* CPU profiles of the whole program; see pgo/profile.h for the public side. */
#ifndef PGO_RUNTIME_CPUPROF_H
#define PGO_RUNTIME_CPUPROF_H

struct m;

/* Installs the SIGPROF handler and, when PGODEBUG=cpuprofile=FILE asks for it,
 * begins a profile that is written when pgo_run() returns or exit() is called.
 * 0 or -E after a line on stderr.  [any, once] */
int cpuprof_setup(void);

/* The profile PGODEBUG asked for is complete.  On a plain thread's stack. */
void cpuprof_finish(void);

/* A thread becomes an M and is sampled from now on, or not any more. */
void cpuprof_m_begin(struct m *m);
void cpuprof_m_end(struct m *m);

#endif
