/*
 * What is said about one address, and the two ways of saying it.
 */
#ifndef SYMBOLIZER_CMD_ANSWER_H
#define SYMBOLIZER_CMD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/wire/json.h"
#include "symbolizer/cmd/options.h"
#include "symbolizer/symbolizer.h"

struct answer {
	uint64_t addr;          /* as it was asked for */
	const char *module;     /* NULL: none */
	struct sym *sym;        /* NULL: none */
	const char *reason;     /* why something is missing, or NULL */
	bool loaded;            /* it lies in a section that is loaded */
	size_t n;
	struct sym_frame frames[SYM_FRAMES_MAX];
};

/* As addr2line prints it. */
void answer_text(struct buf *out, const struct answer *a,
		 const struct sym_options *o);

/* As an object of JSON. */
void answer_json(struct json *j, const struct answer *a);

#endif
