/*
 * pprof files: profile.proto as github.com/google/pprof defines it, written as
 * a stream (memory is what the output takes and the tables of what was seen)
 * and read with bounds.
 */
#ifndef LIB_WIRE_PPROF_H
#define LIB_WIRE_PPROF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

struct err;
struct pprof_writer;

struct pprof_mapping {
	uint64_t start, limit, offset;
	const char *file;
	const char *build_id;           /* hex, "" for none */
	bool has_functions, has_filenames, has_line_numbers, has_inline_frames;
};

/* One function at a location; the outermost is the last of a location. */
struct pprof_frame {
	const char *function;           /* as people read it */
	const char *system_name;        /* linkage name; NULL: the same */
	const char *file;               /* "" when unknown */
	int64_t start_line;             /* 0 when unknown */
	int64_t line;                   /* 0 when unknown */
};

struct pprof_label {
	const char *key;
	const char *str;                /* NULL: num */
	int64_t num;
	const char *unit;
};

/* The output goes to OUT, which the caller owns; uncompressed.  NULL when
 * memory is out.  [any but g: allocates] */
struct pprof_writer *pprof_writer_new(struct buf *out);
void pprof_writer_free(struct pprof_writer *w);

/* The types of the values of each sample, in order, before the first sample. */
void pprof_sample_type(struct pprof_writer *w, const char *type,
		       const char *unit);
void pprof_period(struct pprof_writer *w, const char *type, const char *unit,
		  int64_t period);
void pprof_time(struct pprof_writer *w, int64_t wall_ns, int64_t duration_ns);
void pprof_default_type(struct pprof_writer *w, const char *type);
void pprof_comment(struct pprof_writer *w, const char *text);

/* Mappings get the ids 1, 2, ... in the order added; the program's own comes
 * first.  Returns the id. */
uint64_t pprof_mapping(struct pprof_writer *w, const struct pprof_mapping *m);

/*
 * The location of ADDRESS in mapping MAPPING_ID (0: none) with its N frames,
 * innermost first; N may be 0.  One already written for the address is used
 * again, and FRAMES are not looked at.  Returns its id.
 */
uint64_t pprof_location(struct pprof_writer *w, uint64_t address,
			uint64_t mapping_id, const struct pprof_frame *frames,
			size_t n);

/* The id of ADDRESS's location if it was written, else 0. */
uint64_t pprof_location_find(const struct pprof_writer *w, uint64_t address);

/* A sample: locations leaf first, one value for each sample type. */
void pprof_sample(struct pprof_writer *w, const uint64_t *location_ids,
		  size_t n, const int64_t *values, size_t n_values,
		  const struct pprof_label *labels, size_t n_labels);

/* Completes the output.  0, -ENOMEM or -EFBIG. */
int pprof_finish(struct pprof_writer *w);

#endif
