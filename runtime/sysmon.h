/*
 * The watching thread: takes Ps from Ms that stay in C, asks goroutines that
 * run too long to yield, makes threads, prints SCHED lines.  Has no P.
 */
#ifndef PGO_RUNTIME_SYSMON_H
#define PGO_RUNTIME_SYSMON_H

#include <stdint.h>

/* Starts the thread; 0 or -E.  [any, once] */
int sysmon_start(void);

/* Something happened that must not wait for its next turn: a thread is
 * wanted, or an earlier timer than it sleeps for.  [any] */
void sysmon_wake(void);

/* When it turns next at the latest, INT64_MAX while nothing runs: then it sees
 * to it that timers get somebody who looks in time.  [any] */
int64_t sysmon_next_ns(void);

/* Asks whoever has a P that is to go, or to be opened (procs.h), to give it up
 * or open it; a call into C loses it.  As sysmon does at its turns.  [m] */
void sysmon_ask_surplus(void);

/* A P left the idle list on which all were: there is something to watch.
 * [any] */
void sysmon_busy(void);

#endif
