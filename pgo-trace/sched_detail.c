/*
 * As text each P, M and goroutine is a line in Go's words, "-" where Go would
 * have known; as JSON what is not known, or is none, is left out.
 */
#include "pgo-trace/sched_detail.h"

#include "lib/snapshot/snap_json.h"

/* Text --------------------------------------------------------------------- */

void sched_detail_put(const struct text_sink *t, const struct sched_line *l,
		      const struct snapshot *s, const struct snap_locks *locks)
{
	struct sched_detail d;
	struct sched_p p;
	struct sched_m m;
	struct sched_g g;

	snap_sched_detail(&d, s);
	sched_head_put(t, l, &d);
	for (uint32_t i = 0; i < s->sched.p_count; i++) {
		snap_sched_p(&p, s, i);
		sched_p_put(t, &p);
	}
	for (uint32_t i = 0; i < s->m_count; i++) {
		snap_sched_m(&m, s, i);
		sched_m_put(t, &m);
	}
	for (uint32_t i = 0; i < s->row_count; i++) {
		snap_sched_g(&g, s, i, locks);
		sched_g_put(t, &g);
	}
}

/* JSON --------------------------------------------------------------------- */

static void put_known(struct json *j, const char *key, int64_t v)
{
	if (v == SCHED_UNKNOWN || v == SCHED_NIL)
		return;
	json_key(j, key);
	json_int(j, v);
}

static void put_truth(struct json *j, const char *key, int64_t v)
{
	if (v == SCHED_UNKNOWN)
		return;
	json_key(j, key);
	json_bool(j, v != 0);
}

static void put_head(struct json *j, const struct snapshot *s)
{
	struct sched_detail d;

	snap_sched_detail(&d, s);
	put_truth(j, "gcwaiting", d.gcwaiting);
	put_known(j, "nmidlelocked", d.nmidlelocked);
	put_known(j, "stopwait", d.stopwait);
	put_truth(j, "sysmonwait", d.sysmonwait);
}

static void put_p(struct json *j, const struct snapshot *s, uint32_t i)
{
	struct sched_p p;

	snap_sched_p(&p, s, i);
	json_object_begin(j);
	put_known(j, "id", p.id);
	put_known(j, "status", p.status);
	put_known(j, "schedtick", p.schedtick);
	put_known(j, "syscalltick", p.syscalltick);
	put_known(j, "m", p.m);
	put_known(j, "runqsize", p.runqsize);
	put_known(j, "gfreecnt", p.gfreecnt);
	put_known(j, "timerslen", p.timerslen);
	json_object_end(j);
}

static void put_m(struct json *j, const struct snapshot *s, uint32_t i)
{
	struct sched_m m;

	snap_sched_m(&m, s, i);
	json_object_begin(j);
	put_known(j, "id", m.id);
	snap_json_number(j, "tid", s->ms[i].tid);
	put_known(j, "p", m.p);
	put_known(j, "curg", m.curg);
	put_known(j, "mallocing", m.mallocing);
	put_known(j, "throwing", m.throwing);
	snap_json_text(j, "preemptoff", m.preemptoff ? m.preemptoff : "");
	put_known(j, "locks", m.locks);
	put_known(j, "dying", m.dying);
	put_truth(j, "spinning", m.spinning);
	put_truth(j, "blocked", m.blocked);
	put_known(j, "lockedg", m.lockedg);
	json_object_end(j);
}

static void put_g(struct json *j, const struct sched_g *g)
{
	json_object_begin(j);
	put_known(j, "id", (int64_t)g->id);
	put_known(j, "status", g->status);
	snap_json_text(j, "reason", g->reason);
	put_known(j, "m", g->m);
	put_known(j, "lockedm", g->lockedm);
	json_object_end(j);
}

void sched_detail_json(struct json *j, const struct snapshot *s,
		       const struct snap_locks *locks)
{
	struct sched_g g;

	put_head(j, s);
	json_key(j, "allp");
	json_array_begin(j);
	for (uint32_t i = 0; i < s->sched.p_count; i++)
		put_p(j, s, i);
	json_array_end(j);
	json_key(j, "allm");
	json_array_begin(j);
	for (uint32_t i = 0; i < s->m_count; i++)
		put_m(j, s, i);
	json_array_end(j);
	json_key(j, "allgs");
	json_array_begin(j);
	for (uint32_t i = 0; i < s->row_count; i++) {
		snap_sched_g(&g, s, i, locks);
		put_g(j, &g);
	}
	json_array_end(j);
}
