/* Memory profiles: what samples of objects stand for. */
#ifndef LIB_WIRE_PPROF_HEAP_H
#define LIB_WIRE_PPROF_HEAP_H

#include <stdint.h>

#include "lib/wire/pprof.h"

enum { PPROF_HEAP_VALUES = 4 };

/* Go's sample types of one: objects and bytes allocated, objects and bytes in
 * use; a sample each RATE bytes. */
void pprof_heap_types(struct pprof_writer *w, int64_t rate);

/* The values when so many objects of BYTES each were sampled. */
void pprof_heap_values(uint64_t allocs, uint64_t frees, uint64_t bytes,
		       int64_t rate, int64_t values[PPROF_HEAP_VALUES]);

#endif
