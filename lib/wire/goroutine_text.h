/*
 * What Go programs say of their goroutines, read: debug=1, equal stacks with
 * counts, and debug=2, one by one, as tracebacks.
 *
 * Nothing is copied: what is found points into the text.  All of it is
 * hostile; lines that make no sense are passed over.  No memory.  [any]
 */
#ifndef LIB_WIRE_GOROUTINE_TEXT_H
#define LIB_WIRE_GOROUTINE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GTEXT_DEPTH_MAX = 1024 };

struct gtext_slice {
	const char *p;          /* NULL: there is none */
	size_t n;
};

struct gtext_frame {
	struct gtext_slice func, file;
	uint64_t pc;            /* a return address; 0: not told */
	uint64_t offset;        /* of pc in func; 0: not told */
	uint32_t line;
};

struct gtext_record {
	uint64_t count;                 /* goroutines; 1 of debug=2 */
	struct gtext_slice labels;      /* of debug=1: {"k":"v", ...} in Go's
					 * quotes */
	/* Of debug=2: */
	int64_t id;                     /* -1: not told */
	struct gtext_slice state;       /* "chan receive" */
	uint64_t minutes;
	bool locked;                    /* to its thread */
	struct gtext_frame created;     /* func.p NULL: not told */
	int64_t creator;                /* id; -1: not told */

	size_t n;                       /* frames, leaf first */
	struct gtext_frame frames[GTEXT_DEPTH_MAX];
};

struct gtext {
	const char *at, *end;
};

static inline struct gtext gtext(const char *text, size_t n)
{
	return (struct gtext){ text, text + n };
}

/* The "goroutine profile: total N" that debug=1 begins with; -1 when it does
 * not. */
int64_t gtext_total(struct gtext *t);

/* The next record of debug=1, of debug=2.  False at the end. */
bool gtext_counted(struct gtext *t, struct gtext_record *r);
bool gtext_single(struct gtext *t, struct gtext_record *r);

#endif
