/*
 * The agent: an HTTP server in the program, on threads of its own, that
 * answers /debug/pprof/ and /debug/pgo/.
 *
 * PGO_AGENT=ADDR in the environment starts it without any of this.  A program
 * that calls these functions links it: pgo-cc --libs pgo-agent.
 */
#ifndef PGO_AGENT_H
#define PGO_AGENT_H

#include <pgo/cdefs.h>

PGO_BEGIN

/*
 * Listens at ADDR, several with commas, each "unix", "unix:PATH" or
 * "HOST:PORT".  0 when at least one of them is there; each that is not is one
 * line on stderr.  -EALREADY while the agent runs; -EINVAL when none was of
 * use; -ENOTSUP in a child of fork().  [any]
 */
PGO_API int pgo_agent_start(const char *addr);

/* Ends it: requests under way are cut off, its threads are gone when this
 * returns.  [any] */
PGO_API void pgo_agent_stop(void);

PGO_END

#endif
