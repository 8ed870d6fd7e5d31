#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>

/* How many words TEXT has, split at blanks. */
size_t words_count(const char *text);

#endif
