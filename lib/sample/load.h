/* Checked loads from a stack in pieces; inside lib/sample only. */
#ifndef LIB_SAMPLE_LOAD_H
#define LIB_SAMPLE_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/sample/walk.h"

/* One walk under way. */
struct load {
	const struct walk *w;
	struct walk_range now;          /* the piece used last; first: none */
};

/* True when N bytes at ADDR lie in one piece; remembers the piece. */
static inline bool load_can(struct load *l, uintptr_t addr, size_t n)
{
	if (__builtin_expect(addr >= l->now.low && addr < l->now.high, 1))
		return l->now.high - addr >= n;
	if (!l->w->range(l->w->ctx, addr, &l->now)) {
		l->now.low = l->now.high = 0;
		return false;
	}
	return addr >= l->now.low && addr < l->now.high &&
	       l->now.high - addr >= n;
}

/* Loads the word at ADDR; false when ADDR is not on the stack or is odd. */
static inline bool load_word(struct load *l, uintptr_t addr, uintptr_t *v)
{
	if ((addr & 7) != 0 || !load_can(l, addr, sizeof(*v)))
		return false;
	*v = *(const uintptr_t *)addr;
	return true;
}

#endif
