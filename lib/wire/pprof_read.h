/*
 * A profile in memory, as flat arrays: read from profile.proto, gzip'd or not,
 * by whoever wrote it.  Tools and the agent only: it needs zlib.
 *
 * Ids are gone, everything refers by index; whatever was read is valid: each
 * reference resolves and each sample has a value of each type.
 */
#ifndef LIB_WIRE_PPROF_READ_H
#define LIB_WIRE_PPROF_READ_H

#include <stddef.h>
#include <stdint.h>

#include "lib/wire/pprof.h"

/* More than this is refused.  Bytes are of the uncompressed profile. */
#define PPROF_BYTES_MAX ((size_t)256 << 20)
#define PPROF_TYPES_MAX 64
#define PPROF_COMMENTS_MAX (1u << 10)
#define PPROF_MAPPINGS_MAX (1u << 16)
#define PPROF_STRINGS_MAX (1u << 22)
#define PPROF_FUNCTIONS_MAX (1u << 22)
#define PPROF_LOCATIONS_MAX (1u << 22)
#define PPROF_LINES_MAX (1u << 23)
#define PPROF_SAMPLES_MAX (1u << 22)
#define PPROF_LABELS_MAX (1u << 23)
#define PPROF_VALUES_MAX (1u << 25)
#define PPROF_STACK_MAX (1u << 26)      /* of all samples together */

#define PPROF_NONE UINT32_MAX           /* no mapping, no function */

struct pprof_type {
	const char *type, *unit;
};

struct pprof_function {
	const char *name, *system_name, *file;
	int64_t start_line;
};

struct pprof_line {
	uint32_t function;              /* or PPROF_NONE */
	int64_t line;
};

struct pprof_location {
	uint64_t address;
	uint32_t mapping;               /* or PPROF_NONE */
	uint32_t line, n_lines;         /* LINES from there, innermost first */
};

struct pprof_sample {
	uint32_t stack, n_stack;        /* STACK from there, leaf first */
	uint32_t label, n_labels;       /* LABELS from there */
};

/* Strings are never NULL but a label's, which says that it is a number. */
struct pprof {
	struct pprof_type *types;
	struct pprof_mapping *mappings;
	struct pprof_function *functions;
	struct pprof_line *lines;
	struct pprof_location *locations;
	struct pprof_sample *samples;
	uint32_t *stack;                /* indices into LOCATIONS */
	int64_t *values;                /* N_TYPES for each sample */
	struct pprof_label *labels;
	const char **comments;
	size_t n_types, n_mappings, n_functions, n_lines, n_locations;
	size_t n_samples, n_stack, n_values, n_labels, n_comments;
	struct pprof_type period_type;
	int64_t period, time_ns, duration_ns;
	const char *default_type;       /* "" for none */
	const char **strings;           /* what all the above point to */
	size_t n_strings;
	char *text;
};

struct err;

/*
 * Reads the N bytes at DATA, which are not needed afterwards; NAME is for
 * messages.  0, or P is empty: -EBADMSG when they are no valid profile, -EFBIG
 * beyond the caps, -ENOMEM.  [any but g: allocate]
 */
int pprof_read(struct pprof *p, const void *data, size_t n, const char *name,
	       struct err *e);

/* All zero is an empty profile. */
void pprof_release(struct pprof *p);

#endif
