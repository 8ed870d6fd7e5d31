/* The goroutines of a snapshot written down: one by one in the form of Go's
 * debug=2, or folded by stack; as text or JSON. */
#ifndef PGO_TRACE_DUMP_OUT_H
#define PGO_TRACE_DUMP_OUT_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/snapshot/group.h"
#include "lib/snapshot/snapshot.h"
#include "lib/snapshot/source.h"
#include "lib/wire/json.h"
#include "lib/wire/text.h"
#include "pgo-trace/output.h"

struct dump_out {
	const struct snapshot *snapshot;
	const struct source_info *info;
	bool all;               /* the runtime's own frames too */
	struct output *to;
	struct buf buf;         /* not yet written; all zero at first */
};

/* Each writes all rows of the snapshot.  0 or -E with words in E. */
int dump_text(struct dump_out *d, struct err *e);
int dump_json(struct dump_out *d, struct err *e);
int dump_group_text(struct dump_out *d, struct err *e);
int dump_group_json(struct dump_out *d, struct err *e);

/* Pieces of these ----------------------------------------------------------*/

/* The frames of STACK, two lines each, as far as they are shown. */
void dump_frames(const struct dump_out *d, const struct text_sink *t,
		 uint32_t stack);

/* Who created ROW's goroutine, unless the runtime did; with PARENT's id. */
void dump_created_by(const struct dump_out *d, const struct text_sink *t,
		     const struct snap_row *row, bool parent);

/* What "created_by" is in JSON, with COUNT goroutines unless that is 0. */
void dump_creator_json(const struct dump_out *d, struct json *j,
		       const struct snap_row *row, int64_t count);

/* Everything of a document but what lies between. */
void dump_json_begin(const struct dump_out *d, struct json *j);
int dump_json_end(struct dump_out *d, struct json *j, struct err *e);

/* The sink of a text_sink over the buffer. */
void dump_put(void *buf, const char *p, size_t n);

/* Writes what is in the buffer: all of it when LAST, else when it is much. */
int dump_flush(struct dump_out *d, bool last, struct err *e);

#endif
