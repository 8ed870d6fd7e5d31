/* Frames without a screen: text, JSON, and one screen as text. */
#ifndef PGO_TOP_BATCH_H
#define PGO_TOP_BATCH_H

#include "lib/snapshot/source.h"
#include "pgo-top/options.h"

/* Prints frames of SRC as O says.  The exit status. */
int batch_run(const struct options *o, struct source *src);

#endif
