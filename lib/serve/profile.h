/*
 * Stacks as a profile.proto file or as Go's text.
 */
#ifndef LIB_SERVE_PROFILE_H
#define LIB_SERVE_PROFILE_H

#include <stdint.h>

#include "lib/serve/provider.h"
#include "lib/serve/stacks.h"

struct profile_type {
	const char *type, *unit;
	int64_t scale;                  /* value of a count of 1 */
};

struct profile {
	const struct provider *provider;
	const struct stacks *stacks;    /* those with count 0 are left out */
	const char *period_type, *period_unit;
	int64_t period;
	struct profile_type types[2];
	size_t n_types;
	int64_t wall_ns;
	int64_t duration_ns;            /* 0: none */
};

struct pprof_frame;

/* N frames as the writer of profile.proto takes them, MAX at most, into OUT;
 * how many.  Strings stay those of F. */
size_t profile_frames(const struct serve_frame *f, size_t n,
		      struct pprof_frame *out, size_t max);

/* Appends the file, gzip'd: 0 or -E.  [any but g: allocates] */
int profile_write(const struct profile *p, struct buf *out);

/* "NAME profile: total N" and what follows.  0 or -ENOMEM. */
int profile_text(const struct provider *p, const struct stacks *s,
		 const char *name, int64_t total, struct buf *out);

#endif
