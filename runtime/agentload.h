/* Loading the agent. */
#ifndef PGO_RUNTIME_AGENTLOAD_H
#define PGO_RUNTIME_AGENTLOAD_H

/* Loads libpgo-agent.so and starts it when PGO_AGENT asks for one.  Trouble is
 * one line on stderr.  [any but g, before any goroutine] */
void agentload_start(void);

#endif
