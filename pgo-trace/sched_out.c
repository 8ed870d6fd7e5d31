/*
 * The table adds what one looks for and a line does not say: the goroutines
 * queued on all Ps together, and how often they were scheduled a second.
 */
#include "pgo-trace/sched_out.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/snapshot/snap_schedtrace.h"
#include "lib/wire/json.h"
#include "pgo-trace/sched_detail.h"

enum { HEAD_EVERY = 40 };       /* lines of the table */

static uint64_t sum(const uint32_t *v, uint32_t n)
{
	uint64_t s = 0;

	for (uint32_t i = 0; i < n; i++)
		s += v[i];
	return s;
}

/* Switches a second since the line before, or "-".  Counters wrap at 2^32. */
static const char *rate(struct sched_out *o, const struct sched_line *l,
			char *out, size_t bytes)
{
	uint64_t ticks = l->schedticks ? sum(l->schedticks, l->nruns) : 0;

	snprintf(out, bytes, "-");
	if (l->schedticks && o->had_ticks && l->ms > o->last_ms &&
	    ticks >= o->last_ticks)
		snprintf(out, bytes, "%.0f", (double)(ticks - o->last_ticks) *
			 1000 / (double)(l->ms - o->last_ms));
	o->had_ticks = l->schedticks != NULL;
	o->last_ticks = ticks;
	o->last_ms = l->ms;
	return out;
}

static void put_table(struct sched_out *o, struct buf *b,
		      const struct sched_line *l)
{
	char switches[32], local[24] = "-", needs[12] = "-";

	if (o->lines % HEAD_EVERY == 0)
		buf_printf(b, "%10s %5s %5s %7s %8s %5s %5s %6s %6s %9s %10s "
			   "%10s\n", "time", "Ps", "idle", "threads",
			   "spinning", "needs", "idleM", "global", "local",
			   "switch/s", "goroutines", "stack");
	if (l->runqs)
		snprintf(local, sizeof(local), "%" PRIu64,
			 sum(l->runqs, l->nruns));
	if (!l->no_needspinning)
		snprintf(needs, sizeof(needs), "%" PRIu32, l->needspinning);
	rate(o, l, switches, sizeof(switches));
	buf_printf(b, "%5" PRIu64 ".%03us %5" PRIu32 " %5" PRIu32
		   " %7" PRIu32 " %8" PRIu32 " %5s %5" PRIu32 " %6" PRIu32
		   " %6s %9s ", l->ms / 1000, (unsigned int)(l->ms % 1000),
		   l->gomaxprocs, l->idleprocs, l->threads, l->spinningthreads,
		   needs, l->idlethreads, l->runqueue, local, switches);
	if (l->has_gs)
		buf_printf(b, "%10" PRIu64 " %10" PRIu64 "\n", l->gcount,
			   l->stackinuse);
	else
		buf_printf(b, "%10s %10s\n", "-", "-");
}

/* A list is one cell, with blanks. */
static void put_cell(struct buf *b, const uint32_t *v, uint32_t n)
{
	buf_put_u8(b, ',');
	for (uint32_t i = 0; v && i < n; i++)
		buf_printf(b, "%s%" PRIu32, i ? " " : "", v[i]);
}

static void put_csv(struct sched_out *o, struct buf *b,
		    const struct sched_line *l)
{
	if (o->lines == 0)
		buf_put_str(b, "ms,gomaxprocs,idleprocs,threads,"
			    "spinningthreads,needspinning,idlethreads,"
			    "runqueue,runqs,schedticks,gcount,stackinuse\n");
	buf_printf(b, "%" PRIu64 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32
		   ",%" PRIu32 ",", l->ms, l->gomaxprocs, l->idleprocs,
		   l->threads, l->spinningthreads);
	if (!l->no_needspinning)
		buf_printf(b, "%" PRIu32, l->needspinning);
	buf_printf(b, ",%" PRIu32 ",%" PRIu32, l->idlethreads, l->runqueue);
	put_cell(b, l->runqs, l->nruns);
	put_cell(b, l->schedticks, l->nruns);
	if (l->has_gs)
		buf_printf(b, ",%" PRIu64 ",%" PRIu64 "\n", l->gcount,
			   l->stackinuse);
	else
		buf_put_str(b, ",,\n");
}

static void json_field(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	json_uint(j, v);
}

static void json_list(struct json *j, const char *key, const uint32_t *v,
		      uint32_t n)
{
	if (!v)
		return;
	json_key(j, key);
	json_array_begin(j);
	for (uint32_t i = 0; i < n; i++)
		json_uint(j, v[i]);
	json_array_end(j);
}

static void put_fields(struct json *j, const struct sched_line *l)
{
	json_field(j, "schema", 1);
	json_field(j, "ms", l->ms);
	json_field(j, "gomaxprocs", l->gomaxprocs);
	json_field(j, "idleprocs", l->idleprocs);
	json_field(j, "threads", l->threads);
	json_field(j, "spinningthreads", l->spinningthreads);
	if (!l->no_needspinning)
		json_field(j, "needspinning", l->needspinning);
	json_field(j, "idlethreads", l->idlethreads);
	json_field(j, "runqueue", l->runqueue);
	json_list(j, "runqs", l->runqs, l->nruns);
	json_list(j, "schedticks", l->schedticks, l->nruns);
	if (l->has_gs) {
		json_field(j, "gcount", l->gcount);
		json_field(j, "stackinuse", l->stackinuse);
	}
}

static int put_json(struct buf *b, const struct sched_line *l)
{
	struct json j;

	json_init(&j, b);
	json_object_begin(&j);
	put_fields(&j, l);
	json_object_end(&j);
	buf_put_u8(b, '\n');
	return json_finish(&j);
}

static void put(void *buf, const char *p, size_t n)
{
	buf_put(buf, p, n);
}

int sched_out_line(struct sched_out *o, struct buf *b,
		   const struct sched_line *l)
{
	const struct text_sink sink = { put, b };
	int rc = 0;

	if (o->format == SCHED_JSON)
		rc = put_json(b, l);
	else if (o->format == SCHED_LINES)
		sched_line_put(&sink, l);
	else if (o->format == SCHED_CSV)
		put_csv(o, b, l);
	else
		put_table(o, b, l);
	o->lines++;
	return rc < 0 ? rc : buf_error(b);
}

/* Detail ------------------------------------------------------------------- */

static int put_detail_json(struct buf *b, const struct sched_line *l,
			   const struct snapshot *s,
			   const struct snap_locks *locks)
{
	struct json j;

	json_init(&j, b);
	json_object_begin(&j);
	put_fields(&j, l);
	sched_detail_json(&j, s, locks);
	json_object_end(&j);
	buf_put_u8(b, '\n');
	return json_finish(&j);
}

int sched_out_detail(struct sched_out *o, struct buf *b,
		     const struct sched_line *l, const struct snapshot *s)
{
	const struct text_sink sink = { put, b };
	struct snap_locks locks;
	int rc = snap_locks_init(&locks, s);

	if (rc < 0)
		return rc;
	if (o->format == SCHED_JSON)
		rc = put_detail_json(b, l, s, &locks);
	else
		sched_detail_put(&sink, l, s, &locks);
	snap_locks_release(&locks);
	o->lines++;
	return rc < 0 ? rc : buf_error(b);
}
