/*
 * Arrays that grow by doubling.
 */
#ifndef SYMBOLIZER_GROW_H
#define SYMBOLIZER_GROW_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

/* Makes room for one more behind N elements of BYTES each in *ARRAY, a pointer
 * to whatever they are, which has room for *ROOM.  0 or -ENOMEM. */
static inline int grow(void *array, size_t *room, size_t n, size_t bytes)
{
	void **p = array;
	size_t more;
	void *q;

	if (n < *room)
		return 0;
	more = *room ? *room * 2 : 64;
	q = reallocarray(*p, more, bytes);
	if (!q)
		return -ENOMEM;
	*p = q;
	*room = more;
	return 0;
}

#endif
