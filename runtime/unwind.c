/*
 * How unwinders pass the runtime's frames.
 *
 * Throwing is C: __cxa_throw(), _Unwind_Resume() and what is below them take
 * some KB of stack, so they run on the thread's own behind a thunk.  They find
 * the goroutine's frames by CFI and, in their second phase, from which there is
 * no way back, jump into one of them: a catch block or a clean-up.  By then
 * all must be as if the calls in between had returned.  An unwinder asks the
 * personality of every frame it passes; these are the ones of the thunks and
 * of __morestack, so it does not matter which language threw, which catches,
 * and whether the frames in between are of a library that pgo did not link.
 *
 * The rest of that phase runs on the thread's stack out of C, as growth and
 * longjmp() do.  From there only std::terminate() comes back to the program;
 * it goes back into C first (exceptions.c).
 *
 * Not chosen: landing pads in our frames, as libgcc's __morestack has, which
 * jump into a goroutine and start the unwinder anew each time; and
 * __gxx_personality_v0 wrapped, which sees frames of objects in this link only.
 */
#include <stdbool.h>
#include <unwind.h>

#include "runtime/sched.h"

_Unwind_Reason_Code unwind_thunk(int version, _Unwind_Action actions,
				 _Unwind_Exception_Class class,
				 struct _Unwind_Exception *e,
				 struct _Unwind_Context *c);
_Unwind_Reason_Code unwind_morestack(int version, _Unwind_Action actions,
				     _Unwind_Exception_Class class,
				     struct _Unwind_Exception *e,
				     struct _Unwind_Context *c);

static bool leaves(_Unwind_Action actions)
{
	return actions & _UA_CLEANUP_PHASE;
}

static void set_limit_of(struct g *gp)
{
	limit_set(gp->preempt ? LIMIT_POISON : gp->cur->limit);
}

/* Out of C, as a thunk's way out; the thread may have to wait for a P. */
_Unwind_Reason_Code unwind_thunk(int version, _Unwind_Action actions,
				 _Unwind_Exception_Class class,
				 struct _Unwind_Exception *e,
				 struct _Unwind_Context *c)
{
	struct m *m = m_get();

	(void)version, (void)class, (void)e, (void)c;
	if (leaves(actions) && !m->csp) {
		m->g->err = *m->errnop;
		sched_back_from_c(m);
		set_limit_of(m->g);
	}
	return _URC_CONTINUE_UNWIND;
}

/* Off the segment its body was called on. */
_Unwind_Reason_Code unwind_morestack(int version, _Unwind_Action actions,
				     _Unwind_Exception_Class class,
				     struct _Unwind_Exception *e,
				     struct _Unwind_Context *c)
{
	struct g *gp = g_get();

	(void)version, (void)class, (void)e, (void)c;
	if (leaves(actions)) {
		gp->cur = gp->cur->prev;
		set_limit_of(gp);
	}
	return _URC_CONTINUE_UNWIND;
}
