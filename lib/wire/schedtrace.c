/* The writer's half: "key=value" pairs over a sink.  See schedtrace_read.c for
 * the other. */
#include "lib/wire/schedtrace.h"

static void pair(const struct text_sink *t, const char *key, uint64_t v)
{
	text_put(t, key);
	text_uint(t, v);
}

static void pair_known(const struct text_sink *t, const char *key, int64_t v)
{
	text_put(t, key);
	if (v == SCHED_UNKNOWN)
		text_put(t, "-");
	else
		text_int(t, v);
}

/* Go writes "nil" for what is not there, since 1.20. */
static void pair_or_nil(const struct text_sink *t, const char *key, int64_t v)
{
	if (v != SCHED_NIL) {
		pair_known(t, key, v);
		return;
	}
	text_put(t, key);
	text_put(t, "nil");
}

static void pair_bool(const struct text_sink *t, const char *key, int64_t v)
{
	text_put(t, key);
	text_put(t, v == SCHED_UNKNOWN ? "-" : v ? "true" : "false");
}

static void list(const struct text_sink *t, const uint32_t *v, uint32_t n)
{
	text_put(t, "[ ");
	for (uint32_t i = 0; i < n; i++) {
		text_uint(t, v[i]);
		text_put(t, " ");
	}
	text_put(t, "]");
}

static void counts(const struct text_sink *t, const struct sched_line *l)
{
	pair(t, "SCHED ", l->ms);
	pair(t, "ms: gomaxprocs=", l->gomaxprocs);
	pair(t, " idleprocs=", l->idleprocs);
	pair(t, " threads=", l->threads);
	pair(t, " spinningthreads=", l->spinningthreads);
	if (!l->no_needspinning)
		pair(t, " needspinning=", l->needspinning);
	pair(t, " idlethreads=", l->idlethreads);
	pair(t, " runqueue=", l->runqueue);
}

void sched_line_put(const struct text_sink *t, const struct sched_line *l)
{
	counts(t, l);
	text_put(t, " ");
	list(t, l->runqs, l->nruns);
	if (l->schedticks) {
		text_put(t, " schedticks=");
		list(t, l->schedticks, l->nruns);
	}
	if (l->has_gs) {
		pair(t, " gcount=", l->gcount);
		pair(t, " stackinuse=", l->stackinuse);
	}
	text_put(t, "\n");
}

size_t sched_line_write(char *out, size_t bytes, const struct sched_line *l)
{
	struct text_room room = { .p = out, .bytes = bytes };
	struct text_sink sink = { text_room_put, &room };

	sched_line_put(&sink, l);
	return room.len;
}

void sched_head_put(const struct text_sink *t, const struct sched_line *l,
		    const struct sched_detail *d)
{
	counts(t, l);
	pair_bool(t, " gcwaiting=", d->gcwaiting);
	pair_known(t, " nmidlelocked=", d->nmidlelocked);
	pair_known(t, " stopwait=", d->stopwait);
	pair_bool(t, " sysmonwait=", d->sysmonwait);
	if (l->has_gs) {
		pair(t, " gcount=", l->gcount);
		pair(t, " stackinuse=", l->stackinuse);
	}
	text_put(t, "\n");
}

void sched_p_put(const struct text_sink *t, const struct sched_p *p)
{
	pair_known(t, "  P", p->id);
	pair_known(t, ": status=", p->status);
	pair_known(t, " schedtick=", p->schedtick);
	pair_known(t, " syscalltick=", p->syscalltick);
	pair_or_nil(t, " m=", p->m);
	pair_known(t, " runqsize=", p->runqsize);
	pair_known(t, " gfreecnt=", p->gfreecnt);
	pair_known(t, " timerslen=", p->timerslen);
	text_put(t, "\n");
}

void sched_m_put(const struct text_sink *t, const struct sched_m *m)
{
	pair_known(t, "  M", m->id);
	pair_or_nil(t, ": p=", m->p);
	pair_or_nil(t, " curg=", m->curg);
	pair_known(t, " mallocing=", m->mallocing);
	pair_known(t, " throwing=", m->throwing);
	text_put(t, " preemptoff=");
	text_name(t, m->preemptoff ? m->preemptoff : "-");
	pair_known(t, " locks=", m->locks);
	pair_known(t, " dying=", m->dying);
	pair_bool(t, " spinning=", m->spinning);
	pair_bool(t, " blocked=", m->blocked);
	pair_or_nil(t, " lockedg=", m->lockedg);
	text_put(t, "\n");
}

void sched_g_put(const struct text_sink *t, const struct sched_g *g)
{
	pair(t, "  G", g->id);
	pair(t, ": status=", g->status);
	text_put(t, "(");
	text_name(t, g->reason);
	text_put(t, ")");
	pair_or_nil(t, " m=", g->m);
	pair_or_nil(t, " lockedm=", g->lockedm);
	text_put(t, "\n");
}
