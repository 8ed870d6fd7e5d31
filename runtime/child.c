/*
 * Children of the program's, and threads: they get the program's signal mask,
 * not an M's.  fork() is seen by pthread_atfork(); what is here makes processes
 * past it, or becomes another program.
 */
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <wordexp.h>

#include <pgo/cdefs.h>
#include <pgo/sys.h>

#include "runtime/m.h"
#include "runtime/signal.h"

struct call {
	void *fn;
	long a[6];
};

typedef long c_fn(long, long, long, long, long, long);

/* On the thread's stack. */
static void *call_as_program(const struct call *c)
{
	c_fn *fn = (c_fn *)c->fn;
	uint64_t before = 0;
	long rc;

	if (m_get())
		before = signal_set_mask(signal_program_mask());
	rc = fn(c->a[0], c->a[1], c->a[2], c->a[3], c->a[4], c->a[5]);
	if (m_get())
		signal_set_mask(before);
	return (void *)rc;
}

#define AS_PROGRAM(fn, ...) \
	pgo_sys((void *)call_as_program, \
		&(struct call){ (void *)(fn), { __VA_ARGS__ } })

int __real_posix_spawn(pid_t *, const char *,
		       const posix_spawn_file_actions_t *,
		       const posix_spawnattr_t *, char *const[], char *const[]);
int __real_posix_spawnp(pid_t *, const char *,
			const posix_spawn_file_actions_t *,
			const posix_spawnattr_t *, char *const[],
			char *const[]);
int __real_system(const char *);
FILE *__real_popen(const char *, const char *);
int __real_wordexp(const char *, wordexp_t *, int);
int __real_execve(const char *, char *const[], char *const[]);
int __real_execv(const char *, char *const[]);
int __real_execvp(const char *, char *const[]);
int __real_execvpe(const char *, char *const[], char *const[]);
int __real_fexecve(int, char *const[], char *const[]);
int __real_execveat(int, const char *, char *const[], char *const[], int);
PGO_API int __wrap_posix_spawn(pid_t *pid, const char *path,
			       const posix_spawn_file_actions_t *actions,
			       const posix_spawnattr_t *attr,
			       char *const argv[], char *const envp[]);
PGO_API int __wrap_posix_spawnp(pid_t *pid, const char *file,
				const posix_spawn_file_actions_t *actions,
				const posix_spawnattr_t *attr,
				char *const argv[], char *const envp[]);
PGO_API int __wrap_system(const char *command);
PGO_API FILE *__wrap_popen(const char *command, const char *type);
PGO_API int __wrap_wordexp(const char *s, wordexp_t *we, int flags);
PGO_API int __wrap_execve(const char *path, char *const argv[],
			  char *const envp[]);
PGO_API int __wrap_execv(const char *path, char *const argv[]);
PGO_API int __wrap_execvp(const char *file, char *const argv[]);
PGO_API int __wrap_execvpe(const char *file, char *const argv[],
			   char *const envp[]);
PGO_API int __wrap_fexecve(int fd, char *const argv[], char *const envp[]);
PGO_API int __wrap_execveat(int fd, const char *path, char *const argv[],
			    char *const envp[], int flags);
PGO_API int __wrap_execl(const char *path, const char *arg, ...);
PGO_API int __wrap_execlp(const char *file, const char *arg, ...);
PGO_API int __wrap_execle(const char *path, const char *arg, ...);

int __wrap_posix_spawn(pid_t *pid, const char *path,
		       const posix_spawn_file_actions_t *actions,
		       const posix_spawnattr_t *attr, char *const argv[],
		       char *const envp[])
{
	return (int)(intptr_t)AS_PROGRAM(__real_posix_spawn, (long)pid,
					 (long)path, (long)actions, (long)attr,
					 (long)argv, (long)envp);
}

int __wrap_posix_spawnp(pid_t *pid, const char *file,
			const posix_spawn_file_actions_t *actions,
			const posix_spawnattr_t *attr, char *const argv[],
			char *const envp[])
{
	return (int)(intptr_t)AS_PROGRAM(__real_posix_spawnp, (long)pid,
					 (long)file, (long)actions, (long)attr,
					 (long)argv, (long)envp);
}

