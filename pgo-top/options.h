/* What the command line asks for. */
#ifndef PGO_TOP_OPTIONS_H
#define PGO_TOP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "pgo-top/view.h"

struct options {
	const char *target;
	const char *filter;             /* a right one, "" for none */
	enum view_list list;            /* shown first */
	struct view_order order;        /* of it */
	const char *sort_option;        /* "-s" or "-o", and what it said; */
	const char *sort_key;           /* order is made of it */
	int64_t delay_ns;
	int64_t frames;                 /* 0: until told to stop */
	int cols, rows;                 /* of batch, --dump-frame; 0: unsaid */
	bool batch;
	bool json;
	bool dump_frame;
	bool no_colour;
	bool ascii;                     /* wished, or all the locale has */
};

/*
 * Fills O.  -1 to go on; otherwise the exit status: 0 after --help, --version
 * and -s help, 2 after a line about what is wrong.
 */
int options_parse(struct options *o, int argc, char **argv);

/* Whether O's first frame needs the goroutines, not only their groups. */
static inline bool options_want_rows(const struct options *o)
{
	return o->list == LIST_GOROUTINES || o->filter[0];
}

/* "1", "0.5", "500ms", "2s" as ns, at least a tenth of a second; -1 for what
 * is no time. */
int64_t delay_parse(const char *text);

#endif
