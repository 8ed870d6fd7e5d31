/* Threads of our own, in tools and in programs. */
#ifndef LIB_BASE_THREAD_H
#define LIB_BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/*
 * Starts a thread that runs RUN(ARG) on a stack of STACK_BYTES, 0 for as many
 * as usual.  All signals are blocked in it: they are for the program's other
 * threads, which wait for them.  0 or -E.  [any but g]
 */
int thread_start(pthread_t *out, size_t stack_bytes, void *(*run)(void *),
		 void *arg);

#endif
