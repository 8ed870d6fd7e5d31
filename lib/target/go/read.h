/*
 * All goroutines of a running Go program, without stopping it.
 *
 * Each goroutine is of one moment, all of them together are not: what is read
 * first is older than what is read last.  To have one moment for all, freeze
 * the space.
 */
#ifndef LIB_TARGET_GO_READ_H
#define LIB_TARGET_GO_READ_H

#include "lib/base/err.h"
#include "lib/snapshot/snapshot.h"
#include "lib/target/go/attach.h"
#include "lib/target/source_target.h"

/* What is kept from one snapshot to the next. */
struct go_reader;

/* GO must outlive it.  0, -ENOMEM, -ENOTSUP with words in E. */
int go_reader_new(struct go_reader **out, struct go *go, struct err *e);
void go_reader_free(struct go_reader *r);

/* Fills S, which is empty.  0; -ESRCH when the program is gone; -EBADMSG when
 * what it says makes no sense; -ECANCELED when WANTS->stop said so; with
 * words in E.  WANTS->freeze is the caller's to see to. */
int go_read(struct go_reader *r, const struct source_wants *wants,
	    struct snapshot *s, struct err *e);

/* One row: goroutine ID, and its stack also when it runs.  0; -ENOENT when
 * there is none; as go_read(). */
int go_read_one(struct go_reader *r, int64_t id, struct snapshot *s,
		struct err *e);

#endif
