/* The interactive screen. */
#ifndef PGO_TOP_SCREEN_H
#define PGO_TOP_SCREEN_H

#include "pgo-top/options.h"

/* Shows O's target until the user quits.  The exit status. */
int screen_run(const struct options *o);

#endif
