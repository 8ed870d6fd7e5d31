/* Labels of goroutines, from a snapshot's form to what is served. */
#ifndef PGO_TRACE_OUTSIDE_LABELS_H
#define PGO_TRACE_OUTSIDE_LABELS_H

#include <stdint.h>

#include "lib/base/buf.h"

/* Appends the labels of the JSON object TEXT ("" for none), and
 * goroutine=GOID unless that is 0, as struct serve_g has them. */
void labels_pack(struct buf *out, const char *text, int64_t goid);

#endif
