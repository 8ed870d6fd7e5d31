/*
 * What GODEBUG=scheddetail tells beyond the line about the scheduler.  It is
 * asked for rarely and costs a read of every P to its end, 14 kB in Go 1.26,
 * so other snapshots do without.
 *
 * Ms and Ps were read before the goroutines and are read again here: each is
 * true of its own moment, as in Go's own lines the Gs are.
 */
#include <errno.h>
#include <string.h>

#include "lib/target/go/sched.h"

enum {
	WORDS_MAX = 64,                 /* bytes of preemptoff */
};

/* The member F of BYTES bytes; SNAP_UNKNOWN where this version has it not. */
static int64_t member(const struct go *go, const uint8_t *at, enum go_field f,
		      size_t bytes)
{
	int32_t four;
	int64_t v = 0;

	if (go_at(go, f) < 0)
		return SNAP_UNKNOWN;
	memcpy(&v, at + go_at(go, f), bytes);
	four = (int32_t)v;
	return bytes == 4 ? four : v;
}

static int64_t counter(const struct go *go, const uint8_t *at, enum go_field f)
{
	int64_t v = member(go, at, f, 4);

	return go_at(go, f) < 0 ? v : (int64_t)(uint32_t)v;
}

/* Bools of one byte, or of four in old versions: its lowest is first. */
static int64_t truth(const struct go *go, const uint8_t *at, enum go_field f)
{
	int64_t v = member(go, at, f, 1);

	return v == SNAP_UNKNOWN ? v : v != 0;
}

#define BYTES_FOR(go, fields) \
	go_sched_bytes(go, fields, sizeof(fields) / sizeof(*(fields)))

/* Ps ----------------------------------------------------------------------- */

/* The length of a slice is its second word. */
static int64_t timers(const struct go *go, const uint8_t *at)
{
	int32_t offset = go_at(go, GO_P_TIMERS);
	int64_t n = SNAP_UNKNOWN;

	if (offset >= 0)
		memcpy(&n, at + offset + 8, sizeof(n));
	return n < 0 ? SNAP_UNKNOWN : n;
}

static int detail_ps(struct go_sched *s, struct go *go, struct snap_sched *out)
{
	static const enum go_field fields[] = {
		GO_P_SYSCALLTICK, GO_P_GFREE, GO_P_TIMERS,
	};
	struct gather_want w[SNAP_PS_MAX];
	uint32_t bytes = BYTES_FOR(go, fields);
	int rc;

	for (size_t i = 0; i < s->p_count; i++)
		w[i] = (struct gather_want){ s->ps[i].at, bytes, NULL };
	rc = gather(&s->gather, go->space, w, s->p_count, 0);
	for (size_t i = 0; rc == 0 && i < s->p_count; i++) {
		struct snap_p *p = &out->ps[i];

		if (!w[i].at)
			continue;
		p->syscalltick = counter(go, w[i].at, GO_P_SYSCALLTICK);
		p->gfreecnt = member(go, w[i].at, GO_P_GFREE, 4);
		p->timerslen = timers(go, w[i].at);
	}
	return rc;
}

/* Ms ----------------------------------------------------------------------- */

/* The id of the goroutine whose address AT has. */
static int64_t g_id(const struct go *go, const uint8_t *at, enum go_field f)
{
	int64_t g = member(go, at, f, 8), id;

	if (g == 0 || g == SNAP_UNKNOWN)
		return g ? SNAP_UNKNOWN : SNAP_NIL;
	if (space_read(go->space, (uint64_t)g +
		       (uint64_t)go_at(go, GO_G_GOID), &id, sizeof(id)) < 0)
		return SNAP_UNKNOWN;
	return id < 0 ? SNAP_UNKNOWN : id;
}

static uint32_t preemptoff(const struct go *go, const uint8_t *at,
			   struct strtab *strings)
{
	int32_t offset = go_at(go, GO_M_PREEMPTOFF);
	char text[WORDS_MAX + 1] = "";
	uint64_t where[2];

	if (offset < 0)
		return SNAP_NONE;
	memcpy(where, at + offset, sizeof(where));
	if (where[1] > WORDS_MAX ||
	    (where[1] && space_read(go->space, where[0], text,
				    (uint32_t)where[1]) < 0))
		return SNAP_NONE;
	return strtab_put(strings, text);
}

static void put_m(const struct go_sched *s, const struct go *go,
		  const struct go_m *from, const uint8_t *at,
		  struct snapshot *out)
{
	uint64_t p_at = (uint64_t)member(go, at, GO_M_P, 8);
	const struct go_p *p = go_sched_p(s, p_at);
	struct snap_m *m = snapshot_m(out);

	if (!m)
		return;
	m->id = from->id;
	m->tid = (int64_t)from->procid;
	m->p = p ? p->id : p_at ? SNAP_UNKNOWN : SNAP_NIL;
	m->curg = g_id(go, at, GO_M_CURG);
	m->mallocing = member(go, at, GO_M_MALLOCING, 4);
	m->throwing = member(go, at, GO_M_THROWING, 4);
	m->preemptoff = preemptoff(go, at, &out->strings);
	m->locks = member(go, at, GO_M_LOCKS, 4);
	m->dying = member(go, at, GO_M_DYING, 4);
	m->spinning = truth(go, at, GO_M_SPINNING);
	m->blocked = truth(go, at, GO_M_BLOCKED);
	m->lockedg = g_id(go, at, GO_M_LOCKEDG);
}

static int detail_ms(struct go_sched *s, struct go *go, struct snapshot *out)
{
	static const enum go_field fields[] = {
		GO_M_P, GO_M_CURG, GO_M_MALLOCING, GO_M_THROWING,
		GO_M_PREEMPTOFF, GO_M_LOCKS, GO_M_DYING, GO_M_SPINNING,
		GO_M_BLOCKED, GO_M_LOCKEDG,
	};
	uint32_t bytes = BYTES_FOR(go, fields);
	uint8_t at[GO_SCHED_STRUCT_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && bytes && i < s->m_count; i++) {
		rc = space_read(go->space, s->ms[i].at, at, bytes);
		if (rc == 0)
			put_m(s, go, &s->ms[i], at, out);
		if (rc == -EFAULT)      /* it just went */
			rc = 0;
	}
	snapshot_sort_ms(out);
	return rc;
}

/* The scheduler ------------------------------------------------------------ */

static int detail_figures(struct go *go, struct snap_sched *out)
{
	static const enum go_field fields[] = {
		GO_SCHED_GCWAITING, GO_SCHED_NMIDLELOCKED, GO_SCHED_STOPWAIT,
		GO_SCHED_SYSMONWAIT,
	};
	uint32_t bytes = BYTES_FOR(go, fields);
	uint8_t at[GO_SCHED_STRUCT_MAX];
	int rc = -EFAULT;

	if (go->roots.sched && bytes)
		rc = space_read(go->space, go->roots.sched, at, bytes);
	if (rc < 0)
		return rc == -EFAULT ? 0 : rc;
	out->gcwaiting = truth(go, at, GO_SCHED_GCWAITING);
	out->nmidlelocked = member(go, at, GO_SCHED_NMIDLELOCKED, 4);
	out->stopwait = member(go, at, GO_SCHED_STOPWAIT, 4);
	out->sysmonwait = truth(go, at, GO_SCHED_SYSMONWAIT);
	return 0;
}

int go_sched_detail(struct go_sched *s, struct go *go, struct snapshot *out)
{
	int rc = detail_figures(go, &out->sched);

	if (rc == 0)
		rc = detail_ps(s, go, &out->sched);
	return rc < 0 ? rc : detail_ms(s, go, out);
}
