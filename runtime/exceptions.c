/*
 * What libstdc++ needs to be told of goroutines.  Every reference is weak: a
 * C program has none of it.
 *
 * std::terminate() may be called by an unwinder's second phase, when an
 * exception meets noexcept; it is out of C then (unwind.c), and a handler of
 * the program's could be preempted on the thread's stack.  So the first
 * handler is always ours, which goes back into C: the program's runs as a
 * callback, and a dump shows the stack as it was when the exception was
 * thrown.
 */
#include "runtime/exceptions.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <pgo/cdefs.h>
#include <pgo/sys.h>

#include "runtime/outfd.h"
#include "runtime/sched.h"

typedef void terminate_fn(void);

/* std::set_terminate(), std::get_terminate(), and the handler that tells what
 * was thrown and aborts. */
#define SET_TERMINATE(prefix) prefix##_ZSt13set_terminatePFvvE
#define GET_TERMINATE(prefix) prefix##_ZSt13get_terminatev
#define VERBOSE_HANDLER _ZN9__gnu_cxx27__verbose_terminate_handlerEv

struct exceptions *__cxa_get_globals(void) __attribute__((weak));
terminate_fn *SET_TERMINATE(__real_)(terminate_fn *fn) __attribute__((weak));
void VERBOSE_HANDLER(void) __attribute__((weak));
PGO_API terminate_fn *SET_TERMINATE(__wrap_)(terminate_fn *fn);
PGO_API terminate_fn *GET_TERMINATE(__wrap_)(void);

static _Atomic(terminate_fn *) handler;         /* the program's */

struct exceptions *exceptions_of_thread(void)
{
	return __cxa_get_globals ? __cxa_get_globals() : NULL;
}

/* As it was when the goroutine called: what it had left is still there. */
static void back_into_c(struct m *m)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	struct seg *s = m->g->cur;

	if (!m->csp || seg_holds(s, sp))
		return;
	while (s && !seg_holds(s, (uintptr_t)m->cfp))
		s = s->next;
	if (s)
		m->g->cur = s;
	m->csp = NULL;
	limit_set(0);
}

static void put_line(const struct g *gp)
{
	struct outfd out;
	char buf[128];

	outfd_begin(&out, STDERR_FILENO, buf, sizeof(buf));
	text_put(&out.sink, "fatal error: std::terminate() in goroutine ");
	text_int(&out.sink, gp->id);
	text_put(&out.sink, "\n");
	outfd_flush(&out);
}

static void on_terminate(void)
{
	terminate_fn *fn = atomic_load(&handler);
	struct m *m = m_get();

	if (m && m->g && !m->insched) {
		back_into_c(m);
		if (fn == VERBOSE_HANDLER)
			put_line(m->g);
	}
	if (fn)
		fn();
	abort();
}

/* On the thread's stack. */
static void *replace(terminate_fn *fn)
{
	terminate_fn *old = SET_TERMINATE(__real_)(on_terminate);
	terminate_fn *ours = atomic_exchange(&handler, fn);

	return (void *)(old == on_terminate ? ours : old);
}

static void *first(void)
{
	terminate_fn *old = SET_TERMINATE(__real_)(on_terminate);

	if (old != on_terminate)
		atomic_store(&handler, old);
	return NULL;
}

void exceptions_setup(void)
{
	if (SET_TERMINATE(__real_))
		first();
}

terminate_fn *SET_TERMINATE(__wrap_)(terminate_fn *fn)
{
	return (terminate_fn *)pgo_sys((void *)replace, fn);
}

terminate_fn *GET_TERMINATE(__wrap_)(void)
{
	pgo_sys((void *)first);
	return atomic_load(&handler);
}
