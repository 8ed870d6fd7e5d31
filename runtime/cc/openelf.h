#ifndef PGO_CC_OPENELF_H
#define PGO_CC_OPENELF_H
/* ELF files and members of archives, mapped; they stay open. */

#include <libelf.h>

/* NULL when there is none; it need not be ELF. */
Elf *openelf_file(const char *path);

/* The NTH member named MEMBER of the archive PATH, from 0; NULL when there is
 * none. */
Elf *openelf_member(const char *path, const char *member, int nth);

#endif
