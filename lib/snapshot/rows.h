/*
 * The goroutines of a snapshot as a list: those that are wanted, in an order.
 *
 * Nobody looks at a million lines, so they are sorted only where somebody
 * looks: making the list and jumping to any place of it is linear, what is
 * near that place is sorted by then.  The list leans on its snapshot, which
 * must live as long.  One thread at a time.
 */
#ifndef LIB_SNAPSHOT_ROWS_H
#define LIB_SNAPSHOT_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/snapshot/snapshot.h"

/* Columns of a goroutine, behind enum snap_number: texts. */
enum row_field {
	ROW_STATE = ROW_NUMBERS,
	ROW_REASON,
	ROW_WHERE,
	ROW_CREATED,
	ROW_LABELS,
	ROW_FIELDS,
};

struct row_order {
	int by;                 /* enum snap_number or row_field */
	bool descending;
};

struct filter;

struct row_choice {
	struct filter *filter;  /* NULL for all; its snapshot becomes this */
	bool system;            /* the runtime's own too */
	bool one_stack;         /* only those that stand on ... */
	uint64_t stack;         /* ... the stack of this hash */
};

struct rows;

/* Unknown values come last, equal ones by id, so that nothing jumps.  0 or
 * -ENOMEM. */
int rows_new(struct rows **out, const struct snapshot *s,
	     const struct row_choice *which, struct row_order order);
void rows_free(struct rows *r);

uint32_t rows_count(const struct rows *r);

/* The one at place I, below rows_count(). */
const struct snap_row *rows_at(struct rows *r, uint32_t i);

/* The place of goroutine ID, or of the one that is number ROW in the snapshot;
 * -1 when it is not among them. */
int64_t rows_find(const struct rows *r, int64_t id);
int64_t rows_find_row(const struct rows *r, uint32_t row);

/* The first one from place FROM on, around the end, that matches TEXT; -1 for
 * none. */
int64_t rows_search(struct rows *r, uint32_t from, const char *text);

/* What it waits for, or its state. */
const char *row_reason(const struct snapshot *s, const struct snap_row *row);

/* Puts the labels as "k=v l=w". */
void row_labels(const struct snapshot *s, const struct snap_row *row,
		struct buf *out);

#endif
