/*
 * The ring the kernel writes perf events into, and what a record of a sample
 * holds when it is asked for as perf.c does.
 */
#ifndef LIB_TARGET_PERFRING_H
#define LIB_TARGET_PERFRING_H

#include <linux/perf_event.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/target/sampler.h"

/* What a sample must be made of, in the kernel's words. */
#define PERFRING_SAMPLE \
	(PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_ID | \
	 PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_REGS_USER | \
	 PERF_SAMPLE_STACK_USER)

/* The same of its registers, as a mask of enum perf_event_x86_regs. */
uint64_t perfring_regs(void);

struct perfring {
	struct perf_event_mmap_page *page;
	const uint8_t *data;
	size_t bytes;           /* of data; a power of two */
};

/*
 * Calls TO for each sample there is and makes room for more; counts samples,
 * lost ones and throttling in F.  What makes no sense is skipped.  Samples
 * that hold no registers of user code (a kernel thread's) are none.
 */
void perfring_read(struct perfring *r, const struct sampler_sink *to,
		   struct sampler_figures *f);

#endif
