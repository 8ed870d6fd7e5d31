/* What readers outside the process find; see pgo/layout.h. */
#ifndef PGO_RUNTIME_LAYOUT_H
#define PGO_RUNTIME_LAYOUT_H

/* Where the agent listens now; "" for nowhere.  [any but g] */
void layout_set_agent(const char *address);

#endif
