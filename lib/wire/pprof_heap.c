/*
 * Samples stand for what was not sampled: an object of S bytes is sampled with
 * the probability 1 - exp(-S / rate), and counts are divided by it.
 *
 * Source: src/runtime/pprof/protomem.go.
 */
#include "lib/wire/pprof_heap.h"

#include <math.h>

void pprof_heap_types(struct pprof_writer *w, int64_t rate)
{
	pprof_sample_type(w, "alloc_objects", "count");
	pprof_sample_type(w, "alloc_space", "bytes");
	pprof_sample_type(w, "inuse_objects", "count");
	pprof_sample_type(w, "inuse_space", "bytes");
	pprof_period(w, "space", "bytes", rate);
}

static int64_t whole(double v)
{
	return v < 0x1p63 ? (int64_t)v : INT64_MAX;
}

/* COUNT sampled objects of BYTES each, as objects and bytes there were. */
static void scale(uint64_t count, uint64_t bytes, int64_t rate, int64_t *out)
{
	double by = 1;

	out[0] = out[1] = 0;
	if (!count || !bytes)
		return;
	if (rate > 1)
		by = 1 / (1 - exp(-(double)bytes / (double)rate));
	out[0] = whole((double)count * by);
	out[1] = whole((double)count * (double)bytes * by);
}

void pprof_heap_values(uint64_t allocs, uint64_t frees, uint64_t bytes,
		       int64_t rate, int64_t values[PPROF_HEAP_VALUES])
{
	scale(allocs, bytes, rate, values);
	scale(allocs - frees, bytes, rate, values + 2);
}
