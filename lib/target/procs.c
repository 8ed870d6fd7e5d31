/* Reads /proc; a process that ends meanwhile is none. */
#include "lib/target/procs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"

enum { FILE_BYTES_MAX = 65536 };
#define TICKS_MAX ((uint64_t)1 << 36)   /* of 10 ms: 20 years */

/* /proc/PID/FILE as a string in B, "" when it cannot be read. */
static const char *slurp(struct buf *b, pid_t pid, const char *file)
{
	char path[64];

	buf_reset(b);
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	if (fd_slurp(path, b, FILE_BYTES_MAX, NULL) < 0)
		return "";
	return buf_str(b);
}

static bool exe_is(pid_t pid, const char *name)
{
	char link[32], path[4096];
	const char *base;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	base = strrchr(path, '/');
	base = base ? base + 1 : path;
	n = (ssize_t)strlen(name);
	return !strncmp(base, name, (size_t)n) &&
	       (!base[n] || !strcmp(base + n, " (deleted)"));
}

/* Command names are cut at 15 bytes; then only the file's tells. */
static bool comm_is(pid_t pid, const char *name, struct buf *b)
{
	const char *comm = slurp(b, pid, "comm");
	size_t n = strcspn(comm, "\n");

	return n == strlen(name) && !strncmp(comm, name, n);
}

ssize_t procs_named(const char *name, pid_t *out, size_t max)
{
	struct buf b = { 0 };
	struct dirent *d;
	ssize_t n = 0;
	DIR *dir = opendir("/proc");

	if (!dir)
		return -errno;
	while ((d = readdir(dir)) != NULL) {
		pid_t pid = (pid_t)atoi(d->d_name);

		if (pid <= 0 || pid == getpid() ||
		    !(exe_is(pid, name) || comm_is(pid, name, &b)))
			continue;
		if ((size_t)n < max)
			out[n] = pid;
		n++;
	}
	closedir(dir);
	buf_release(&b);
	return n;
}

/* The entries of the folder PATH that are numbers. */
static ssize_t numbers_in(const char *path, pid_t *out, size_t max)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	ssize_t n = 0;

	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((d = readdir(dir)) != NULL) {
		pid_t id = (pid_t)atoi(d->d_name);

		if (id <= 0)
			continue;
		if ((size_t)n < max)
			out[n] = id;
		n++;
	}
	closedir(dir);
	return n;
}

ssize_t procs_all(pid_t *out, size_t max)
{
	return numbers_in("/proc", out, max);
}

ssize_t procs_threads(pid_t pid, pid_t *out, size_t max)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	return numbers_in(path, out, max);
}

uint64_t procs_start_ticks(pid_t pid)
{
	struct buf b = { 0 };
	const char *s = strrchr(slurp(&b, pid, "stat"), ')');
	uint64_t ticks = 0;

	/* Field 22; the one behind the ')' is 3. */
	for (int field = 2; s && field < 22; field++) {
		s = strchr(s, ' ');
		s = s ? s + 1 : NULL;
	}
	if (!s || sscanf(s, "%" SCNu64, &ticks) != 1 || ticks > TICKS_MAX)
		ticks = 0;
	buf_release(&b);
	return ticks;
}

int64_t procs_age_ns(pid_t pid)
{
	uint64_t ticks = procs_start_ticks(pid);
	int64_t ns_per_tick = 1000000000 / sysconf(_SC_CLK_TCK), age;

	if (!ticks)
		return -1;
	age = clock_ns(CLOCK_BOOTTIME) - (int64_t)ticks * ns_per_tick;
	return age < 0 ? 0 : age;
}

/* Since the epoch, in seconds; 0 when unknown. */
static time_t start_time(pid_t pid)
{
	int64_t age = procs_age_ns(pid);

	return age < 0 ? 0 : (time_t)((clock_wall_ns() - age) / 1000000000);
}

/* "0::/user.slice/x.scope" of the unified hierarchy, else the first line. */
static void put_cgroup(struct buf *out, const char *text)
{
	const char *unified = strstr(text, "0::");
	const char *line = unified ? unified + 3 : text;
	size_t n = strcspn(line, "\n");

	buf_put(out, n ? line : "-", n ? n : 1);
}

void procs_describe(struct buf *out, pid_t pid)
{
	struct buf b = { 0 };
	time_t start = start_time(pid);
	char when[32] = "-";
	struct tm tm;

	if (start && localtime_r(&start, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	buf_printf(out, "%d  %s  ", (int)pid, when);
	put_cgroup(out, slurp(&b, pid, "cgroup"));
	buf_put_u8(out, '\n');
	buf_release(&b);
}
