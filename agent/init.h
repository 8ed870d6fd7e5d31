/* What the runtime calls when it has loaded the agent by itself. */
#ifndef AGENT_INIT_H
#define AGENT_INIT_H

struct view;

/* Starts at the addresses of PGO_AGENT, looking through VIEW.  0 or -E, which
 * has been said on stderr.  [any but g] */
__attribute__((visibility("default"))) int
pgo_agent_init(const struct view *view);

#endif
