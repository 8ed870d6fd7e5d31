/*
 * What pgo-cc links into a shared library that has code which does not check
 * its stack: only a program whose goroutines have contiguous stacks can load
 * it.  See plugin.c.
 */
extern const char pgo_stack_contiguous[];

__attribute__((used)) static const void *const needs = pgo_stack_contiguous;
