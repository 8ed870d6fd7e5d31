/* CPU profiles of the whole program; see pgo/profile.h for the public side. */
#ifndef PGO_RUNTIME_CPUPROF_H
#define PGO_RUNTIME_CPUPROF_H

#include <stddef.h>
#include <stdint.h>

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

/* The first half of cpuprof_setup(): the sampler and its signal. */
int cpuprof_handle(void);

/* What a profile lost, in samples. */
struct cpuprof_losses {
	uint64_t ring_full;     /* the drainer was late */
	uint64_t no_thread;     /* threads that are no Ms */
	uint64_t no_room;       /* too many different stacks */
};

/*
 * Begins sampling at HZ.  0, -EBUSY, -EINVAL, -ENOMEM, -EAGAIN.  Ends it and
 * hands out every different stack, leaf first, with the samples it stands for;
 * PCS live during the call only.  Returns 0 or -EINVAL when none runs.  On a
 * thread's own stack.
 */
int cpuprof_begin(int hz);
int cpuprof_end(void (*each)(void *ctx, const uint64_t *pcs, size_t n,
			     uint64_t samples),
		void *ctx, struct cpuprof_losses *losses);

#endif
