/* The runtime's view as a provider. */
#ifndef AGENT_SOURCE_H
#define AGENT_SOURCE_H

#include "lib/serve/provider.h"

struct view;

/* Looks through VIEW from now on; the provider lives as long as the process.
 * NULL when the view is of a version this agent does not know. */
const struct provider *source_setup(const struct view *view);

#endif
