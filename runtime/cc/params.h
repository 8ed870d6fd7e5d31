#ifndef PGO_CC_PARAMS_H
#define PGO_CC_PARAMS_H
/* What DWARF tells about a function's arguments. */

#include <libelf.h>

/*
 * Bytes of arguments the function NAME of object ELF takes on the stack, by
 * the x86-64 ABI; -1 when its debug information does not say for sure.
 */
long params_stack_bytes(Elf *elf, const char *name);

#endif
