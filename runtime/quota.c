/*
 * CPUs by affinity and control group.
 *
 * The group is that of /proc/self/cgroup which has the cpu controller: one of
 * version 1 wins over the unified one, since a controller is in one hierarchy
 * only.  Its files are found through /proc/self/mountinfo, whose root field
 * says which part of the hierarchy a container sees.  Like Go 1.25, limits of
 * the groups above are not looked at.  That is done once: later only the limit
 * is read again, by the file's name, for a file kept open would be one more
 * descriptor of the program's.
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

const char *quota_root = "";

/* Where the limit is, once it was looked for. */
static struct {
	bool known;
	int version;                    /* 1 or 2; 0: no limit */
	char dir[LINES_MAX];
} group;

/* 13 KiB, for the length of a look. */
struct work {
	struct lines l;
	char file[LINES_MAX];           /* its name */
	char path[LINES_MAX];           /* the group's in its hierarchy */
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

/* Appends TEXT to the string in PATH, cut. */
static void append(char *path, const char *text)
{
	size_t n = strlen(path);

	copy(path + n, text, LINES_MAX - n);
}

static bool open_file(struct work *w, const char *dir, const char *name)
{
	copy(w->file, dir, LINES_MAX);
	append(w->file, name);
	return lines_open(&w->l, w->file);
}

/* Lines are ID:CONTROLLERS:PATH; the unified hierarchy has no controllers. */
static void find_group(struct work *w)
{
	char *line;

	if (!open_file(w, quota_root, "/proc/self/cgroup"))
		return;
	while (group.version != 1 && (line = lines_next(&w->l)) != NULL) {
		char *id = field(&line, ':');
		char *controllers = field(&line, ':');
		bool unified = !strcmp(id, "0");

		if (!controllers || !line)
			continue;
		if (!unified && !has_word(controllers, "cpu"))
			continue;
		group.version = unified ? 2 : 1;
		copy(w->path, line, LINES_MAX);
	}
	lines_close(&w->l);
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
 * SUPER-OPTIONS.  True when it shows the group at PATH. */
static bool mount_shows(const char *path, char *line)
{
	char *f[6];
	char *type;
	const char *rest;

	for (int i = 0; i < 6; i++)
		if (!(f[i] = field(&line, ' ')))
			return false;
	while ((type = field(&line, ' ')) != NULL && strcmp(type, "-"))
		;
	type = field(&line, ' ');
	if (!type || strcmp(type, group.version == 1 ? "cgroup" : "cgroup2"))
		return false;
	field(&line, ' ');
	if (group.version == 1 && !(line && has_word(line, "cpu")))
		return false;
	unescape(f[3]);
	unescape(f[4]);
	rest = below(path, f[3]);
	if (!rest || strlen(quota_root) + strlen(f[4]) + strlen(rest) +
			     sizeof("/cpu.cfs_period_us") > LINES_MAX)
		return false;
	copy(group.dir, quota_root, LINES_MAX);
	append(group.dir, f[4]);
	append(group.dir, strcmp(rest, "/") ? rest : "");
	return true;
}

static bool find_dir(struct work *w)
{
	bool found = false;
	char *line;

	if (!open_file(w, quota_root, "/proc/self/mountinfo"))
		return false;
	while (!found && (line = lines_next(&w->l)) != NULL)
		found = mount_shows(w->path, line);
	lines_close(&w->l);
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
static char *group_file(struct work *w, const char *name)
{
	char *line;

	if (!open_file(w, group.dir, name))
		return NULL;
	line = lines_next(&w->l);
	lines_close(&w->l);
	return line;
}

static void read_limit(struct work *w, int64_t *quota_us, int64_t *period_us)
{
	char *line;

	if (group.version == 1) {
		*quota_us = number(group_file(w, "/cpu.cfs_quota_us"));
		*period_us = number(group_file(w, "/cpu.cfs_period_us"));
		return;
	}
	line = group_file(w, "/cpu.max");
	*quota_us = number(field(&line, ' '));
	*period_us = number(line);
}

static int32_t group_cpus(struct work *w)
{
	int64_t quota_us, period_us, cpus;

	if (!group.known) {
		group.known = true;
		find_group(w);
		if (group.version && !find_dir(w))
			group.version = 0;
	}
	if (!group.version)
		return INT32_MAX;
	read_limit(w, &quota_us, &period_us);
	if (quota_us <= 0 || period_us <= 0)
		return INT32_MAX;
	cpus = (quota_us - 1) / period_us + 1;
	if (cpus < CPUS_MIN)
		return CPUS_MIN;
	return cpus < INT32_MAX ? (int32_t)cpus : INT32_MAX;
}

int32_t quota_group_cpus(void)
{
	struct work *w = sys_map(sizeof(*w));
	int32_t cpus;

	if (!w)
		return INT32_MAX;
	cpus = group_cpus(w);
	sys_unmap(w, sizeof(*w));
	return cpus;
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

int32_t quota_cpus(bool group_counts)
{
	int32_t cpus = affinity_cpus();
	int32_t limit = group_counts ? quota_group_cpus() : INT32_MAX;

	return limit < cpus ? limit : cpus;
}
