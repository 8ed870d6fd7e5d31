/*
 * A temporary file beside the final one, renamed when it is complete.
 * RENAME_NOREPLACE decides in one step about a file that came meanwhile; where
 * a filesystem has it not, link(2) does.  A device or a pipe is written to as
 * it is: /dev/null must not become a file.
 */
#include "pgo-trace/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/fd.h"

static int exists(const char *path, struct err *e)
{
	err_set(e, -EEXIST, "%s", path);
	err_way_out(e, "-f overwrites");
	return -EEXIST;
}

static const char *name_of(const struct output *o)
{
	return o->path ? o->path : "stdout";
}

static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) &&
	       !S_ISDIR(st.st_mode);
}

int output_open(struct output *o, const char *path, bool force, struct err *e)
{
	*o = (struct output){ .fd = STDOUT_FILENO, .force = force };
	if (!path || !strcmp(path, "-"))
		return 0;
	o->path = path;
	if (is_special(path)) {
		o->fd = open(path, O_WRONLY | O_CLOEXEC);
		return o->fd < 0 ? err_set(e, -errno, "%s", path) : 0;
	}
	o->fd = -1;
	if (!force && access(path, F_OK) == 0)
		return exists(path, e);
	if (snprintf(o->temp, sizeof(o->temp), "%s.XXXXXX", path) >=
	    (int)sizeof(o->temp))
		return err_set(e, -ENAMETOOLONG, "%.80s...", path);
	o->fd = mkostemp(o->temp, O_CLOEXEC);
	if (o->fd < 0)
		return err_set(e, -errno, "%s", path);
	return 0;
}

int output_write(struct output *o, const void *p, size_t n, struct err *e)
{
	int rc = fd_write_all(o->fd, p, n);

	return rc < 0 ? err_set(e, rc, "%s", name_of(o)) : 0;
}

/* mkostemp() made it for the owner alone; others get what umask leaves. */
static int open_up(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, 0666 & ~mask) < 0 ? -errno : 0;
}

static int put_name(const struct output *o)
{
	if (o->force)
		return rename(o->temp, o->path) < 0 ? -errno : 0;
	if (renameat2(AT_FDCWD, o->temp, AT_FDCWD, o->path,
		      RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (link(o->temp, o->path) < 0)
		return -errno;
	unlink(o->temp);
	return 0;
}

int output_commit(struct output *o, struct err *e)
{
	const char *path = o->path;
	int rc = 0;

	if (path) {
		if (*o->temp)
			rc = open_up(o->fd);
		if (close(o->fd) < 0 && rc == 0)
			rc = -errno;
		if (rc == 0 && *o->temp)
			rc = put_name(o);
		if (rc < 0 && *o->temp)
			unlink(o->temp);
	}
	o->path = NULL;
	o->fd = -1;
	if (rc == -EEXIST)
		return exists(path, e);
	return rc < 0 ? err_set(e, rc, "%s", path) : 0;
}

void output_abort(struct output *o)
{
	if (o->path && o->fd >= 0) {
		close(o->fd);
		if (*o->temp)
			unlink(o->temp);
	}
	o->path = NULL;
	o->fd = -1;
}
