/* The variables a piece of amd64 code refers to, relative to its own place. */
#ifndef LIB_TARGET_GO_CODEREFS_H
#define LIB_TARGET_GO_CODEREFS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Fills OUT with the addresses in [lo, hi) that the N bytes of CODE, loaded at
 * ADDRESS, refer to, each once, in the order of the code; how many, at most
 * MAX.  Instructions are not told apart: some of the addresses are chance.
 */
size_t coderefs(const uint8_t *code, size_t n, uint64_t address, uint64_t lo,
		uint64_t hi, uint64_t *out, size_t max);

#endif
