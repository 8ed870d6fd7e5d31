/* The allocator among goroutines. */
#ifndef PGO_MALLOC_ALONE
#include "runtime/malloc/host.h"

#include <errno.h>

#include <pgo/go.h>
#include <pgo/sys.h>

#include "runtime/fatal.h"
#include "runtime/fiber.h"
#include "runtime/heapprof.h"
#include "runtime/malloc/object.h"
#include "runtime/sys.h"

static void set_errno(int error)
{
	struct m *m = m_get();

	if (m && m->csp && m->g)
		m->g->err = error;
	else
		errno = error;
}

struct cache *host_new_cache(void)
{
	struct m *m = m_get();
	struct cache *c;

	if (!m || !m->csp)
		return cache_new_thread();
	c = cache_new();
	if (c)
		m->cache = m->p->cache = c;
	return c;
}

void *host_no_memory(void)
{
	set_errno(ENOMEM);
	return NULL;
}

void *host_refuse(void)
{
	set_errno(EINVAL);
	return NULL;
}

const char *host_who(uint64_t *id)
{
	struct g *gp = g_get();

	*id = gp ? (uint64_t)gp->id : (uint64_t)sys_gettid();
	return gp ? "goroutine" : "thread";
}

void host_die(const char *text)
{
	fatal_throw(text);
}

void host_heap(const void *p, size_t bytes)
{
	FIBER_IF(threads)
		fiber_tell_heap(p, bytes);
}

void host_own(void *p, const void *from)
{
	FIBER_IF(threads)
		if (p)
			fiber_tell_owned(p, object_bytes(span_of(p)), from);
}

void host_disown(void *p)
{
	FIBER_IF(threads)
		if (p)
			fiber_tell_free(p, object_bytes(object_span(p,
								    "free")));
}

void host_sample(struct span *s)
{
	pgo_sys((void *)heapprof_add, s, m_or_none->csp != NULL);
}

void host_sample_ends(struct span *s)
{
	heapprof_remove(s);
}
#endif
