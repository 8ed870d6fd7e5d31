/*
 * An archive member of its own, pulled in by pgo-cc (-u pgo_stack_unsplit)
 * when code without split prologues runs on goroutines' stacks: no goroutine
 * of the program can have segments then.  It comes with pgo_stack_contiguous;
 * see stackmode.c.
 */
extern const char pgo_stack_unsplit[];

__attribute__((visibility("default"))) const char pgo_stack_unsplit[1] = { 1 };
