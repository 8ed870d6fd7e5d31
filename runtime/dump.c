/*
 * A dump claims one goroutine at a time, walks its stack, lets it go, and
 * writes afterwards: nobody waits for a reader.
 *
 * Frames of the runtime are left out as Go does: only its public functions,
 * pgo_*, are shown, for the program called them.
 */
#include "runtime/dump.h"

#include <errno.h>
#include <string.h>

#include <pgo/go.h>
#include <pgo/sys.h>

#include "lib/base/clock.h"
#include "lib/wire/traceback.h"
#include "runtime/m.h"
#include "runtime/names.h"
#include "runtime/outfd.h"
#include "runtime/reason.h"
#include "runtime/sched.h"
#include "runtime/stackwalk.h"
#include "runtime/sys.h"

enum {
	CLAIM_SPINS = 100,      /* it may be on its way to another state, ... */
	CLAIM_TRIES = 200,      /* ... or claimed by who asks the kernel of its
				 * stack: 10 ms, for that one may be dead */
	CLAIM_PAUSE_NS = 100000,
	FRAMES_EACH_END = 50,   /* shown of a deep stack, as Go does */
	OUT_BYTES = 16 << 10,
	NAME_BYTES = 80,
};

#define MINUTE_NS INT64_C(60000000000)

/*
 * Drops what is not shown, so that a deep stack is cut where the reader would
 * count.  What stays are calls: one byte before where they return to.  Returns
 * whether the first one is no call but where the goroutine stands.
 */
static bool drop_hidden(struct dump *d)
{
	bool stands = false;
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		uintptr_t pc = d->pcs[i] - (i > 0);

		if (!d->system && !names_is_shown(pc))
			continue;
		stands |= i == 0;
		d->pcs[n++] = pc;
	}
	d->n = n;
	return stands;
}

/* Frames ------------------------------------------------------------------ */

/*
 * The name of the function at PC, C++'s as in the source where L, or NULL, has
 * been found; where there is none, "libc.so.6 0x7f..." in BUF.
 */
static const char *function(uintptr_t pc, const struct name *name,
			    const struct source_line *l, char *buf,
			    size_t bytes)
{
	struct text_room room = { .p = buf, .bytes = bytes - 1 };
	struct text_sink t = { text_room_put, &room };
	const char *slash = name->file ? strrchr(name->file, '/') : NULL;

	if (name->func)
		return l && !strncmp(name->func, "_Z", 2) ? l->func :
							    name->func;
	text_put(&t, slash ? slash + 1 : "\?\?");
	text_put(&t, " ");
	text_hex(&t, pc);
	buf[room.len < bytes ? room.len : bytes - 1] = 0;
	return buf;
}

/* What was inlined at AT, of the program's: like the runtime's own functions
 * its inlined ones are shown by `system` only. */
static size_t find_lines(struct dump *d, uintptr_t at, const struct name *name,
			 const struct source_line **first)
{
	size_t n = source_find(&d->source, at, name);

	*first = d->source.line;
	if (n > 1 && !d->system && names_is_runtime(at)) {
		*first += n - 1;
		return 1;
	}
	return n;
}

/* Inlined calls stand before the function they are in. */
static void put_frame(struct dump *d, uintptr_t at, bool is_call)
{
	const struct source_line *l;
	char buf[NAME_BYTES];
	struct name name;
	size_t n;

	names_find(at, &name);
	n = find_lines(d, at, &name, &l);
	for (; n > 1; n--, l++)
		traceback_frame(d->out, l->func, l->file, l->line, 0);
	if (n == 0)
		l = NULL;
	traceback_frame(d->out, function(at, &name, l, buf, sizeof(buf)),
			l ? l->file : NULL, l ? l->line : 0,
			name.offset + is_call);
}

/* A deep stack shows both its ends. */
static void put_frames(struct dump *d)
{
	size_t left_out = 0;
	bool stands = drop_hidden(d);
	size_t i = 0;

	if (d->n > 2 * FRAMES_EACH_END)
		left_out = d->n - 2 * FRAMES_EACH_END;
	while (i < d->n) {
		put_frame(d, d->pcs[i], i || !stands);
		i++;
		if (left_out && i == FRAMES_EACH_END) {
			traceback_elided(d->out, left_out);
			i += left_out;
		}
	}
	if (d->cut)
		text_put(d->out, "...additional frames elided...\n");
}

static void put_creator(struct dump *d, const struct g *gp)
{
	const struct source_line *l;
	uintptr_t at = gp->created_pc - 1;
	char buf[NAME_BYTES];
	struct name name;
	size_t n;

	/* Goroutine 1 was begun by the program as a whole. */
	if (gp->id == 1)
		return;
	names_find(at, &name);
	n = find_lines(d, at, &name, &l);
	if (n == 0)
		l = NULL;
	traceback_created_by(d->out, n > 1 ? l->func :
			     function(at, &name, l, buf, sizeof(buf)),
			     (uint64_t)gp->parent_id, l ? l->file : NULL,
			     l ? l->line : 0, name.offset + 1);
}

