/* Memory: pgo's own malloc, for goroutines and threads alike. */
#ifndef PGO_MALLOC_H
#define PGO_MALLOC_H

#include <stddef.h>
#include <stdint.h>

#include <pgo/cdefs.h>

PGO_BEGIN

/*
 * As malloc(3) and its kin: memory for any object, at a multiple of 16 bytes;
 * NULL with errno ENOMEM when there is none.  What one of these gave, from
 * whichever goroutine or thread, is given back by pgo_free() and pgo_realloc()
 * alone, on any other.  A pointer that is no object's, is inside one, or was
 * freed before, ends the program with a line that names it and who did it.
 * [any], not in signal handlers
 */
PGO_API void *pgo_malloc(size_t bytes);
PGO_API void *pgo_calloc(size_t n, size_t bytes);
PGO_API void *pgo_realloc(void *p, size_t bytes);
PGO_API void pgo_free(void *p);

/* At a multiple of ALIGN, a power of two: else NULL with errno EINVAL. */
PGO_API void *pgo_aligned_alloc(size_t align, size_t bytes);

/* How many bytes the object at P may use: as many as were asked for, or more;
 * 0 for NULL. */
PGO_API size_t pgo_malloc_usable_size(const void *p);

/* Gives memory that nobody uses back to the kernel, at once, but for KEEP
 * bytes; 1 when there was some.  It goes back by itself, within seconds. */
PGO_API int pgo_malloc_trim(size_t keep);

enum { PGO_MEMSTATS_CLASSES = 64 };

/*
 * Counters and sizes in bytes, named as Go's runtime.MemStats names them.
 * Objects count with what they may use, pgo_malloc_usable_size().
 */
struct pgo_memstats {
	size_t size;            /* sizeof, set by the caller */
	uint64_t total_alloc;   /* bytes of all objects ever */
	uint64_t mallocs;       /* objects ever */
	uint64_t frees;
	uint64_t heap_alloc;    /* bytes of the objects there are */
	uint64_t heap_objects;  /* mallocs - frees */
	uint64_t heap_sys;      /* bytes the heap has of the system */
	uint64_t heap_inuse;    /* of those, in spans with objects */
	uint64_t heap_idle;     /* and in spans without */
	uint64_t heap_released; /* of the idle, those that cost no memory */
	uint32_t n_classes;     /* of the array: small objects, by size */
	struct pgo_memstats_class {
		uint32_t bytes;
		uint64_t mallocs;
		uint64_t frees;
	} by_size[PGO_MEMSTATS_CLASSES];
};

/*
 * Fills OUT up to out->size.  Exact when nothing is allocated meanwhile; what
 * others do at the time may be counted or not.  [any]
 */
PGO_API void pgo_memstats(struct pgo_memstats *out);

PGO_END

#endif
