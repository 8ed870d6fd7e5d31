/*
 * Values with units as people read them, scaled and rounded as `go tool pprof`
 * does: 1.23s, 512.04kB, 12.50%.
 */
#ifndef PGO_TRACE_UNITS_H
#define PGO_TRACE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* V of unit FROM as of unit TO ("minimum": what gives at least 1), to *OUT.
 * Returns the unit it is in then: "" for counts. */
const char *unit_scale(int64_t v, const char *from, const char *to,
		       double *out);

/* The same as text: "12.5ms", "0".  Returns OUT. */
const char *unit_label(char *out, size_t bytes, int64_t v, const char *from,
		       const char *to);

/* V of TOTAL, 6 columns or more: "12.34%", "  100%".  Returns OUT. */
const char *unit_percent(char *out, size_t bytes, int64_t v, int64_t total);

#endif
