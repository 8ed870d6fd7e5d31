/* The lines above the list: who, how many, where they wait, how fresh. */
#include "pgo-top/list.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/base/clock.h"
#include "pgo-top/format.h"

/* Puts "LABEL value  " at X; the column behind. */
static int put(struct grid *g, int y, int x, const char *label, int64_t v,
	       enum unit unit)
{
	char text[FORMAT_BYTES];

	format_number(text, v, unit, 9);
	x = grid_text(g, y, x, 0, LOOK_PLAIN, label);
	return grid_text(g, y, x + 1, 0, LOOK_BOLD, text) + 2;
}

void view_mode(const struct view *v, struct grid *g, int y)
{
	char text[64];
	uint32_t look = LOOK_BOLD;
	int x;

	if (v->trouble[0]) {
		snprintf(text, sizeof(text), "[GONE]");
		look = LOOK_REVERSE | LOOK_RED;
	} else if (v->paused) {
		snprintf(text, sizeof(text), "[PAUSED]");
		look = LOOK_REVERSE | LOOK_YELLOW;
	} else if (v->frame->info.dumped_ns) {
		snprintf(text, sizeof(text), "[core]");
	} else if (v->delay_ns) {
		snprintf(text, sizeof(text), "[live %.1fs]",
			 (double)v->delay_ns / 1e9);
	} else {
		return;
	}
	x = g->cols - (int)strlen(text);
	grid_text(g, y, x > 0 ? x : 0, 0, look, text);
}

int view_program(const struct view *v, struct grid *g, int y, int x)
{
	const struct source_info *info = &v->frame->info;
	const char *slash = strrchr(info->exe, '/');
	char pid[FORMAT_BYTES];

	if (info->exe[0])
		x = grid_text(g, y, x, 0, LOOK_BOLD | LOOK_CYAN,
			      slash && slash[1] ? slash + 1 : info->exe) + 2;
	format_number(pid, info->pid, UNIT_ID, FORMAT_BYTES);
	return grid_printf(g, y, x, LOOK_PLAIN, "pid %s", pid) + 2;
}

static void who(const struct view *v, struct grid *g, int y)
{
	const struct frame *f = v->frame;
	int x = grid_text(g, y, 0, 0, LOOK_BOLD, "pgo-top " PGO_VERSION) + 2;

	x = view_program(v, g, y, x);
	x = put(g, y, x, "up", f->snapshot.sched.uptime_ns, UNIT_NS);
	if (f->info.go[0])
		x = grid_text(g, y, x, 0, LOOK_PLAIN, f->info.go) + 2;
	grid_printf(g, y, x, LOOK_PLAIN, "by %s", f->info.kind);
	view_mode(v, g, y);
}

static void states(const struct view *v, struct grid *g, int y)
{
	const struct frame *f = v->frame;
	char rate[FORMAT_BYTES];
	int x = put(g, y, 0, "Gs", f->snapshot.total, UNIT_COUNT);

	if (f->rated) {
		format_number(rate, f->total_rate, UNIT_MILLI, 7);
		x = grid_printf(g, y, x - 1, LOOK_PLAIN, "(%s/s)", rate) + 2;
	}
	for (unsigned int i = SNAP_RUNNING; i < SNAP_STATES; i++)
		x = put(g, y, x, snap_state_name(i),
			groups_in_state(&f->groups, i), UNIT_COUNT);
}

static void scheduler(const struct view *v, struct grid *g, int y)
{
	const struct snap_sched *s = &v->frame->snapshot.sched;
	char queue[FORMAT_BYTES];
	int x;

	x = put(g, y, 0, "Ps", s->gomaxprocs, UNIT_COUNT);
	x = put(g, y, x, "idle", s->idleprocs, UNIT_COUNT);
	if (!s->p_count) {
		x = put(g, y, x, "queues", SNAP_UNKNOWN, UNIT_COUNT);
	} else {
		x = grid_text(g, y, x, 0, LOOK_PLAIN, "queues [");
		for (uint32_t i = 0; i < s->p_count && i < 16; i++) {
			format_number(queue, s->ps[i].runq, UNIT_COUNT, 5);
			x = grid_printf(g, y, x, LOOK_BOLD, "%s%s",
					i ? " " : "", queue);
		}
		x = grid_text(g, y, x, 0, LOOK_PLAIN,
			      s->p_count > 16 ? " ...]" : "]") + 2;
	}
	x = put(g, y, x, "global", s->runqueue, UNIT_COUNT);
	x = put(g, y, x, "threads", s->threads, UNIT_COUNT);
	x = put(g, y, x, "idle", s->idlethreads, UNIT_COUNT);
	put(g, y, x, "stack", s->stackinuse, UNIT_BYTES);
}

static void reasons(const struct view *v, struct grid *g, int y)
{
	const struct groups *all = &v->frame->groups;
	int x = grid_text(g, y, 0, 0, LOOK_PLAIN, "wait") + 1;

	if (all->reason_count == 0)
		grid_text(g, y, x, 0, LOOK_BOLD,
			  groups_in_state(all, SNAP_WAITING) == SNAP_UNKNOWN ?
			  "-" : "none");
	for (uint32_t i = 0; i < all->reason_count && x < g->cols; i++)
		x = put(g, y, x, snapshot_string(all->snapshot,
						 all->reasons[i].reason),
			all->reasons[i].count, UNIT_COUNT);
}

/* "read 1.3s ago in", or of when a core is; the column behind. */
static int since_when(const struct view *v, struct grid *g, int y)
{
	int64_t dumped_ns = v->frame->info.dumped_ns;
	time_t when = (time_t)(dumped_ns / 1000000000);
	struct tm tm;
	char text[64];
	int x;

	if (!dumped_ns) {
		x = put(g, y, 0, "read", clock_mono_ns() -
			v->frame->snapshot.mono_ns, UNIT_NS) - 1;
		return grid_text(g, y, x, 0, LOOK_PLAIN, "ago in");
	}
	if (!localtime_r(&when, &tm) ||
	    !strftime(text, sizeof(text), "%F %T", &tm))
		snprintf(text, sizeof(text), "-");
	return grid_printf(g, y, 0, LOOK_PLAIN, "read from a core of %s in",
			   text);
}

static void freshness(const struct view *v, struct grid *g, int y)
{
	const struct frame *f = v->frame;
	const struct snapshot *s = &f->snapshot;
	int x;

	if (v->trouble[0]) {
		grid_printf(g, y, 0, LOOK_RED | LOOK_BOLD,
			    "target gone, last frame kept: %s", v->trouble);
		return;
	}
	x = since_when(v, g, y);
	x = put(g, y, x, "", s->cost_ns, UNIT_NS);
	x = put(g, y, x, "dropped", s->dropped, UNIT_COUNT);
	x = put(g, y, x, "torn", s->torn, UNIT_COUNT);
	if (f->groups.at_least)
		x = grid_text(g, y, x, 0, LOOK_PLAIN, "waits \u2265") + 2;
	grid_text(g, y, x, 0, LOOK_YELLOW, f->info.note);
}

void view_header(const struct view *v, struct grid *g, int y)
{
	who(v, g, y);
	states(v, g, y + 1);
	scheduler(v, g, y + 2);
	reasons(v, g, y + 3);
	freshness(v, g, y + 4);
}
