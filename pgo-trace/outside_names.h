/*
 * What addresses of a Go program that is read from outside are called, each
 * asked for once: Go's by its pclntab, others by the symbols of their files.
 *
 * Several threads at once.  Everything given out lives as long as the struct.
 */
#ifndef PGO_TRACE_OUTSIDE_NAMES_H
#define PGO_TRACE_OUTSIDE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/serve/provider.h"
#include "lib/target/go/attach.h"

struct outside_names;

/* Reads through GO, which is its own from now on and outlives it.  NULL when
 * memory is out. */
struct outside_names *outside_names_new(struct go *go);
void outside_names_free(struct outside_names *n);

/* The program itself, for the caller alone until outside_names_let(). */
struct go *outside_names_hold(struct outside_names *n);
void outside_names_let(struct outside_names *n);

/* The functions at PC, innermost first, without those that Go's compiler made
 * up; 0 when nobody knows. */
size_t outside_names_frames(struct outside_names *n, uint64_t pc,
			    const struct serve_frame **out);

/* Whether there are only such at PC. */
bool outside_names_hidden(struct outside_names *n, uint64_t pc);

/* Mapping INDEX, the program's own first. */
bool outside_names_mapping(struct outside_names *n, uint32_t index,
			   struct serve_mapping *out);

#endif