/* Goroutines -------------------------------------------------------------- */

/* What one was when it was looked at. */
struct seen {
	const char *state;
	int64_t waited_ns;
	bool has_stack;
	bool locked;
};

static void put_goroutine(struct dump *d, const struct g *gp,
			  const struct seen *s)
{
	int64_t minutes = s->waited_ns > 0 ? s->waited_ns / MINUTE_NS : 0;

	traceback_header(d->out, (uint64_t)gp->id, s->state, (uint64_t)minutes,
			 s->locked ? "locked to thread" : NULL);
	if (s->has_stack)
		put_frames(d);
	else
		text_put(d->out, "\tgoroutine running on other thread; "
				 "stack unavailable\n");
	put_creator(d, gp);
}

void dump_current(struct dump *d)
{
	const struct seen running = {
		"running", .has_stack = true, .locked = d->current->locks,
	};

	put_goroutine(d, d->current, &running);
}

static void take(struct dump *d, const struct stackwalk *w, struct seen *s)
{
	d->n = w->n;
	d->cut = w->cut;
	s->has_stack = true;
}

static void look_parked(struct dump *d, const struct g *gp, uint32_t status,
			struct seen *s)
{
	struct stackwalk w = { .pcs = d->pcs, .max = DUMP_PCS };

	s->state = "runnable";
	if (gtab_state(status) == G_WAITING) {
		s->state = reason_text(gtab_reason(status));
		s->waited_ns = clock_coarse_ns() - gp->since_ns;
	}
	s->locked = gp->m || gp->locks;
	stackwalk_parked(&w, gp);
	take(d, &w, s);
}

static void look_running(struct dump *d, const struct g *gp, struct seen *s)
{
	struct stackwalk w = { .g = gp, .pcs = d->pcs, .max = DUMP_PCS };
	struct m *m = gp->m;

	s->state = "running";
	s->locked = gp->locks;
	if (!m || !m_begin_scan(m, gp))
		return;
	s->state = "syscall";
	stackwalk_in_c(&w, m);
	m_end_scan(m);
	take(d, &w, s);
}

static void pause_for_claim(int tries)
{
	if (tries < CLAIM_SPINS)
		__builtin_ia32_pause();
	else
		sys_nanosleep(CLAIM_PAUSE_NS);
}

/* False when there is no goroutine in the slot. */
static bool look(struct dump *d, uint32_t slot, struct seen *s)
{
	struct gtab_row *row = gtab_row(slot);
	uint32_t status;

	memset(s, 0, sizeof(*s));
	for (int tries = 0; tries < CLAIM_TRIES; tries++) {
		if (gtab_begin_scan(slot, &status)) {
			look_parked(d, gtab_g(slot), status, s);
			gtab_end_scan(slot);
			return true;
		}
		switch (gtab_state(atomic_load(&row->status))) {
		case G_IDLE:
		case G_DEAD:
			return false;
		case G_RUNNING:
			look_running(d, gtab_g(slot), s);
			return true;
		}
		pause_for_claim(tries);
	}
	s->state = "running";
	return true;
}

size_t dump_some(struct dump *d, dump_wants *wants, void *ctx)
{
	uint32_t n = gtab_count();
	size_t wanted = 0;

	for (uint32_t slot = 0; slot < n; slot++) {
		const struct g *gp = gtab_g(slot);
		struct seen s;

		d->n = 0;
		if (gp == d->current || !look(d, slot, &s) ||
		    !wants(d, gp, ctx))
			continue;
		wanted++;
		if (!d->out)
			continue;
		text_put(d->out, "\n");
		put_goroutine(d, gp, &s);
	}
	return wanted;
}

static bool wants_all(struct dump *d, const struct g *gp, void *ctx)
{
	(void)d;
	(void)gp;
	(void)ctx;
	return true;
}

void dump_others(struct dump *d)
{
	dump_some(d, wants_all, NULL);
}

/* The public one ---------------------------------------------------------- */

struct work {
	struct dump d;
	struct outfd o;
	char buf[OUT_BYTES];
};

/* On a thread's stack. */
static void *dump_to(intptr_t fd)
{
	struct work *w = sys_map(sizeof(*w));
	struct stackwalk self = { 0 };
	const struct m *m = m_get();
	int rc;

	if (!w)
		return (void *)(intptr_t)-ENOMEM;
	outfd_begin(&w->o, (int)fd, w->buf, sizeof(w->buf));
	w->d.out = &w->o.sink;
	w->d.current = m && !m->insched ? m->g : NULL;
	if (w->d.current) {
		self.pcs = w->d.pcs;
		self.max = DUMP_PCS;
		stackwalk_self(&self);
		w->d.n = self.n;
		w->d.cut = self.cut;
		dump_current(&w->d);
	}
	dump_others(&w->d);
	source_end(&w->d.source);
	rc = outfd_flush(&w->o);
	sys_unmap(w, sizeof(*w));
	return (void *)(intptr_t)rc;
}

int pgo_debug_dump(int fd)
{
	return (int)(intptr_t)pgo_sys((void *)dump_to, (intptr_t)fd);
}
