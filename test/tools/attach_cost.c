/*
 * attach_cost - what looking into a Go process costs us: CPU time and system
 * calls, of recognizing it and of every snapshot.
 *
 * usage: attach_cost PID [SNAPSHOTS]
 *
 * Prints figures, a line each; judges nothing.  test/bench/attach.py runs it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/base/err.h"
#include "lib/target/go/attach.h"
#include "lib/target/source_target.h"

static int64_t cpu_ns(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000000000) +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * INT64_C(1000);
}

static const char *how_name(enum go_how how)
{
	return how == GO_BY_TABLE ? "table" :
	       how == GO_BY_NEIGHBOUR ? "neighbour" : "dwarf";
}

static int bench_attach(pid_t pid, struct err *e)
{
	int64_t begin = cpu_ns();
	struct space *s;
	struct go *go;
	int rc;

	rc = space_open_live(&s, pid, e);
	if (rc < 0)
		return rc;
	rc = go_attach(&go, s, e);
	if (rc == 0) {
		printf("attach by %s: cpu_us %" PRId64 " calls %" PRIu64 "\n",
		       how_name(go->how), (cpu_ns() - begin) / 1000,
		       (uint64_t)s->beats);
		go_detach(go);
	}
	space_close(s);
	return rc;
}

/* One snapshot, and what it found. */
static int bench_snapshot(struct source *src, const struct space *s,
			  struct err *e)
{
	int64_t begin = cpu_ns();
	uint64_t beats = s->beats;
	struct snapshot snap;
	int rc;

	snapshot_init(&snap);
	rc = source_refresh(src, &snap, e);
	if (rc == 0)
		printf("snapshot: goroutines %" PRIu32 " cpu_us %" PRId64
		       " calls %" PRIu64 " stacks %" PRIu32 " torn %" PRId64
		       "\n", snap.row_count, (cpu_ns() - begin) / 1000,
		       (uint64_t)s->beats - beats, snap.stack_count,
		       snap.torn);
	snapshot_release(&snap);
	return rc;
}

static int bench_snapshots(pid_t pid, int n, struct err *e)
{
	struct source_wants wants = { 0 };
	struct source *src;
	struct space *s;
	int rc;

	rc = space_open_live(&s, pid, e);
	if (rc == 0)
		rc = source_target_open(&src, s, &wants, e);
	if (rc < 0)
		return rc;
	for (int i = 0; i < n && rc == 0; i++)
		rc = bench_snapshot(src, s, e);
	source_close(src);
	return rc;
}

int main(int argc, char **argv)
{
	pid_t pid = argc > 1 ? atoi(argv[1]) : 0;
	int n = argc > 2 ? atoi(argv[2]) : 1;
	struct err e = { 0 };

	if (pid <= 0 || argc > 3) {
		fputs("usage: attach_cost PID [SNAPSHOTS]\n", stderr);
		return 2;
	}
	if (bench_attach(pid, &e) < 0 || bench_snapshots(pid, n, &e) < 0) {
		fprintf(stderr, "attach_cost: %s\n", e.text);
		return 1;
	}
	return 0;
}