int __wrap_system(const char *command)
{
	return (int)(intptr_t)AS_PROGRAM(__real_system, (long)command);
}

FILE *__wrap_popen(const char *command, const char *type)
{
	return AS_PROGRAM(__real_popen, (long)command, (long)type);
}

int __wrap_wordexp(const char *s, wordexp_t *we, int flags)
{
	return (int)(intptr_t)AS_PROGRAM(__real_wordexp, (long)s, (long)we,
					 flags);
}

int __wrap_execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)(intptr_t)AS_PROGRAM(__real_execve, (long)path,
					 (long)argv, (long)envp);
}

int __wrap_execv(const char *path, char *const argv[])
{
	return (int)(intptr_t)AS_PROGRAM(__real_execv, (long)path,
					 (long)argv);
}

int __wrap_execvp(const char *file, char *const argv[])
{
	return (int)(intptr_t)AS_PROGRAM(__real_execvp, (long)file,
					 (long)argv);
}

int __wrap_execvpe(const char *file, char *const argv[], char *const envp[])
{
	return (int)(intptr_t)AS_PROGRAM(__real_execvpe, (long)file,
					 (long)argv, (long)envp);
}

int __wrap_fexecve(int fd, char *const argv[], char *const envp[])
{
	return (int)(intptr_t)AS_PROGRAM(__real_fexecve, fd, (long)argv,
					 (long)envp);
}

int __wrap_execveat(int fd, const char *path, char *const argv[],
		    char *const envp[], int flags)
{
	return (int)(intptr_t)AS_PROGRAM(__real_execveat, fd, (long)path,
					 (long)argv, (long)envp, flags);
}

/* Arguments one by one ----------------------------------------------------- */

enum { LIST_MAX = 1 << 17 };    /* 1 MiB of the thread's stack */

struct list {
	void *exec;             /* execve() or execvpe() */
	const char *file;
	const char *first;
	va_list more;
	bool with_env;          /* behind the NULL, instead of environ */
};

static size_t count(struct list *l)
{
	size_t n = l->first != NULL;
	va_list more;

	va_copy(more, l->more);
	while (l->first && n < LIST_MAX && va_arg(more, char *))
		n++;
	va_end(more);
	return n;
}

/* On the thread's stack, and no malloc: it may be the child of a fork(). */
static void *exec_list(struct list *l)
{
	size_t n = count(l);
	char *const *env = environ;
	const char **argv;

	if (n == LIST_MAX) {
		errno = E2BIG;
		return (void *)-1L;
	}
	argv = __builtin_alloca((n + 1) * sizeof(*argv));
	argv[0] = l->first;
	for (size_t i = 1; i <= n; i++)
		argv[i] = va_arg(l->more, char *);
	if (l->with_env)
		env = va_arg(l->more, char *const *);
	return call_as_program(&(struct call){
		l->exec, { (long)l->file, (long)argv, (long)env } });
}

static int run_list(void *exec, const char *file, const char *first,
		    bool with_env, va_list more)
{
	struct list l = { exec, file, first, .with_env = with_env };
	void *rc;

	va_copy(l.more, more);
	rc = pgo_sys((void *)exec_list, &l);
	va_end(l.more);
	return (int)(intptr_t)rc;
}

int __wrap_execl(const char *path, const char *arg, ...)
{
	va_list more;
	int rc;

	va_start(more, arg);
	rc = run_list((void *)__real_execve, path, arg, false, more);
	va_end(more);
	return rc;
}

int __wrap_execlp(const char *file, const char *arg, ...)
{
	va_list more;
	int rc;

	va_start(more, arg);
	rc = run_list((void *)__real_execvpe, file, arg, false, more);
	va_end(more);
	return rc;
}

int __wrap_execle(const char *path, const char *arg, ...)
{
	va_list more;
	int rc;

	va_start(more, arg);
	rc = run_list((void *)__real_execve, path, arg, true, more);
	va_end(more);
	return rc;
}
