/*
 * CPUs by affinity and control group.
 *
 * The group is that of /proc/self/cgroup which has the cpu controller: one of
 * version 1 wins over the unified one, since a controller is in one hierarchy
 * only.  Its files are found through /proc/self/mountinfo, whose root field
 * says which part of the hierarchy a container sees.  Like Go 1.25, limits of
 * the groups above are not looked at.
 */
#include "runtime/quota.h"

#include <sched.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/lines.h"
#include "runtime/sys.h"

enum {
	CPUS_MAX = 8192,        /* of an affinity mask */
	CPUS_MIN = 2,           /* whatever the group grants */
};

/* The next field of *AT up to one of SEP; NULL after the last. */
static char *field(char **at, char sep)
{
	char *begin = *at;
	char *end;

	if (!begin)
		return NULL;
	end = strchr(begin, sep);
	if (end)
		*end++ = 0;
	*at = end;
	return begin;
}

static bool has_word(char *list, const char *word)
{
	char *w;

	while ((w = field(&list, ',')) != NULL)
		if (!strcmp(w, word))
			return true;
	return false;
}

/* Copies TEXT, cut to BYTES. */
static void copy(char *to, const char *text, size_t bytes)
{
	size_t n = strlen(text);

	if (n >= bytes)
		n = bytes - 1;
	memcpy(to, text, n);
	to[n] = 0;
}

struct group {
	int version;                    /* 1 or 2; 0: none */
	char path[LINES_MAX];      /* in its hierarchy */
	char dir[LINES_MAX];       /* where its files are */
};

/* Lines are ID:CONTROLLERS:PATH; the unified hierarchy has no controllers. */
static void find_group(struct group *g, struct lines *l)
{
	char *line;

	if (!lines_open(l, "/proc/self/cgroup"))
		return;
	while (g->version != 1 && (line = lines_next(l)) != NULL) {
		char *id = field(&line, ':');
		char *controllers = field(&line, ':');
		bool unified = !strcmp(id, "0");

		if (!controllers || !line)
			continue;
		if (!unified && !has_word(controllers, "cpu"))
			continue;
		g->version = unified ? 2 : 1;
		copy(g->path, line, sizeof(g->path));
	}
	lines_close(l);
}

/* Blanks in a path are written \040 there. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] && s[2] && s[3]) {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 |
				       (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = 0;
}

/* PATH below ROOT, the part a mount shows; NULL when it is elsewhere. */
static const char *below(const char *path, const char *root)
{
	size_t n = strlen(root);

	if (n == 1)
		return path;
	if (strncmp(path, root, n) || (path[n] && path[n] != '/'))
		return NULL;
	return path + n;
}

/* One line of mountinfo: ID PARENT DEV ROOT POINT OPTIONS... - TYPE SOURCE
 * SUPER-OPTIONS.  True when it shows the group. */
static bool mount_shows(struct group *g, char *line)
{
	char *f[6];
	char *type;
	const char *rest;
	size_t n;

	for (int i = 0; i < 6; i++)
		if (!(f[i] = field(&line, ' ')))
			return false;
	while ((type = field(&line, ' ')) != NULL && strcmp(type, "-"))
		;
	type = field(&line, ' ');
	if (!type || strcmp(type, g->version == 1 ? "cgroup" : "cgroup2"))
		return false;
	field(&line, ' ');
	if (g->version == 1 && !(line && has_word(line, "cpu")))
		return false;
	unescape(f[3]);
	unescape(f[4]);
	rest = below(g->path, f[3]);
	n = strlen(f[4]);
	if (!rest || n + strlen(rest) + sizeof("/cpu.cfs_period_us") >
			     sizeof(g->dir))
		return false;
	memcpy(g->dir, f[4], n);
	copy(g->dir + n, strcmp(rest, "/") ? rest : "", sizeof(g->dir) - n);
	return true;
}

static bool find_dir(struct group *g, struct lines *l)
{
	bool found = false;
	char *line;

	if (!lines_open(l, "/proc/self/mountinfo"))
		return false;
	while (!found && (line = lines_next(l)) != NULL)
		found = mount_shows(g, line);
	lines_close(l);
	return found;
}

/* The number TEXT begins with, -1 for none ("max", or -1 itself). */
static int64_t number(const char *text)
{
	int64_t n = 0;

	if (!text || *text < '0' || *text > '9')
		return -1;
	for (; *text >= '0' && *text <= '9' && n < INT64_MAX / 100; text++)
		n = n * 10 + (*text - '0');
	return n;
}

/* The first line of the group's file NAME, or NULL. */
static char *group_file(struct group *g, const char *name, struct lines *l)
{
	size_t n = strlen(g->dir);
	char *line;

	copy(g->dir + n, name, sizeof(g->dir) - n);
	if (!lines_open(l, g->dir)) {
		g->dir[n] = 0;
		return NULL;
	}
	g->dir[n] = 0;
	line = lines_next(l);
	lines_close(l);
	return line;
}

static void read_limit(struct group *g, struct lines *l, int64_t *quota_us,
		       int64_t *period_us)
{
	char *line;

	if (g->version == 1) {
		*quota_us = number(group_file(g, "/cpu.cfs_quota_us", l));
		*period_us = number(group_file(g, "/cpu.cfs_period_us", l));
		return;
	}
	line = group_file(g, "/cpu.max", l);
	*quota_us = number(field(&line, ' '));
	*period_us = number(line);
}

/* CPUs the group grants, INT32_MAX when it sets no limit. */
static int32_t group_cpus(struct group *g, struct lines *l)
{
	int64_t quota_us, period_us, cpus;

	find_group(g, l);
	if (!g->version || !find_dir(g, l))
		return INT32_MAX;
	read_limit(g, l, &quota_us, &period_us);
	if (quota_us <= 0 || period_us <= 0)
		return INT32_MAX;
	cpus = (quota_us - 1) / period_us + 1;
	if (cpus < CPUS_MIN)
		return CPUS_MIN;
	return cpus < INT32_MAX ? (int32_t)cpus : INT32_MAX;
}

static int32_t affinity_cpus(void)
{
	uint64_t mask[CPUS_MAX / 64];
	long bytes = sys_call(SYS_sched_getaffinity, 0, sizeof(mask), mask, 0);
	int32_t n = 0;

	for (long i = 0; i < bytes / 8; i++)
		n += __builtin_popcountll(mask[i]);
	return n > 0 ? n : 1;
}

int32_t quota_cpus(void)
{
	/* 13 KiB, for the length of this call. */
	struct work {
		struct group g;
		struct lines l;
	} *w = sys_map(sizeof(*w));
	int32_t cpus = affinity_cpus();
	int32_t limit;

	if (!w)
		return cpus;
	limit = group_cpus(&w->g, &w->l);
	sys_unmap(w, sizeof(*w));
	return limit < cpus ? limit : cpus;
}
