/*
 * An archive member of its own, pulled in by pgo-cc (-u pgo_stack_contiguous)
 * when the goroutines of a program shall have contiguous stacks unless they
 * ask for others: C++, clang, sanitizers, --stack=contiguous.  See
 * stackmode.c.
 */
extern const char pgo_stack_contiguous[];

__attribute__((visibility("default"))) const char pgo_stack_contiguous[1] = {
	1
};
