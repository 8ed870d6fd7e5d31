/* The labels of goroutines (runtime/pprof's SetGoroutineLabels), as the text
 * that snapshot.h describes. */
#ifndef LIB_TARGET_GO_LABELS_H
#define LIB_TARGET_GO_LABELS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/hash.h"
#include "lib/snapshot/strtab.h"
#include "lib/target/gather.h"
#include "lib/target/go/one.h"

enum {
	LABELS_MAX = 64,                /* of one goroutine; more: none shown */
	LABEL_BYTES_MAX = 256,          /* of one key or value; then cut */
	LABELS_AT_ONCE = 1 << 13,       /* of all goroutines of a call */
};

/* All zero is ready. */
struct go_labels {
	struct hash known;              /* of sets, by address */
	struct buf sets, pairs, wants, text;
	struct gather gather, strings;
};

/* Reads those of the N goroutines of SET and says in label_text which string
 * of STRINGS they are.  0, or -E as space_readv(). */
int go_labels_read(struct go_labels *l, struct go *go, struct strtab *strings,
		struct go_one **set, size_t n);
void go_labels_release(struct go_labels *l);

#endif
