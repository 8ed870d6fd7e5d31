/*
 * The scheduler's lines, in the form of Go's GODEBUG=schedtrace and
 * scheddetail: written as Go 1.25 does, read in every form Go had.
 *
 *   SCHED 1004ms: gomaxprocs=4 idleprocs=0 threads=7 spinningthreads=0
 *   needspinning=1 idlethreads=0 runqueue=2 [ 1 1 0 0 ] schedticks=[ 9 3 4 4 ]
 *
 * all in one line, ours with gcount=N stackinuse=BYTES at its end.
 */
#ifndef LIB_WIRE_SCHEDTRACE_H
#define LIB_WIRE_SCHEDTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/wire/text.h"

#define SCHED_PROCS_MAX 1024

struct sched_line {
	uint64_t ms;
	uint32_t gomaxprocs, idleprocs;
	uint32_t threads, spinningthreads, needspinning, idlethreads;
	bool no_needspinning;           /* not known, as Go's before 1.20 */
	uint32_t runqueue;
	uint32_t nruns;                 /* of RUNQS, and of SCHEDTICKS */
	const uint32_t *runqs;          /* a P each */
	const uint32_t *schedticks;     /* NULL: none */
	bool has_gs;                    /* the last two are known */
	uint64_t gcount, stackinuse;    /* goroutines, bytes */
};

/*
 * What a reader from outside may not know is SCHED_UNKNOWN and written "-",
 * which no Go does.  Those written false or true are 0 or 1.
 */
#define SCHED_UNKNOWN INT64_MIN
#define SCHED_NIL (-1)                  /* no M, P or G */

struct sched_detail {
	int64_t gcwaiting, nmidlelocked, stopwait, sysmonwait;
};

struct sched_p {
	int64_t id, status, schedtick, syscalltick, m, runqsize, gfreecnt;
	int64_t timerslen;
};

struct sched_m {
	int64_t id, p, curg, mallocing, throwing;
	const char *preemptoff;         /* NULL: not known */
	int64_t locks, dying, spinning, blocked, lockedg;
};

struct sched_g {
	uint64_t id;
	uint32_t status;
	const char *reason;             /* why it waits, or "" */
	int64_t m, lockedm;
};

/* Each is one line with its newline.  No memory, no stdio.  [any, as far as
 * the sink is] */
void sched_line_put(const struct text_sink *t, const struct sched_line *l);
void sched_head_put(const struct text_sink *t, const struct sched_line *l,
		    const struct sched_detail *d);
void sched_p_put(const struct text_sink *t, const struct sched_p *p);
void sched_m_put(const struct text_sink *t, const struct sched_m *m);
void sched_g_put(const struct text_sink *t, const struct sched_g *g);

/* sched_line_put() into OUT.  Returns the bytes of the whole line, of which
 * those that fit are there; no zero behind.  [any] */
size_t sched_line_write(char *out, size_t bytes, const struct sched_line *l);

/* Where the lists of a line that was read are. */
struct sched_lists {
	uint32_t runqs[SCHED_PROCS_MAX];
	uint32_t schedticks[SCHED_PROCS_MAX];
};

/*
 * Reads the N bytes of a line, with or without its newline; the lists of L are
 * then in LISTS.  Fields it does not know are passed over; a line with
 * scheddetail's fields has no lists.  0; -EBADMSG when it is no such line,
 * -E2BIG with more than SCHED_PROCS_MAX Ps.  [any]
 */
int sched_line_parse(const char *s, size_t n, struct sched_line *l,
		     struct sched_lists *lists);

#endif
