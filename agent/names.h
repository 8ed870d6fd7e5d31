/*
 * What addresses of this process are called, each asked for once.
 *
 * Functions come from symbol tables; files, lines and inlines from a child
 * process, pgo-sym, as long as there is one.  Everything given out lives as
 * long as the process.  [any but g; several threads at once]
 */
#ifndef AGENT_NAMES_H
#define AGENT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/serve/provider.h"

/* SYM is the file to run as child, NULL for none. */
void names_setup(const char *sym);

/* Ends the child; names of symbol tables remain. */
void names_stop(void);

/* After fork(): the child is the parent's. */
void names_in_child(void);

/* The functions at PC, innermost first; 0 when nobody knows. */
size_t names_frames(uint64_t pc, const struct serve_frame **out);

/* Mapping INDEX, the program's own first.  Mappings keep their index. */
bool names_mapping(uint32_t index, struct serve_mapping *out);

/* "dwarf" while the child answers, "elf" when it does not. */
const char *names_source(void);

#endif
