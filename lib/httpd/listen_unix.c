/*
 * Unix sockets.
 *
 * Of the default place only a folder is trusted that is ours and closed to
 * others: /tmp is anyone's.  The socket is 0600 from its first moment, by the
 * mode of the file descriptor, for umask() is the whole program's.
 */
#include "lib/httpd/listen_unix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/httpd/sockfile.h"

enum { BACKLOG = 64 };

/* The default place -------------------------------------------------------- */

static int check_folder(const char *dir, struct err *e)
{
	struct stat st;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_set(e, -errno, "%s", dir);
	rc = fstat(fd, &st) ? -errno : 0;
	close(fd);
	if (rc)
		return err_set(e, rc, "%s", dir);
	if (st.st_uid != geteuid() || (st.st_mode & 077))
		return err_say(e, -EPERM, "%s: not a folder of uid %d with "
			       "mode 0700 (remove it, or unix:PATH)", dir,
			       (int)geteuid());
	return 0;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int default_folder(char *dir, size_t bytes, struct err *e)
{
	const char *xdg = secure_getenv("XDG_RUNTIME_DIR");
	char run[64];
	int n;

	snprintf(run, sizeof(run), "/run/user/%d", (int)geteuid());
	if (xdg && xdg[0] == '/')
		n = snprintf(dir, bytes, "%s/pgo", xdg);
	else if (is_folder(run))
		n = snprintf(dir, bytes, "%s/pgo", run);
	else
		n = snprintf(dir, bytes, "/tmp/pgo-%d", (int)geteuid());
	if (n < 0 || (size_t)n >= bytes)
		return err_set(e, -ENAMETOOLONG, "%.100s", xdg);
	if (mkdir(dir, 0700) && errno != EEXIST)
		return err_set(e, -errno, "%s", dir);
	return check_folder(dir, e);
}

static int default_path(struct sockaddr_un *sa, struct err *e)
{
	char dir[sizeof(sa->sun_path)];
	int n, rc = default_folder(dir, sizeof(dir), e);

	if (rc)
		return rc;
	sockfile_sweep(dir);
	n = snprintf(sa->sun_path, sizeof(sa->sun_path), "%s/%d.sock", dir,
		     (int)getpid());
	if (n < 0 || (size_t)n >= sizeof(sa->sun_path))
		return err_set(e, -ENAMETOOLONG, "%s", dir);
	return 0;
}

/* Binding ------------------------------------------------------------------ */

static int make_socket(const struct sockaddr_un *sa, int *out)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0600) ||
	    bind(fd, (const struct sockaddr *)sa, sizeof(*sa)) ||
	    listen(fd, BACKLOG))
		rc = -errno;
	if (rc)
		close(fd);
	else
		*out = fd;
	return rc;
}

int listen_unix(struct listener *l, const char *path, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd, rc = 0;

	if (strlen(path) >= sizeof(sa.sun_path))
		return err_set(e, -ENAMETOOLONG, "unix:%s", path);
	strcpy(sa.sun_path, path);
	if (!path[0])
		rc = default_path(&sa, e);
	if (rc)
		return rc;
	rc = make_socket(&sa, &fd);
	if (rc == -EADDRINUSE) {
		rc = sockfile_replace(sa.sun_path, e);
		if (rc)
			return rc;
		rc = make_socket(&sa, &fd);
	}
	if (rc)
		return err_set(e, rc, "unix:%s", sa.sun_path);
	l->fds[l->n++] = fd;
	strcpy(l->path, sa.sun_path);
	snprintf(l->address, sizeof(l->address), "unix:%s", sa.sun_path);
	return 0;
}
