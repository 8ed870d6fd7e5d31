#include "test/matrix/kinds.h"

#include <stddef.h>

const struct kind kinds[] = {
	{ "varargs", sum_varargs, false },
	{ "long double", sum_long_double, false },
	{ "arguments", sum_arguments, false },
	{ "structs", sum_structs, false },
	{ "complex", sum_complex, false },
	{ "allocas", sum_allocas, false },
	{ "megabyte", sum_megabyte, true },
	{ "jumps", sum_jumps, false },
	{ "gotos", sum_gotos, false },
	{ "nested", sum_nested, false },
	{ "callbacks", sum_callbacks, true },
	{ "vectors", sum_vectors, false },
	{ "libc", sum_libc, false },
	{ "loops", sum_loops, false },
	{ NULL, NULL, false },
};
