/*
 * The stacks of goroutines that run: from the registers of their threads,
 * which stand still meanwhile (space_freeze(), a core).
 */
#ifndef LIB_TARGET_GO_RUNNING_H
#define LIB_TARGET_GO_RUNNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/target/go/one.h"
#include "lib/target/go/sched.h"
#include "lib/target/go/unwind.h"

struct go_stack_read {
	uint64_t pcs[GO_DEPTH_MAX];
	size_t n;
	uint64_t sp;            /* how far its own stack is used */
	bool exact;             /* the first pc is no return address */
};

/* The threads of a program, by what its runtime calls them. */
struct go_threads {
	struct space_thread *at;
	size_t n;
};

/* 0 or -E. */
int go_threads_read(struct go_threads *t, struct space *s);
void go_threads_release(struct go_threads *t);

/*
 * The stack of O, which runs on M: what its thread does on its system stack
 * first, then its own.  0; -EFAULT when it cannot be followed to its end; as
 * space_regs().
 */
int go_running_read(struct go *go, const struct go_threads *t,
		    const struct go_one *o, const struct go_m *m,
		    struct go_stack_read *out);

#endif
