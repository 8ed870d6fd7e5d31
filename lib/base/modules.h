/*
 * The ELF files mapped in this process, with their function symbols: from a pc
 * to a name without any library.
 */
#ifndef LIB_BASE_MODULES_H
#define LIB_BASE_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buildid.h"
#include "lib/base/elfsym.h"
#include "lib/base/maps.h"

/* One mapping with code in it. */
struct module {
	const struct map *map;
	struct buildid id;
	struct elfsym *sym;             /* NULL: none yet */
	bool opened;                    /* it was tried */
	uint64_t bias;                  /* pc - bias is sym's address */
};

struct modules {
	struct maps maps;
	struct module *module;          /* by ascending address */
	size_t count;
};

/* Reads what is mapped now.  0 or -E.  [any but g: allocates] */
int modules_open(struct modules *ms, struct err *e);
void modules_close(struct modules *ms);

/* The module whose code holds PC, or NULL. */
struct module *modules_find(struct modules *ms, uint64_t pc);

/*
 * The function at PC; opens the symbols of M at first use.  False when there
 * is no symbol.  Names of the linker's wrappers are the wrapped function's.
 */
bool module_function(struct module *m, uint64_t pc, struct elfsym_func *out);

#endif
