/*
 * Running the linker.  What it says goes into two memory files, not pipes:
 * nothing has to be read while it runs, and nothing can block.
 */

#include "runtime/cc/run.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID_MAX (64u << 20)

extern char **environ;

static int memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		die("memfd_create: %s", strerror(errno));
	return fd;
}

static char *content(int fd)
{
	char *path = str_form("/proc/self/fd/%d", fd);
	char *text = file_read(path, SAID_MAX, NULL);

	close(fd);
	return text ? text : str_copy("");
}

int run(const struct strs *cmd, struct said *said)
{
	int out = memory_file("out"), err = memory_file("err");
	posix_spawn_file_actions_t to;
	int status, rc;
	pid_t pid;

	posix_spawn_file_actions_init(&to);
	posix_spawn_file_actions_adddup2(&to, out, 1);
	posix_spawn_file_actions_adddup2(&to, err, 2);
	rc = posix_spawn(&pid, cmd->v[0], &to, NULL, cmd->v, environ);
	posix_spawn_file_actions_destroy(&to);
	if (rc)
		die("%s: cannot run: %s", cmd->v[0], strerror(rc));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid: %s", strerror(errno));
	said->out = content(out);
	said->err = content(err);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	       128 + WTERMSIG(status);
}
