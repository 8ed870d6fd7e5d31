/* Ps are an array, Ms a list through their structs, read one by one: there are
 * as many as threads. */
#include <errno.h>
#include <stdlib.h>

#include "lib/target/pgo/program.h"

#include "lib/base/grow.h"

static int by_address(const void *a, const void *b)
{
	const struct pgo_m *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

const struct pgo_m *pgo_m_at(const struct pgo_program *p, uint64_t address)
{
	struct pgo_m key = { .address = address };

	if (!p->ms.n)
		return NULL;
	return bsearch(&key, p->ms.at, p->ms.n, sizeof(key), by_address);
}

static struct pgo_m *new_m(struct pgo_ms *ms)
{
	if (ms->n == SNAP_MS_MAX ||
	    grow(&ms->at, &ms->room, ms->n, sizeof(*ms->at)) < 0)
		return NULL;
	return &ms->at[ms->n++];
}

/* P is the address of a struct p, of the array at FIRST. */
static int64_t p_id(const struct pgo_program *p, uint64_t at, uint64_t first)
{
	uint64_t n = (uint64_t)p->snap->sched.gomaxprocs;
	uint64_t i = (at - first) / p->o.bytes[PGO_P];

	return at >= first && i < n ? (int64_t)i : SNAP_UNKNOWN;
}

/* A number that its runtime may be too old to tell. */
static int64_t known(const struct pgo_program *p, const uint8_t *bytes,
		     enum pgo_field f)
{
	return p->o.bytes[f] ? (int64_t)pgo_number(&p->o, bytes, f) :
			       SNAP_UNKNOWN;
}

static int read_ms(struct pgo_program *p, uint64_t at, uint64_t first_p)
{
	uint8_t bytes[PGO_STRUCT_BYTES_MAX];
	uint64_t first = at;
	struct pgo_m *m;
	int rc = 0;

	p->ms.n = 0;
	while (at && (m = new_m(&p->ms)) != NULL) {
		rc = space_read(p->space, at, bytes, p->o.bytes[PGO_M]);
		if (rc < 0) {
			p->ms.n--;
			break;
		}
		*m = (struct pgo_m){
			.address = at,
			.id = (int64_t)pgo_number(&p->o, bytes, PGO_M_ID),
			.p = p_id(p, pgo_number(&p->o, bytes, PGO_M_P),
				  first_p),
			.tid = (pid_t)pgo_number(&p->o, bytes, PGO_M_TID),
		};
		at = pgo_number(&p->o, bytes, PGO_M_ALLLINK);
		if (at == first)
			break;
	}
	if (p->ms.n)
		qsort(p->ms.at, p->ms.n, sizeof(*p->ms.at), by_address);
	p->snap->sched.ms = (int64_t)p->ms.n;
	/* A list that leads nowhere: what was had counts. */
	return rc == -EFAULT ? 0 : rc;
}

static int read_ps(struct pgo_program *p, uint64_t first)
{
	struct snap_sched *s = &p->snap->sched;
	uint8_t bytes[PGO_STRUCT_BYTES_MAX];
	int rc = 0;

	for (int64_t i = 0; i < s->gomaxprocs && i < SNAP_PS_MAX; i++) {
		const struct pgo_m *m;
		uint32_t runq;

		rc = space_read(p->space, first + (uint64_t)i *
				p->o.bytes[PGO_P], bytes, p->o.bytes[PGO_P]);
		if (rc < 0)
			break;
		m = pgo_m_at(p, pgo_number(&p->o, bytes, PGO_P_M));
		runq = (uint32_t)(pgo_number(&p->o, bytes, PGO_P_TAIL) -
				  pgo_number(&p->o, bytes, PGO_P_HEAD));
		s->ps[s->p_count++] = (struct snap_p){
			.id = (int64_t)pgo_number(&p->o, bytes, PGO_P_ID),
			.status = (int64_t)pgo_number(&p->o, bytes,
						      PGO_P_STATE),
			.runq = runq,
			.m = m ? m->id : SNAP_UNKNOWN,
			.schedtick = known(p, bytes, PGO_P_TICK),
			.syscalltick = known(p, bytes, PGO_P_HANDOFFS),
			.gfreecnt = known(p, bytes, PGO_P_GFREE),
			.timerslen = 0, /* they are in one heap, no P's */
		};
	}
	return rc == -EFAULT ? 0 : rc;
}

static int64_t passed_since(const struct pgo_program *p, int64_t ns)
{
	if (ns < 0)
		return SNAP_UNKNOWN;
	return ns < p->now_ns ? p->now_ns - ns : 0;
}

int pgo_sched_read(struct pgo_program *p)
{
	const uint64_t *address = p->o.address;
	struct snap_sched *s = &p->snap->sched;
	uint8_t bytes[PGO_STRUCT_BYTES_MAX];
	uint64_t inuse, ps;
	int rc;

	rc = space_read(p->space, address[PGO_SCHED], bytes,
			p->o.bytes[PGO_SCHED]);
	if (rc == 0)
		rc = space_read(p->space, address[PGO_STACKINUSE], &inuse, 8);
	if (rc < 0)
		return rc;
	s->gomaxprocs = (int64_t)pgo_number(&p->o, bytes,
					    PGO_SCHED_GOMAXPROCS);
	s->idleprocs = (int64_t)pgo_number(&p->o, bytes, PGO_SCHED_NPIDLE);
	/* And sysmon's. */
	s->threads = (int64_t)(pgo_number(&p->o, bytes, PGO_SCHED_NM) + 1);
	s->spinningthreads = (int64_t)pgo_number(&p->o, bytes,
						 PGO_SCHED_NSPINNING);
	s->needspinning = known(p, bytes, PGO_SCHED_WANT_M);
	s->nmidlelocked = known(p, bytes, PGO_SCHED_NBOUND);
	/* It has nothing that stops the world. */
	s->gcwaiting = s->stopwait = s->sysmonwait = 0;
	s->idlethreads = (int64_t)pgo_number(&p->o, bytes, PGO_SCHED_NMIDLE);
	s->runqueue = (int64_t)pgo_number(&p->o, bytes, PGO_SCHED_RUNQ);
	s->gcount = (int64_t)pgo_number(&p->o, bytes, PGO_SCHED_LIVE);
	s->stackinuse = (int64_t)inuse;
	s->uptime_ns = passed_since(p, (int64_t)pgo_number(&p->o, bytes,
							   PGO_SCHED_START));
	ps = pgo_number(&p->o, bytes, PGO_SCHED_PS);
	rc = read_ms(p, pgo_number(&p->o, bytes, PGO_SCHED_ALLM), ps);
	return rc < 0 ? rc : read_ps(p, ps);
}

/* What each M does --------------------------------------------------------- */

/* The id of the goroutine at ADDRESS. */
static int64_t g_id(struct pgo_program *p, uint64_t address)
{
	uint8_t bytes[PGO_STRUCT_BYTES_MAX];

	if (!address)
		return SNAP_NIL;
	if (space_read(p->space, address, bytes, p->o.bytes[PGO_G]) < 0)
		return SNAP_UNKNOWN;
	return (int64_t)pgo_number(&p->o, bytes, PGO_G_ID);
}

/* Of what Go's Ms count besides, pgo's have nothing: its own lines say 0. */
static void fill_m(struct pgo_program *p, const struct pgo_m *from,
		   const uint8_t *bytes, struct snap_m *m)
{
	m->id = from->id;
	m->tid = from->tid;
	m->p = from->p == SNAP_UNKNOWN ? SNAP_NIL : from->p;
	m->curg = g_id(p, pgo_number(&p->o, bytes, PGO_M_G));
	m->spinning = known(p, bytes, PGO_M_SPINNING);
	m->blocked = known(p, bytes, PGO_M_BLOCKED);
	if (p->o.bytes[PGO_M_BOUND_G])
		m->lockedg = g_id(p, pgo_number(&p->o, bytes, PGO_M_BOUND_G));
	m->mallocing = m->throwing = m->locks = m->dying = 0;
	m->preemptoff = 0;
}

int pgo_sched_read_ms(struct pgo_program *p)
{
	uint8_t bytes[PGO_STRUCT_BYTES_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < p->ms.n; i++) {
		struct snap_m *m;

		rc = space_read(p->space, p->ms.at[i].address, bytes,
				p->o.bytes[PGO_M]);
		m = rc == 0 ? snapshot_m(p->snap) : NULL;
		if (m)
			fill_m(p, &p->ms.at[i], bytes, m);
		if (rc == -EFAULT)
			rc = 0;
	}
	snapshot_sort_ms(p->snap);
	return rc;
}
