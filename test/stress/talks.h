/*
 * What goroutines do with each other, as small pieces that check themselves.
 */
#ifndef PGO_TEST_STRESS_TALKS_H
#define PGO_TEST_STRESS_TALKS_H

#include <stdbool.h>
#include <stdint.h>

struct talk {
	const char *name;
	bool (*fn)(uint64_t seed);      /* false: a wrong outcome */
};

bool talk_over_a_socket(uint64_t seed);         /* talks_net.c */
bool talk_over_a_connection(uint64_t seed);
bool talk_by_a_block(uint64_t seed);            /* talks_heap.c */

/* All of them, then one without a name. */
extern const struct talk talks[];

/* Once, before the first. */
void talks_begin(void);
void talks_net_begin(void);

/* Waits until all that talks opened is closed. */
void talks_net_end(void);

/* Whether what all talks so far share adds up; none may be under way. */
bool talks_add_up(void);

#endif
