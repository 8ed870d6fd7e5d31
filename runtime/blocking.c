/* Calls that are known to wait. */
#include <pgo/sys.h>

#include "runtime/m.h"

/* In C for a goroutine: a callback is too. */
static void *call(void *(*fn)(void *arg), void *arg)
{
	m_give_p(m_get());
	return fn(arg);
}

void *pgo_blocking(void *(*fn)(void *arg), void *arg)
{
	struct m *m = m_get();

	/* A handler that interrupted goroutine code must leave it its P. */
	if (!m || !m->g || m->insched)
		return fn(arg);
	return pgo_sys((void *)call, fn, arg);
}
