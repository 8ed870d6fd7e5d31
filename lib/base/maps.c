/*
 * /proc/PID/maps, a line each:
 *
 *   55d0c000-55d0d000 r-xp 00001000 fe:01 1234    /usr/bin/cat (deleted)
 *
 * The kernel writes a newline in a name as \012 and nothing else that way, and
 * " (deleted)" behind names that are gone.
 */
#include "lib/base/maps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 99;
}

/* Takes a number in BASE that ends at the character STOP, and that too. */
static bool number(char **p, unsigned int base, char stop, uint64_t *out)
{
	char *s = *p;
	uint64_t v = 0;
	int digit;

	for (; (digit = digit_of(*s)) < (int)base; s++)
		if (__builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit, &v))
			return false;
	if (s == *p || *s != stop)
		return false;
	*out = v;
	*p = s + 1;
	return true;
}

static bool perms(char **p, uint8_t *out)
{
	static const char letters[] = "rwxs";
	char *s = *p;
	int i;

	*out = 0;
	for (i = 0; i < 4; i++) {
		if (s[i] == letters[i])
			*out |= (uint8_t)(1 << i);
		else if (s[i] != (i == 3 ? 'p' : '-'))
			return false;
	}
	if (s[4] != ' ')
		return false;
	*p = s + 5;
	return true;
}

static void unescape(char *s)
{
	char *out = s;

	while (*s) {
		if (!strncmp(s, "\\012", 4)) {
			*out++ = '\n';
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

static void take_path(struct map *m, char *s)
{
	static const char gone[] = " (deleted)";
	size_t len;

	s += strspn(s, " ");
	len = strlen(s);
	if (m->inode && len >= sizeof(gone) &&
	    !strcmp(s + len - (sizeof(gone) - 1), gone)) {
		m->deleted = true;
		s[len - (sizeof(gone) - 1)] = '\0';
	}
	unescape(s);
	m->path = s;
}

/* LINE is a string without its newline; the path stays in it. */
static int parse_line(struct map *m, char *line)
{
	uint64_t major, minor;
	char *p = line;

	*m = (struct map){ 0 };
	if (!number(&p, 16, '-', &m->start) || !number(&p, 16, ' ', &m->end) ||
	    !perms(&p, &m->perms) || !number(&p, 16, ' ', &m->offset) ||
	    !number(&p, 16, ':', &major) || !number(&p, 16, ' ', &minor) ||
	    m->end <= m->start)
		return -EBADMSG;
	/* Nothing may follow the inode, not even a blank. */
	if (!number(&p, 10, ' ', &m->inode) &&
	    !(number(&p, 10, '\0', &m->inode) && p--))
		return -EBADMSG;
	m->dev_major = (uint32_t)major;
	m->dev_minor = (uint32_t)minor;
	take_path(m, p);
	return 0;
}

static size_t count_lines(const char *text, size_t n)
{
	size_t lines = 0, i;

	for (i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines + (n && text[n - 1] != '\n');
}

/* A mapping that had merged with the one before it by the time the kernel
 * wrote its line: what of it is new. */
static bool trim(struct map *m, const struct map *before)
{
	if (m->end <= before->end)
		return false;
	m->offset += before->end - m->start;
	m->start = before->end;
	return true;
}

/* LIVE: lines may be of different moments. */
static int parse(struct maps *m, char *text, size_t n, bool live,
		 struct err *e)
{
	size_t lines = count_lines(text, n), i;
	char *line = text, *end;
	struct map *at;
	int rc;

	m->maps = calloc(lines ? lines : 1, sizeof(*m->maps));
	if (!m->maps)
		return err_set(e, -ENOMEM, "%zu mappings", lines);
	for (i = 0; i < lines; i++) {
		end = memchr(line, '\n', (size_t)(text + n - line));
		if (!end)
			end = text + n;
		*end = '\0';
		at = &m->maps[m->n];
		rc = parse_line(at, line);
		if (rc < 0)
			return err_say(e, rc, "line %zu is no mapping", i + 1);
		line = end + 1;
		if (!m->n || at->start >= at[-1].end)
			m->n++;
		else if (!live)
			return err_say(e, -EBADMSG, "line %zu overlaps the "
				       "one before", i + 1);
		else
			m->n += trim(at, at - 1);
	}
	return 0;
}

static int parse_copy(struct maps *m, const char *text, size_t n, bool live,
		      struct err *e)
{
	int rc;

	*m = (struct maps){ 0 };
	if (n > MAPS_BYTES_MAX)
		return err_say(e, -EFBIG, "more than %zu bytes of mappings",
			       MAPS_BYTES_MAX);
	m->text = malloc(n + 1);
	if (!m->text)
		return err_set(e, -ENOMEM, "%zu bytes of mappings", n);
	if (n)
		memcpy(m->text, text, n);
	rc = parse(m, m->text, n, live, e);
	if (rc < 0)
		maps_release(m);
	return rc;
}

int maps_parse(struct maps *m, const char *text, size_t n, struct err *e)
{
	return parse_copy(m, text, n, false, e);
}

int maps_read(struct maps *m, pid_t pid, struct err *e)
{
	struct buf text = { .cap = MAPS_BYTES_MAX };
	char path[64] = "/proc/thread-self/maps";
	int rc;

	*m = (struct maps){ 0 };
	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	rc = fd_slurp(path, &text, MAPS_BYTES_MAX, e);
	if (rc == 0) {
		rc = parse_copy(m, (const char *)text.data, text.len, true,
				e);
		if (rc < 0)
			err_of(e, "%s", path);
	}
	buf_release(&text);
	return rc;
}

void maps_release(struct maps *m)
{
	free(m->maps);
	free(m->text);
	*m = (struct maps){ 0 };
}

const struct map *maps_find(const struct maps *m, uint64_t addr)
{
	size_t low = 0, high = m->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (m->maps[mid].end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low < m->n && m->maps[low].start <= addr ? &m->maps[low] : NULL;
}
