/*
 * Lists of settings in one string, `key=value,key=value`, as Go's GODEBUG has
 * them: read from left to right, the last one wins.  No memory is taken: slices
 * point into the string.  [any]
 */
#ifndef LIB_BASE_OPTIONS_H
#define LIB_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct option {
	const char *key;
	size_t key_len;
	const char *value;      /* behind the first `=`; "" without one */
	size_t value_len;
};

/* The next setting from *AT, which moves on.  False at the end. */
bool options_next(const char **at, struct option *out);

bool option_is(const struct option *o, const char *key);

/* The value as a base-10 signed 32-bit number, the whole of it: 0, or -EINVAL
 * and *OUT as it was. */
int option_int32(const struct option *o, int32_t *out);

#endif
