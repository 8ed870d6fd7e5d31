/*
 * Everything that can be observed, in one table: how it is called in JSON, in
 * a column, in a filter and behind -s, and what its number means.
 *
 * Readers of JSON, sorting, columns and `-s help` all walk these tables: a new
 * observation is one new line.
 */
#ifndef LIB_SNAPSHOT_FIELDS_H
#define LIB_SNAPSHOT_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/snapshot/group.h"
#include "lib/snapshot/rows.h"

enum unit {
	UNIT_TEXT,
	UNIT_COUNT,
	UNIT_MILLI,             /* thousandths, per second */
	UNIT_NS,
	UNIT_BYTES,
	UNIT_ID,
};

struct field {
	const char *name;       /* of -s and of filters */
	const char *json_key;
	const char *column;     /* its heading */
	const char *help;
	enum unit unit;
	uint8_t width;          /* columns; 0: what is left */
	bool descending;        /* how one sorts by it at first */
};

/* Of a goroutine, by enum snap_number and, behind, enum row_field. */
extern const struct field row_fields[ROW_FIELDS];

/* Of a stack and those who stand on it, by enum group_field. */
extern const struct field group_fields[GROUP_FIELDS];

/* The one of N fields with that name, a unique beginning or column heading; -1
 * for none. */
int field_find(const struct field *fields, int n, const char *name);

#endif
