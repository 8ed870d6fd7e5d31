#ifndef PGO_CC_PARAMS_H
#define PGO_CC_PARAMS_H
/* What DWARF tells about a function's arguments. */

/*
 * Bytes of arguments the function NAME of the object PATH (or of MEMBER of
 * the archive PATH) takes on the stack, by the x86-64 ABI; -1 when its debug
 * information does not say for sure.
 */
long params_stack_bytes(const char *path, const char *member,
			const char *name);

#endif
