/*
 * A thread that runs a goroutine is on the goroutine's stack, or on its own,
 * where the runtime and C code work: then the goroutine's goes on where
 * g.sched says, or where it made its system call.  How the two join depends on
 * the function that changed the stack, as in runtime/traceback.go:
 *
 *    systemstack  returns to its caller, whose frame is on top at g.sched; the
 *                 pc there is a mark, systemstack_switch
 *    morestack    never returns; at g.sched stands the function that grows
 *    mcall, ...   stand at g.sched themselves
 *
 * In the vdso nothing can be walked: the runtime notes who called it.
 */
#include "lib/target/go/running.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/target/go/pcs.h"

enum {
	THREADS_MAX = SNAP_MS_MAX,
	WINDOW = 8192,                  /* bytes of stack read at once */
	PAGE = 4096,
};

int go_threads_read(struct go_threads *t, struct space *s)
{
	size_t room = 64;
	int n;

	for (;; room *= 4) {
		t->at = malloc(room * sizeof(*t->at));
		if (!t->at)
			return -ENOMEM;
		n = space_threads(s, t->at, room);
		if (n <= (int)room || room >= THREADS_MAX)
			break;
		free(t->at);
	}
	t->n = n < 0 ? 0 : n < (int)room ? (size_t)n : room;
	return n < 0 ? n : 0;
}

void go_threads_release(struct go_threads *t)
{
	free(t->at);
	*t = (struct go_threads){ .n = 0 };
}

static pid_t thread_of(const struct go_threads *t, const struct go_m *m)
{
	for (size_t i = 0; i < t->n; i++)
		if ((uint64_t)t->at[i].tid == m->procid)
			return t->at[i].host_tid;
	return 0;
}

/* Bytes to be read at AT of a stack that ends at HI, 0: not known.  A word at
 * least, or the walk would ask for the same for ever. */
static uint32_t window(uint64_t at, uint64_t hi)
{
	uint32_t in_page = PAGE - (uint32_t)(at % PAGE);

	if (hi)
		return at >= hi ? 0 : hi - at < WINDOW ? (uint32_t)(hi - at)
						       : WINDOW;
	return in_page < 8 ? 8 : in_page;
}

/* Adds the frames from PC and SP on. */
static enum go_walk_end walk(struct go *go, uint64_t pc, uint64_t sp,
			     bool exact, uint64_t hi,
			     struct go_stack_read *out)
{
	enum go_walk_end end = GO_WALK_MORE;
	uint8_t bytes[WINDOW];
	struct go_walker w;

	go_walk_begin(&w, go, pc, sp, exact, out->pcs + out->n,
		      GO_DEPTH_MAX - out->n);
	w.need = sp;
	while (end == GO_WALK_MORE) {
		struct go_stack st = { bytes, w.need, window(w.need, hi), hi };

		if (!st.n || space_read(go->space, w.need, bytes,
					(uint32_t)st.n) < 0)
			end = GO_WALK_LOST;
		else
			end = go_walk_on(&w, &st);
	}
	out->n += w.n;
	return end;
}

static const char *name_of(struct go *go, uint64_t pc)
{
	int32_t id = go_pc_id(go, pc);
	const struct go_pc *at = id < 0 ? NULL : go_pc_get(go, id);

	return at && at->name ? at->name : "";
}

/* The end of the stack of goroutine G, of which no more is asked. */
static uint64_t end_of_stack(struct go *go, uint64_t g)
{
	uint64_t hi = 0;

	if (g)
		space_read(go->space, g + (uint64_t)go_at(go, GO_G_STACK) + 8,
			   &hi, 8);
	return hi;
}

/* Goes on with the goroutine's own stack. */
static int join(struct go *go, const struct go_one *o,
		struct go_stack_read *out)
{
	size_t joint = out->n;
	const char *last;

	if (joint) {
		last = name_of(go, out->pcs[joint - 1]);
		if (strcmp(last, "runtime.morestack") == 0)
			joint = --out->n;
	}
	if (joint == 0)
		out->exact = false;
	if (!o->pc || walk(go, o->pc, o->sp, false, o->hi, out) != GO_WALK_TOP)
		return -EFAULT;
	if (joint && strcmp(name_of(go, out->pcs[joint]),
			    "runtime.systemstack_switch") == 0) {
		out->n--;
		memmove(out->pcs + joint, out->pcs + joint + 1,
			(out->n - joint) * sizeof(*out->pcs));
	}
	return 0;
}

int go_running_read(struct go *go, const struct go_threads *t,
		    const struct go_one *o, const struct go_m *m,
		    struct go_stack_read *out)
{
	struct space_regs r;
	pid_t tid = thread_of(t, m);
	enum go_walk_end end;
	int rc = tid ? space_regs(go->space, tid, &r) : -ESRCH;

	out->n = 0;
	out->sp = o->sp;
	out->exact = m->vdso_sp == 0;
	if (rc < 0)
		return rc;
	if (m->vdso_sp) {
		r.pc = m->vdso_pc;
		r.sp = m->vdso_sp;
	}
	if (r.sp >= o->lo && r.sp < o->hi) {
		out->sp = r.sp;
		end = walk(go, r.pc, r.sp, out->exact, o->hi, out);
		return end == GO_WALK_TOP || end == GO_WALK_DEEP ? 0 : -EFAULT;
	}
	end = walk(go, r.pc, r.sp, out->exact, end_of_stack(go, m->g0), out);
	/* From C code, which has no depths, nothing of it is known. */
	if (end != GO_WALK_SWITCH && end != GO_WALK_TOP)
		out->n = 0;
	return join(go, o, out);
}
