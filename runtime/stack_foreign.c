/*
 * An archive member of its own, pulled in by pgo-cc when a program links
 * libraries beyond libc: lazy binding and callbacks from their tables may run
 * on goroutines' stacks, so first segments are larger.  See seg_setup().
 */
extern const char pgo_stack_foreign[];

__attribute__((visibility("default"))) const char pgo_stack_foreign[1] = { 1 };
