/*
 * libc's names for the allocator: all of them, for a program that gets memory
 * from one and gives it to another must not mix two.
 *
 * In libpgo-malloc.so they stand before libc's; in libpgo-malloc.a they become
 * the program's own, which libc calls too, and are what split code calls in
 * place of thunks: they need no more stack than goroutines have.
 */
#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <pgo/malloc.h>

void free_sized(void *p, size_t bytes);
void free_aligned_sized(void *p, size_t align, size_t bytes);
void cfree(void *p);

/* In libpgo-malloc.so they are the allocator's own; see malloc.c. */
#ifndef PGO_MALLOC_ALONE
PGO_API void *malloc(size_t bytes)
{
	return pgo_malloc(bytes);
}

PGO_API void free(void *p)
{
	pgo_free(p);
}
#endif

PGO_API void *calloc(size_t n, size_t bytes)
{
	return pgo_calloc(n, bytes);
}

PGO_API void *realloc(void *p, size_t bytes)
{
	return pgo_realloc(p, bytes);
}

PGO_API void *aligned_alloc(size_t align, size_t bytes)
{
	return pgo_aligned_alloc(align, bytes);
}

PGO_API void *reallocarray(void *p, size_t n, size_t bytes)
{
	size_t all;

	if (__builtin_mul_overflow(n, bytes, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return pgo_realloc(p, all);
}

/* Other numbers are rounded up, as glibc does. */
PGO_API void *memalign(size_t align, size_t bytes)
{
	size_t power = 16;

	while (power < align && power <= SIZE_MAX / 2)
		power *= 2;
	return pgo_aligned_alloc(power, bytes);
}

PGO_API int posix_memalign(void **out, size_t align, size_t bytes)
{
	int before = errno;
	void *p;

	if (align % sizeof(void *) || !align || (align & (align - 1)))
		return EINVAL;
	p = pgo_aligned_alloc(align, bytes);
	errno = before;
	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}

enum { KERNEL_PAGE = 4096 };

PGO_API void *valloc(size_t bytes)
{
	return pgo_aligned_alloc(KERNEL_PAGE, bytes);
}

PGO_API void *pvalloc(size_t bytes)
{
	size_t up = bytes + (KERNEL_PAGE - 1);

	if (up < bytes) {
		errno = ENOMEM;
		return NULL;
	}
	return pgo_aligned_alloc(KERNEL_PAGE, up & ~(size_t)(KERNEL_PAGE - 1));
}

PGO_API size_t malloc_usable_size(void *p)
{
	return pgo_malloc_usable_size(p);
}

PGO_API int malloc_trim(size_t keep)
{
	return pgo_malloc_trim(keep);
}

/* C23's, which say what free() knows. */
PGO_API void free_sized(void *p, size_t bytes)
{
	(void)bytes;
	pgo_free(p);
}

PGO_API void free_aligned_sized(void *p, size_t align, size_t bytes)
{
	(void)align;
	(void)bytes;
	pgo_free(p);
}

PGO_API void cfree(void *p)
{
	pgo_free(p);
}

/* What split code calls by --wrap=NAME, on the goroutine's stack. */
#ifndef PGO_MALLOC_ALONE
#define ON_GOROUTINES(name) \
	__typeof__(name) __wrap_##name __attribute__((copy(name))) \
		__attribute__((visibility("default"), alias(#name)))

ON_GOROUTINES(malloc);
ON_GOROUTINES(calloc);
ON_GOROUTINES(realloc);
ON_GOROUTINES(reallocarray);
ON_GOROUTINES(free);
ON_GOROUTINES(aligned_alloc);
ON_GOROUTINES(memalign);
ON_GOROUTINES(posix_memalign);
ON_GOROUTINES(malloc_usable_size);
#endif
