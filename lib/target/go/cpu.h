/*
 * What a sampler sees of a Go program, made into whole stacks of goroutines.
 */
#ifndef LIB_TARGET_GO_CPU_H
#define LIB_TARGET_GO_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/target/go/attach.h"
#include "lib/target/go/one.h"
#include "lib/target/sampler.h"

struct go_sample {
	const uint64_t *pcs;    /* leaf first and exact, then return */
	size_t n;               /* addresses; at least 1 */
	struct go_one g;        /* whose it is; goid is 0: not known */
	uint32_t periods;
	bool system;            /* on the runtime's own stack, which is all
				 * there is of it */
	bool complete;          /* up to where it began */
};

struct go_cpu;

/* GO must outlive it; EACH gets every sample.  NULL when memory is out. */
struct go_cpu *go_cpu_new(struct go *go,
			  void (*each)(void *ctx, const struct go_sample *s),
			  void *ctx);
void go_cpu_free(struct go_cpu *c);

/*
 * Whether samples that come late are as good as fresh ones: the same few
 * goroutines run, so that who ran can still be asked, and none has labels,
 * which change at any time.
 */
bool go_cpu_is_steady(const struct go_cpu *c);

/* What to give to sampler_look(). */
const struct sampler_sink *go_cpu_sink(const struct go_cpu *c);

#endif
