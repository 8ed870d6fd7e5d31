/* Numbers as people read them, in few columns. */
#ifndef PGO_TOP_FORMAT_H
#define PGO_TOP_FORMAT_H

#include <stdint.h>

#include "lib/snapshot/fields.h"

#define FORMAT_BYTES 32

/* V, whose meaning is UNIT, in at most WIDTH columns where it can be; "-" for
 * SNAP_UNKNOWN.  71204: "71,204", or "71.2k" when that is too wide; ns:
 * "3h02m", "9us"; bytes: "8.0K"; thousandths: "+40", "+0.3". */
void format_number(char out[FORMAT_BYTES], int64_t v, enum unit unit,
		   unsigned int width);

#endif
