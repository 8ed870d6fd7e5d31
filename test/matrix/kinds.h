/*
 * Frames of every kind C has, as functions of a seed.
 *
 * Each computes the same on a plain thread, where nothing ever splits, and on
 * a goroutine, where it yields between its steps: run.c compares the two under
 * every row of check-matrix, the soak of test/stress does so for ten minutes.
 */
#ifndef PGO_TEST_MATRIX_KINDS_H
#define PGO_TEST_MATRIX_KINDS_H

#include <stdbool.h>
#include <stdint.h>

struct kind {
	const char *name;
	uint64_t (*sum)(uint64_t seed);
	bool rare;      /* takes a megabyte, or a thread: not all at once */
};

/* All of them, then one without a name. */
extern const struct kind kinds[];

uint64_t sum_varargs(uint64_t seed);
uint64_t sum_long_double(uint64_t seed);
uint64_t sum_arguments(uint64_t seed);
uint64_t sum_structs(uint64_t seed);
uint64_t sum_complex(uint64_t seed);
uint64_t sum_allocas(uint64_t seed);
uint64_t sum_megabyte(uint64_t seed);
uint64_t sum_jumps(uint64_t seed);
uint64_t sum_gotos(uint64_t seed);
uint64_t sum_nested(uint64_t seed);
uint64_t sum_callbacks(uint64_t seed);
uint64_t sum_vectors(uint64_t seed);
uint64_t sum_libc(uint64_t seed);
uint64_t sum_loops(uint64_t seed);

/* Of all that was seen so far and what is new. */
static inline uint64_t mix(uint64_t sum, uint64_t v)
{
	sum = (sum ^ v) * 0x9e3779b97f4a7c15u;
	return sum ^ sum >> 29;
}

/* The next number of a sequence. */
static inline uint32_t draw(uint64_t *x)
{
	*x = *x * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*x >> 33);
}

/* BYTES more in the frame. */
#define PAD(bytes) \
	do { \
		char pad[bytes]; \
		__asm__ volatile("" : : "r"(pad) : "memory"); \
	} while (0)

/* Not inlined, not cloned: a call is a call, whatever -O says. */
#ifdef __clang__
#define CALLED __attribute__((noinline))
#else
#define CALLED __attribute__((noipa))
#endif

#endif
