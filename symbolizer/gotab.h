/*
 * A pclntab: its version, and where its parts begin.
 */
#ifndef SYMBOLIZER_GOTAB_H
#define SYMBOLIZER_GOTAB_H

#include <stdint.h>

#include "lib/base/err.h"
#include "symbolizer/gobytes.h"
#include "symbolizer/gosym.h"

/* Where things lie in the records of one version; in bytes, 0: it has none. */
struct goversion {
	uint32_t magic;
	uint8_t text;           /* of the header: where code begins */
	uint8_t parts;          /* of the header: names, units, files, values,
				 * functions; 8 bytes each */
	uint8_t pc_bytes;       /* of an address: 8, or 4 from the text on */

	uint8_t name;           /* of a function's record */
	uint8_t depth;
	uint8_t file;
	uint8_t line;
	uint8_t pcdata_count;
	uint8_t unit;
	uint8_t start_line;
	uint8_t id;
	uint8_t flags;
	uint8_t funcdata_count;
	uint8_t func_bytes;     /* pcdata follow, 4 bytes each */

	uint8_t wrapper_id;     /* wrappers have this id or a greater one */

	uint8_t inline_id;      /* of an inlined call's record */
	uint8_t inline_name;
	uint8_t inline_parent;
	uint8_t inline_start;
	uint8_t inline_bytes;
};

struct gotab {
	struct gosym_source src;
	struct gobytes bytes;
	const struct goversion *version;
	uint32_t quantum;       /* bytes of the shortest instruction */
	uint64_t text;          /* what addresses are relative to */
	uint64_t func_count;
	uint64_t names;         /* offsets of the parts */
	uint64_t units;
	uint64_t files;
	uint64_t values;
	uint64_t funcs;
};

/* 0; -ENOEXEC when it is no table we know; with words in E. */
int gotab_open(struct gotab *t, const struct gosym_source *src,
	       struct err *e);
void gotab_close(struct gotab *t);

#endif
