/*
 * A CPU profile as a file: by pgo_cpuprofile_start() or PGODEBUG=cpuprofile.
 * Names come from symbol tables; the agent's profiles know lines and inlines
 * too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pgo/profile.h>
#include <pgo/sys.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/modules.h"
#include "lib/wire/pprof.h"
#include "lib/wire/pprof_stacks.h"
#include "runtime/cpuprof.h"
#include "runtime/env.h"
#include "runtime/forked.h"
#include "runtime/lock.h"

enum { HZ_DEFAULT = 100, HZ_MAX = 1000 };

#define SECOND_NS INT64_C(1000000000)

/* The profile that runs for the program itself. */
static struct {
	struct lock lock;       /* all of it */
	bool running;
	int fd;
	int hz;
	int64_t wall_ns;
	int64_t mono_ns;
	int env_fd;             /* PGODEBUG's file, -1: none */
} file = { .env_fd = -1 };

/* Names -------------------------------------------------------------------- */

static uint64_t mapping_of(void *ctx, uint64_t pc)
{
	struct modules *ms = ctx;
	struct module *m = modules_find(ms, pc);

	return m ? (uint64_t)(m - ms->module) + 1 : 0;
}

static size_t frames_of(void *ctx, uint64_t pc, struct pprof_frame *out,
			size_t max)
{
	struct module *m = modules_find(ctx, pc);
	struct elfsym_func f;

	if (!max || !m || !module_function(m, pc, &f))
		return 0;
	memset(out, 0, sizeof(*out));
	out->function = f.name;
	out->file = "";
	return 1;
}

static void put_mappings(struct pprof_writer *w, const struct modules *ms)
{
	char hex[2 * BUILDID_MAX + 1];

	for (size_t i = 0; i < ms->count; i++) {
		const struct module *m = &ms->module[i];
		struct pprof_mapping pm = {
			.start = m->map->start,
			.limit = m->map->end,
			.offset = m->map->offset,
			.file = m->map->path,
			.build_id = buildid_hex(&m->id, hex),
			.has_functions = true,
		};

		pprof_mapping(w, &pm);
	}
}

/* Writing ------------------------------------------------------------------ */

struct output {
	struct pprof_writer *writer;
	struct pprof_space space;
	int64_t period_ns;
};

static void put_stack(void *ctx, const uint64_t *pcs, size_t n,
		      uint64_t samples)
{
	struct output *o = ctx;
	int64_t values[2] = { (int64_t)samples,
			      (int64_t)samples * o->period_ns };

	pprof_stack(o->writer, &o->space, pcs, n, values, 2, NULL, 0);
}

static void drop_stack(void *ctx, const uint64_t *pcs, size_t n,
		       uint64_t samples)
{
	(void)ctx;
	(void)pcs;
	(void)n;
	(void)samples;
}

static void put_header(struct output *o, const struct modules *ms)
{
	o->period_ns = SECOND_NS / file.hz;
	pprof_sample_type(o->writer, "samples", "count");
	pprof_sample_type(o->writer, "cpu", "nanoseconds");
	pprof_period(o->writer, "cpu", "nanoseconds", o->period_ns);
	pprof_time(o->writer, file.wall_ns, clock_mono_ns() - file.mono_ns);
	put_mappings(o->writer, ms);
}

/* Ends sampling and leaves the file's bytes in OUT. */
static int render(struct buf *out)
{
	struct cpuprof_losses losses;
	struct output o = { 0 };
	struct modules ms;
	int rc;

	o.writer = pprof_writer_new(out);
	rc = o.writer ? modules_open(&ms, NULL) : -ENOMEM;
	if (rc) {
		pprof_writer_free(o.writer);
		cpuprof_end(drop_stack, NULL, &losses);
		return rc;
	}
	o.space = (struct pprof_space){ mapping_of, frames_of, &ms };
	put_header(&o, &ms);
	rc = cpuprof_end(put_stack, &o, &losses);
	if (!rc)
		rc = pprof_finish(o.writer);
	pprof_writer_free(o.writer);
	modules_close(&ms);
	return rc;
}

static int start(int fd, int hz)
{
	int rc;

	forked_check();
	if (hz == 0)
		hz = HZ_DEFAULT;
	if (hz < 0 || hz > HZ_MAX)
		return -EINVAL;
	if (fcntl(fd, F_GETFD) < 0)
		return -EBADF;
	lock_get(&file.lock);
	rc = file.running ? -EBUSY : cpuprof_begin(hz);
	if (!rc) {
		file.running = true;
		file.fd = fd;
		file.hz = hz;
		file.wall_ns = clock_wall_ns();
		file.mono_ns = clock_mono_ns();
	}
	lock_put(&file.lock);
	return rc;
}

static int stop(void)
{
	struct buf out = { 0 };
	int rc;

	forked_check();
	lock_get(&file.lock);
	rc = file.running ? render(&out) : -EINVAL;
	if (!rc)
		rc = fd_write_all(file.fd, out.data, out.len);
	file.running = false;
	lock_put(&file.lock);
	buf_release(&out);
	return rc;
}

static void *start_on_thread(int fd, int hz)
{
	return (void *)(intptr_t)start(fd, hz);
}

static void *stop_on_thread(void)
{
	return (void *)(intptr_t)stop();
}

int pgo_cpuprofile_start(int fd, int hz)
{
	return (int)(intptr_t)pgo_sys(start_on_thread, fd, hz);
}

int pgo_cpuprofile_stop(void)
{
	return (int)(intptr_t)pgo_sys(stop_on_thread);
}

/* PGODEBUG=cpuprofile=FILE ------------------------------------------------ */

static void complain(const char *trouble)
{
	struct buf b = { 0 };

	buf_printf(&b, "pgo: %s: %s (PGODEBUG=cpuprofile)\n", env.cpuprofile,
		   trouble);
	fd_write_all(STDERR_FILENO, b.data, b.len);
	buf_release(&b);
}

void cpuprof_finish(void)
{
	int fd = file.env_fd;
	int rc;

	/* A child of fork() leaves its parent's file alone. */
	if (fd < 0 || is_forked)
		return;
	file.env_fd = -1;
	rc = stop();
	if (rc)
		complain(strerror(-rc));
	close(fd);
}

static void begin_by_env(void)
{
	int fd = open(env.cpuprofile,
		      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int rc = fd < 0 ? -errno : start(fd, 0);

	if (rc) {
		complain(strerror(-rc));
		if (fd >= 0)
			close(fd);
		return;
	}
	file.env_fd = fd;
	atexit(cpuprof_finish);
}

int cpuprof_setup(void)
{
	int rc = cpuprof_handle();

	/* A setting for looking does not keep the program from running. */
	if (!rc && env.cpuprofile)
		begin_by_env();
	return rc;
}
