/*
 * Ms are a chain, newest first, and Go never frees one that is in it: those of
 * the last snapshot are read at once, and the chain is then followed among
 * them; only an M that is new costs a system call of its own.
 */
#include "lib/target/go/sched.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/grow.h"

static uint64_t word(const uint8_t *at, int32_t offset)
{
	uint64_t v = 0;

	if (offset >= 0)
		memcpy(&v, at + offset, sizeof(v));
	return v;
}

static uint32_t half(const uint8_t *at, int32_t offset)
{
	uint32_t v = 0;

	if (offset >= 0)
		memcpy(&v, at + offset, sizeof(v));
	return v;
}

uint32_t go_sched_bytes(const struct go *go, const enum go_field *f, size_t n)
{
	uint32_t bytes = go_offsets_span(&go->offsets, f, n);

	return bytes <= GO_SCHED_STRUCT_MAX ? bytes : 0;
}

static struct gather_want *wants(struct go_sched *s, size_t n)
{
	if (n > s->want_room) {
		free(s->want);
		s->want = malloc(n * sizeof(*s->want));
		s->want_room = s->want ? n : 0;
	}
	return s->want;
}

/* Ps ----------------------------------------------------------------------- */

static void parse_p(const struct go *go, const uint8_t *at, uint64_t address,
		    struct go_p *p)
{
	*p = (struct go_p){
		.at = address,
		.m = word(at, go_at(go, GO_P_M)),
		.id = (int32_t)half(at, go_at(go, GO_P_ID)),
		.status = half(at, go_at(go, GO_P_STATUS)),
		.schedtick = half(at, go_at(go, GO_P_SCHEDTICK)),
		.runq = half(at, go_at(go, GO_P_RUNQTAIL)) -
			half(at, go_at(go, GO_P_RUNQHEAD)),
	};
}

static int read_ps(struct go_sched *s, struct go *go)
{
	static const enum go_field fields[] = {
		GO_P_ID, GO_P_STATUS, GO_P_SCHEDTICK, GO_P_M, GO_P_RUNQHEAD,
		GO_P_RUNQTAIL,
	};
	uint32_t bytes = go_sched_bytes(go, fields,
					sizeof(fields) / sizeof(*fields));
	uint64_t slice[2], at[SNAP_PS_MAX];
	struct gather_want *w = wants(s, SNAP_PS_MAX);
	int rc = -EFAULT;

	s->p_count = 0;
	if (go->roots.allp)
		rc = space_read(go->space, go->roots.allp, slice, 16);
	if (rc == 0 && slice[1] > SNAP_PS_MAX)
		rc = -EFAULT;
	if (rc == 0)
		rc = space_read(go->space, slice[0], at,
				(uint32_t)slice[1] * 8);
	if (rc < 0 || !w)
		return rc == -EFAULT ? 0 : rc < 0 ? rc : -ENOMEM;
	for (size_t i = 0; i < slice[1]; i++)
		w[i] = (struct gather_want){ at[i], bytes, NULL };
	rc = gather(&s->gather, go->space, w, slice[1], 0);
	for (size_t i = 0; rc == 0 && i < slice[1]; i++)
		if (w[i].at)
			parse_p(go, w[i].at, at[i], &s->ps[s->p_count++]);
	return rc;
}

const struct go_p *go_sched_p(const struct go_sched *s, uint64_t address)
{
	for (size_t i = 0; address && i < s->p_count; i++)
		if (s->ps[i].at == address)
			return &s->ps[i];
	return NULL;
}

/* Ms ----------------------------------------------------------------------- */

static const enum go_field m_fields[] = {
	GO_M_G0, GO_M_PROCID, GO_M_CURG, GO_M_P, GO_M_ID, GO_M_ALLLINK,
	GO_M_VDSOSP, GO_M_VDSOPC,
};

static void parse_m(const struct go *go, const uint8_t *at, uint64_t address,
		    struct go_m *m, uint64_t *next)
{
	*m = (struct go_m){
		.at = address,
		.p = word(at, go_at(go, GO_M_P)),
		.curg = word(at, go_at(go, GO_M_CURG)),
		.g0 = word(at, go_at(go, GO_M_G0)),
		.procid = word(at, go_at(go, GO_M_PROCID)),
		.vdso_sp = word(at, go_at(go, GO_M_VDSOSP)),
		.vdso_pc = word(at, go_at(go, GO_M_VDSOPC)),
		.id = (int64_t)word(at, go_at(go, GO_M_ID)),
	};
	*next = word(at, go_at(go, GO_M_ALLLINK));
}

