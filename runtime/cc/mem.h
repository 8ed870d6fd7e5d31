#ifndef PGO_CC_MEM_H
#define PGO_CC_MEM_H
/*
 * Memory and strings for the build tools.
 *
 * pgo-cc and pgo-mkthunks live for one command: what they take they keep
 * until they exit, and without memory they stop with one line.
 */

#include <stddef.h>

extern const char *prog_name;	/* the name that begins every message */

/* Prints "PROG: ..." on stderr and exits with status 1. */
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void *mem_get(size_t bytes);			/* zeroed */
void *mem_grow(void *p, size_t bytes);
char *str_copy(const char *s);
char *str_form(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

int str_begins(const char *s, const char *with);
int str_ends(const char *s, const char *with);
const char *str_base(const char *path);		/* what follows the last / */

/* A list of strings, always followed by a NULL: an argv. */
struct strs {
	char **v;
	size_t n, cap;
};

void strs_add(struct strs *l, const char *s);	/* keeps S, copies nothing */

/* Reads a whole file of at most MAX bytes; NULL when that cannot be. */
char *file_read(const char *path, size_t max, size_t *bytes);

/* Writes a whole file or dies. */
void file_write(const char *path, const void *data, size_t bytes);

#endif
