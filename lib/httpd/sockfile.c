/*
 * A socket file that nobody answers at was left by a process that died; one
 * that answers is somebody's.  A process in between, which has made the file
 * and does not listen yet, is alive: in the default place the file's name says
 * which it is.  One of another pid namespace may look dead, but answers.
 */
#include "lib/httpd/sockfile.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SWEPT_MAX = 1000 };      /* at a program's start; others come */

/* Whose socket is at PATH: a pid, 0 when it is a live one of somebody, or
 * -ECONNREFUSED, -ENOENT, -E. */
static int owner_of(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct ucred peer = { 0 };
	socklen_t bytes = sizeof(peer);
	int fd, rc;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	rc = connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) ? -errno : 0;
	if (rc == 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes))
		peer.pid = 0;
	close(fd);
	/* Its queue is full: somebody lives there. */
	return rc == -EAGAIN ? 0 : rc ? rc : peer.pid;
}

int sockfile_replace(const char *path, struct err *e)
{
	struct stat st;
	int rc;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : err_set(e, -errno, "unix:%s",
						     path);
	if (!S_ISSOCK(st.st_mode))
		return err_say(e, -EEXIST, "unix:%s: is there and no socket "
			       "(another path)", path);
	rc = owner_of(path);
	if (rc >= 0)
		return err_say(e, -EADDRINUSE, "unix:%s: process %d listens "
			       "there (another path)", path, rc);
	if (rc != -ECONNREFUSED)
		return err_set(e, rc, "unix:%s", path);
	if (unlink(path) && errno != ENOENT)
		return err_set(e, -errno, "unix:%s", path);
	return 0;
}

/* NAME is PID.sock of a process that is not there. */
static bool is_of_the_dead(const char *name)
{
	char *end;
	long pid = strtol(name, &end, 10);

	return pid > 0 && pid <= INT_MAX && !strcmp(end, ".sock") &&
	       kill((pid_t)pid, 0) && errno == ESRCH;
}

void sockfile_sweep(const char *dir)
{
	DIR *d = opendir(dir);
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct dirent *entry;
	int n;

	for (int i = 0; d && i < SWEPT_MAX && (entry = readdir(d)); i++) {
		if (entry->d_type != DT_SOCK || !is_of_the_dead(entry->d_name))
			continue;
		n = snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (n > 0 && (size_t)n < sizeof(path) &&
		    owner_of(path) == -ECONNREFUSED)
			unlink(path);
	}
	if (d)
		closedir(d);
}
