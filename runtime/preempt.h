/* Taking a goroutine off its thread where it stands, by a signal. */
#ifndef PGO_RUNTIME_PREEMPT_H
#define PGO_RUNTIME_PREEMPT_H

#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

struct m;

/* Whether it is done at all.  [any, once, after env_read(), fiber_setup()] */
void preempt_setup(void);

/* Asks the thread of M, which runs goroutine code that does not yield, to let
 * go of its goroutine.  Nothing where that is switched off.  sysmon only. */
void preempt_send(struct m *m);

/*
 * SIGPROF has interrupted M at UC.  Where sysmon has asked for a yield and the
 * goroutine may be taken off here, it is: UC then leads into the scheduler.
 * The last thing a handler does.  [sig]
 */
void preempt_take(struct m *m, ucontext_t *uc);

/* Whether PC is where a goroutine that was taken goes on.  [any] [sig] */
bool preempt_is_back(uintptr_t pc);

/* How many were taken since the start.  [any] */
uint64_t preempt_count(void);

#endif
