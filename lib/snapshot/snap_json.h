/* Pieces of a snapshot as they are in all our JSON: what is unknown is left
 * out. */
#ifndef LIB_SNAPSHOT_SNAP_JSON_H
#define LIB_SNAPSHOT_SNAP_JSON_H

#include <stdint.h>

#include "lib/snapshot/snapshot.h"
#include "lib/wire/json.h"

/* A pair, unless V is SNAP_UNKNOWN, or S is "". */
void snap_json_number(struct json *j, const char *key, int64_t v);
void snap_json_text(struct json *j, const char *key, const char *s);

/* KEY with true, where it is so. */
void snap_json_flag(struct json *j, const char *key, bool on);

/* "labels" of a row, unless it has none. */
void snap_json_labels(struct json *j, const struct snapshot *s,
		      const struct snap_row *row);

/* "waits" of a row: the objects it waits on, what is in them and how many wait
 * there; unless nothing is known of that. */
void snap_json_waits(struct json *j, const struct snapshot *s,
		     const struct snap_row *row);

/* The frames of STACK, leaf first; an empty array for SNAP_NONE. */
void snap_json_frames(struct json *j, const char *key,
		      const struct snapshot *s, uint32_t stack);

#endif
