/*
 * Arrays that grow by doubling.
 */
#ifndef LIB_BASE_GROW_H
#define LIB_BASE_GROW_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Makes room for MORE behind N elements of BYTES each in *ARRAY, a pointer to
 * whatever they are, which has room for *ROOM.  0 or -ENOMEM. */
static inline int grow_by(void *array, size_t *room, size_t n, size_t more,
			  size_t bytes)
{
	void **p = array;
	size_t wanted, next = *room ? *room : 32;
	void *q;

	if (__builtin_add_overflow(n, more, &wanted) || wanted > SIZE_MAX / 2)
		return -ENOMEM;
	if (wanted <= *room)
		return 0;
	do
		next *= 2;
	while (next < wanted);
	q = reallocarray(*p, next, bytes);
	if (!q)
		return -ENOMEM;
	*p = q;
	*room = next;
	return 0;
}

/* The same for one more. */
static inline int grow(void *array, size_t *room, size_t n, size_t bytes)
{
	return grow_by(array, room, n, 1, bytes);
}

#endif
