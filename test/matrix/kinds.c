#include "test/matrix/kinds.h"

#include <stddef.h>

const struct kind kinds[] = {
	{ "varargs", sum_varargs },
	{ "long double", sum_long_double },
	{ "structs", sum_structs },
	{ "complex", sum_complex },
	{ "allocas", sum_allocas },
	{ "megabyte", sum_megabyte },
	{ "jumps", sum_jumps },
	{ "gotos", sum_gotos },
	{ "nested", sum_nested },
	{ "callbacks", sum_callbacks },
	{ "vectors", sum_vectors },
	{ "libc", sum_libc },
	{ NULL, NULL },
};
