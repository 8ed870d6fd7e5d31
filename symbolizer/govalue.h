/*
 * Tables of a pclntab that give a number for every pc of a function: its file,
 * its line, its stack depth, the inlined call it is in.
 */
#ifndef SYMBOLIZER_GOVALUE_H
#define SYMBOLIZER_GOVALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "symbolizer/gotab.h"

/* The value at PC, which is not before ENTRY, of the table at OFF; false when
 * there is none. */
bool govalue_at(struct gotab *t, uint32_t off, uint64_t entry, uint64_t pc,
		int32_t *out);

#endif