static int by_address(const void *a, const void *b)
{
	const struct go_m *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static struct go_m *find_m(const struct go_sched *s, uint64_t address)
{
	struct go_m key = { .at = address };

	if (s->m_count == 0)
		return NULL;
	return bsearch(&key, s->ms, s->m_count, sizeof(key), by_address);
}

const struct go_m *go_sched_m(const struct go_sched *s, uint64_t address)
{
	return address ? find_m(s, address) : NULL;
}

static int add_m(struct go_m **ms, size_t *n, size_t *room,
		 const struct go_m *m)
{
	int rc = grow(ms, room, *n, sizeof(**ms));

	if (rc == 0)
		(*ms)[(*n)++] = *m;
	return rc;
}

/* The bytes of the M at ADDRESS: had with the others, or read into ALONE. */
static const uint8_t *bytes_of_m(struct go_sched *s, struct go *go,
				 uint64_t address, uint8_t *alone,
				 uint32_t bytes, int *rc)
{
	struct go_m *known = find_m(s, address);

	*rc = 0;
	if (known && s->want[known - s->ms].at)
		return s->want[known - s->ms].at;
	*rc = space_read(go->space, address, alone, bytes);
	return *rc == 0 ? alone : NULL;
}

/* Reads those known from the last time into s->gather. */
static int read_known(struct go_sched *s, struct go *go, uint32_t bytes)
{
	struct gather_want *w = wants(s, s->m_count + 1);

	if (!w)
		return -ENOMEM;
	for (size_t i = 0; i < s->m_count; i++)
		w[i] = (struct gather_want){ s->ms[i].at, bytes, NULL };
	return gather(&s->gather, go->space, w, s->m_count, 0);
}

static int read_ms(struct go_sched *s, struct go *go)
{
	uint32_t bytes = go_sched_bytes(go, m_fields,
					sizeof(m_fields) / sizeof(*m_fields));
	uint8_t alone[GO_SCHED_STRUCT_MAX];
	struct go_m *ms = NULL, m;
	size_t n = 0, room = 0;
	uint64_t next = 0;
	int rc = read_known(s, go, bytes);

	if (rc == 0 && go->roots.allm)
		rc = space_read(go->space, go->roots.allm, &next, 8);
	while (rc == 0 && bytes && next && n < SNAP_MS_MAX) {
		const uint8_t *at = bytes_of_m(s, go, next, alone, bytes, &rc);

		if (!at)
			break;
		parse_m(go, at, next, &m, &next);
		rc = add_m(&ms, &n, &room, &m);
	}
	if (rc == -EFAULT)      /* one just went, or a lie: the rest is had */
		rc = 0;
	if (n)
		qsort(ms, n, sizeof(*ms), by_address);
	free(s->ms);
	s->ms = ms;
	s->m_count = n;
	s->m_room = room;
	return rc;
}

/* Figures ------------------------------------------------------------------ */

static int64_t count(const struct go *go, const uint8_t *at, enum go_field f)
{
	return go_at(go, f) < 0 ? SNAP_UNKNOWN
				: (int32_t)half(at, go_at(go, f));
}

static int read_figures(struct go *go, struct snap_sched *out)
{
	static const enum go_field fields[] = {
		GO_SCHED_MNEXT, GO_SCHED_NMFREED, GO_SCHED_NPIDLE,
		GO_SCHED_NMSPINNING, GO_SCHED_NEEDSPINNING, GO_SCHED_NMIDLE,
		GO_SCHED_RUNQSIZE,
	};
	uint32_t bytes = go_sched_bytes(go, fields,
					sizeof(fields) / sizeof(*fields));
	uint8_t at[GO_SCHED_STRUCT_MAX];
	int rc;

	if (!go->roots.sched || !bytes)
		return 0;
	rc = space_read(go->space, go->roots.sched, at, bytes);
	if (rc < 0)
		return rc == -EFAULT ? 0 : rc;
	out->idleprocs = count(go, at, GO_SCHED_NPIDLE);
	out->spinningthreads = count(go, at, GO_SCHED_NMSPINNING);
	out->needspinning = count(go, at, GO_SCHED_NEEDSPINNING);
	out->idlethreads = count(go, at, GO_SCHED_NMIDLE);
	out->runqueue = count(go, at, GO_SCHED_RUNQSIZE);
	if (go_at(go, GO_SCHED_MNEXT) >= 0)
		out->threads = (int64_t)word(at, go_at(go, GO_SCHED_MNEXT)) -
			       (int64_t)word(at, go_at(go, GO_SCHED_NMFREED));
	return 0;
}

static void put_ps(const struct go_sched *s, struct snap_sched *out)
{
	for (size_t i = 0; i < s->p_count; i++) {
		const struct go_p *p = &s->ps[i];
		const struct go_m *m = go_sched_m(s, p->m);

		out->ps[i] = (struct snap_p){
			.id = p->id, .status = p->status, .runq = p->runq,
			.m = m ? m->id : SNAP_UNKNOWN,
			.schedtick = p->schedtick,
			.syscalltick = SNAP_UNKNOWN,
			.gfreecnt = SNAP_UNKNOWN,
			.timerslen = SNAP_UNKNOWN,
		};
	}
	out->p_count = (uint32_t)s->p_count;
	if (s->p_count)
		out->gomaxprocs = (int64_t)s->p_count;
}

int go_sched_read(struct go_sched *s, struct go *go, struct snap_sched *out)
{
	int rc = read_ps(s, go);

	if (rc == 0)
		rc = read_ms(s, go);
	if (rc == 0)
		rc = read_figures(go, out);
	if (rc < 0)
		return rc;
	put_ps(s, out);
	if (s->m_count)
		out->ms = (int64_t)s->m_count;
	return 0;
}

void go_sched_release(struct go_sched *s)
{
	gather_release(&s->gather);
	free(s->want);
	free(s->ms);
}
