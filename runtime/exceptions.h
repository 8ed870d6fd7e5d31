/*
 * C++'s exceptions per goroutine.
 *
 * libstdc++ keeps two words a thread: the exceptions being handled, and how
 * many are thrown and not caught yet.  They belong to the goroutine, which may
 * park in a catch block and go on elsewhere.
 */
#ifndef PGO_RUNTIME_EXCEPTIONS_H
#define PGO_RUNTIME_EXCEPTIONS_H

#include <stdint.h>

/* __cxa_eh_globals of the Itanium C++ ABI. */
struct exceptions {
	void *caught;
	uint64_t uncaught;      /* an int and its padding */
};

/* The calling thread's, NULL in a program without libstdc++.  They stay at
 * this address as long as the thread lives.  [m] */
struct exceptions *exceptions_of_thread(void);

/* std::terminate() on goroutines is told; see exceptions.c.  [any, once] */
void exceptions_setup(void);

/* To and from a goroutine at each switch. */
static inline void exceptions_swap(struct exceptions *thread,
				   struct exceptions *other)
{
	struct exceptions was = *thread;

	*thread = *other;
	*other = was;
}

#endif
