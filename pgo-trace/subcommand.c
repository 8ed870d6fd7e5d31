#include "pgo-trace/subcommand.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "pgo-trace/interrupt.h"

enum { LOOK_MS = 100 };

static int begin(struct subcommand *s, const char *const *words)
{
	char *argv[SUBCOMMAND_WORDS_MAX + 2] = { (char *)"pgo-trace" };
	posix_spawn_file_actions_t files;
	int rc;

	for (int i = 0; i < SUBCOMMAND_WORDS_MAX && words[i]; i++)
		argv[i + 1] = (char *)(uintptr_t)words[i];
	posix_spawn_file_actions_init(&files);
	/* It finds an end there; in an empty root there is no /dev/null. */
	posix_spawn_file_actions_adddup2(&files, s->said, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, s->out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, s->said, STDERR_FILENO);
	rc = -posix_spawn(&s->pid, "/proc/self/exe", &files, NULL, argv,
			  environ);
	posix_spawn_file_actions_destroy(&files);
	if (rc < 0) {
		s->pid = 0;
		return rc;
	}
	s->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	return s->pidfd < 0 ? -errno : 0;
}

int subcommand_begin(struct subcommand *s, const char *const *words,
		     struct err *e)
{
	int rc = 0;

	*s = (struct subcommand){ .pidfd = -1, .out = -1, .said = -1 };
	s->begin_ns = clock_mono_ns();
	s->out = memfd_create("out", MFD_CLOEXEC);
	if (s->out >= 0)
		s->said = memfd_create("said", MFD_CLOEXEC);
	if (s->said < 0)
		rc = -errno;
	if (rc == 0)
		rc = begin(s, words);
	return rc < 0 ? err_set(e, rc, "pgo-trace %s", words[0]) : 0;
}

/* Its exit status, once it has ended. */
static int reap(struct subcommand *s)
{
	int status = -1;

	while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
		;
	s->pid = 0;
	return status;
}

int subcommand_end(struct subcommand *s, int64_t until_ns)
{
	struct pollfd p = { .fd = s->pidfd, .events = POLLIN };

	while (!interrupted() && clock_mono_ns() < until_ns)
		if (poll(&p, 1, LOOK_MS) > 0)
			return reap(s) == 0 ? 0 : -EIO;
	kill(s->pid, SIGKILL);
	reap(s);
	return interrupted() ? -EINTR : -ETIMEDOUT;
}

void subcommand_said(const struct subcommand *s, char out[SUBCOMMAND_SAID_MAX])
{
	static const char name[] = "pgo-trace: ";
	ssize_t n = pread(s->said, out, SUBCOMMAND_SAID_MAX - 1, 0);
	size_t skip = strlen(name);

	n = n < 0 ? 0 : n;
	while (n && out[n - 1] == '\n')
		n--;
	out[n] = '\0';
	if (!strncmp(out, name, skip))
		memmove(out, out + skip, strlen(out + skip) + 1);
}

void subcommand_release(struct subcommand *s)
{
	if (s->pid) {
		kill(s->pid, SIGKILL);
		reap(s);
	}
	if (s->pidfd >= 0)
		close(s->pidfd);
	if (s->out >= 0)
		close(s->out);
	if (s->said >= 0)
		close(s->said);
}
