/*
 * As stack_foreign.c, for programs that link C++'s library: what a virtual call
 * reaches there runs on the goroutine's stack, and formats numbers on it.
 */
extern const char pgo_stack_cxx[];

__attribute__((visibility("default"))) const char pgo_stack_cxx[1] = { 1 };
