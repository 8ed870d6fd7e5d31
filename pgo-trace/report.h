/*
 * What a profile says of functions, with the figures of `go tool pprof`:
 * functions with their flat and cumulative values, those of little weight
 * dropped, sorted.
 */
#ifndef PGO_TRACE_REPORT_H
#define PGO_TRACE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/wire/pprof_read.h"

struct err;

/* pprof's defaults: functions below 0.5 % of the total are dropped, calls
 * below 0.1 % do not count for "(inline)". */
#define REPORT_NODE_FRACTION 0.005
#define REPORT_EDGE_FRACTION 0.001

enum report_inline { REPORT_CALLED, REPORT_PARTLY_INLINED, REPORT_INLINED };

/* A function; what has no name is known by its mapping's file. */
struct report_node {
	const char *name;
	const char *file;       /* of the mapping; "" when there is a NAME */
	int64_t start_line;     /* 0 when there is a NAME */
	int64_t flat, cum;
	enum report_inline inlined;
	uint32_t seen;          /* in the sample of that number + 1 */
	bool kept;
};

struct report {
	struct report_node *nodes;      /* the rows, sorted */
	size_t n;
	size_t candidates;              /* rows there were before the cut */
	size_t dropped;                 /* functions of too little weight */
	int64_t total, shown;           /* shown: the flat values of the rows */
	const char *type, *unit;        /* of the values, the profile's words */
	const char *out_unit;           /* to show them in */
};

struct report_options {
	size_t rows;            /* 0: all */
	bool by_cum;            /* sorted by cum, not flat */
	const char *type;       /* name or number of a sample type; NULL: the
				 * profile's default, else its last */
};

/* Strings of R are P's, which must live as long.  0; -EINVAL when there is no
 * such type, -EFBIG when the profile is too large to add up, -ENOMEM. */
int report_make(struct report *r, const struct pprof *p,
		const struct report_options *o, struct err *e);
void report_release(struct report *r);

/* How a row is called: the name, C++ as in the source, "[file]" or "<unknown>".
 * Returns OUT. */
const char *report_node_name(const struct report_node *n, char *out,
			     size_t bytes);

#endif
