/*
 * The child is pgo-sym --serve (symbolizer/serve.h has the lines): made with
 * CLONE_VFORK and no exit signal, so that no page table is copied and neither
 * SIGCHLD nor wait() of the program tell of it.  Where it lies: PGO_SYM, or
 * bin beside the folder of the program's run path, which pgo-cc put there, or
 * /usr/bin; never PATH.
 *
 * An answer is kept as text by its pc: ten thousand goroutines on one stack
 * ask once a frame.
 */
#include "runtime/source.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buildid.h"
#include "lib/base/clock.h"
#include "lib/wire/text.h"
#include "runtime/names.h"
#include "runtime/sys.h"
#include "symbolizer/serve.h"

#define PATIENCE_NS INT64_C(3000000000)

enum { PATH_BYTES = 1024, HEAD_BYTES = 4096 };

/* Where pgo-sym lies ------------------------------------------------------- */

static bool is_there(const char *path)
{
	return !sys_call(SYS_access, path, X_OK, 0, 0);
}

/* The first N bytes of DIR, then TAIL. */
static bool join(char *out, const char *dir, size_t n, const char *tail)
{
	size_t tail_bytes = strlen(tail) + 1;

	if (n + tail_bytes > PATH_BYTES)
		return false;
	memcpy(out, dir, n);
	memcpy(out + n, tail, tail_bytes);
	return is_there(out);
}

/* The program's dynamic section; none in a static one. */
#pragma weak _DYNAMIC

static const char *run_path(void)
{
	const char *strings = NULL;
	ElfW(Xword) at = 0;

	for (const ElfW(Dyn) *d = _DYNAMIC; d && d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_STRTAB)
			strings = (const char *)d->d_un.d_ptr;
		if (d->d_tag == DT_RUNPATH || d->d_tag == DT_RPATH)
			at = d->d_un.d_val;
	}
	return strings && at ? strings + at : "";
}

static bool beside_run_path(char *out)
{
	const char *p = run_path();

	while (*p) {
		size_t n = strcspn(p, ":");

		if (*p == '/' && join(out, p, n, "/../bin/pgo-sym"))
			return true;
		p += n + (p[n] == ':');
	}
	return false;
}

static bool find_sym(char *out)
{
	const char *given = secure_getenv("PGO_SYM");

	if (given)
		return join(out, given, strlen(given), "");
	return beside_run_path(out) || join(out, "/usr/bin/pgo-sym", 16, "");
}

/* The child ---------------------------------------------------------------- */

struct start {
	const char *file;
	int fd;
};

/* libc's clone(), by the name that the thread sanitizer leaves alone: its own
 * has the child, where nothing ends it, put the calling thread into the state
 * of a forked one. */
int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);

/* In the child, on S->stack, with our memory until it is pgo-sym. */
static _Noreturn int become(void *arg)
{
	const struct start *start = arg;
	const char *argv[] = { start->file, "--serve", NULL };

	/* Past 0 and 1, if these were closed: dup2() of the same is none. */
	long fd = sys_call(SYS_fcntl, start->fd, F_DUPFD, 2, 0);

	sys_call(SYS_dup2, fd, 0, 0, 0);
	sys_call(SYS_dup2, fd, 1, 0, 0);
	sys_call(SYS_close, fd, 0, 0, 0);
	sys_call(SYS_close_range, 3u, ~0u, 0, 0);
	sys_call(SYS_execve, start->file, argv, environ, 0);
	for (;;)
		sys_call(SYS_exit, 127, 0, 0, 0);
}

/* All signals stay blocked in it: a Ctrl-C is not meant for it. */
static void start(struct source *s)
{
	char path[PATH_BYTES];
	struct start start = { .file = path };
	uint64_t all = ~0ULL, old;
	int fds[2];

	s->state = SOURCE_GONE;
	if (!find_sym(path) ||
	    sys_call(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
		     fds))
		return;
	start.fd = fds[1];
	sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old, sizeof(all));
	s->pid = __clone(become, s->stack + SOURCE_STACK,
			 CLONE_VM | CLONE_VFORK, &start);
	sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, sizeof(old));
	sys_call(SYS_close, fds[1], 0, 0, 0);
	s->fd = fds[0];
	if (s->pid < 0) {
		sys_call(SYS_close, s->fd, 0, 0, 0);
		return;
	}
	s->state = SOURCE_SERVING;
	s->deadline_ns = clock_mono_ns() + PATIENCE_NS;
}

void source_end(struct source *s)
{
	if (s->state == SOURCE_SERVING) {
		sys_call(SYS_close, s->fd, 0, 0, 0);
		sys_call(SYS_kill, s->pid, SIGKILL, 0, 0);
		sys_call(SYS_wait4, s->pid, NULL, __WALL, 0);
	}
	s->state = SOURCE_GONE;
}

/* Asking ------------------------------------------------------------------- */

/* A field of a question, escaped. */
static void put_field(const struct text_sink *t, const char *field)
{
	char c[2] = { 0 };

	for (; *field; field++) {
		c[0] = *field;
		text_put(t, *field == '\t' ? "\\t" : *field == '\n' ? "\\n" :
			    *field == '\\' ? "\\\\" : c);
	}
}

/* The program's file may have been built anew since it was started. */
static const char *build_id(const struct name *name, char *hex)
{
	extern const char __ehdr_start[] __attribute__((weak,
							visibility("hidden")));
	struct buildid id = { 0 };

	if (name->is_program && __ehdr_start)
		buildid_of_image(&id, __ehdr_start, HEAD_BYTES);
	return buildid_hex(&id, hex);
}

static bool ask(struct source *s, const struct name *name)
{
	struct text_room room = { .p = s->answer, .bytes = SOURCE_ANSWER };
	struct text_sink t = { text_room_put, &room };
	char hex[2 * BUILDID_MAX + 1];

	put_field(&t, name->file);
	text_put(&t, "\t");
	text_put(&t, build_id(name, hex));
	text_put(&t, "\t");
	text_hex(&t, name->file_address);
	text_put(&t, "\n");
	return room.len <= room.bytes &&
	       sys_call6(SYS_sendto, s->fd, (long)s->answer, (long)room.len,
			 MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0) == (long)room.len;
}

/* An empty line ends an answer. */
static bool is_whole(const char *text, size_t n)
{
	return n && text[n - 1] == '\n' && (n == 1 || text[n - 2] == '\n');
}

static bool receive(struct source *s)
{
	size_t n = 0;

	while (!is_whole(s->answer, n)) {
		struct pollfd pfd = { s->fd, POLLIN, 0 };
		int64_t left_ns = s->deadline_ns - clock_mono_ns();
		long got;

		if (left_ns <= 0 || n == SOURCE_ANSWER - 1)
			return false;
		sys_call(SYS_poll, &pfd, 1, left_ns / 1000000 + 1, 0);
		got = sys_call6(SYS_recvfrom, s->fd, (long)(s->answer + n),
				(long)(SOURCE_ANSWER - 1 - n), MSG_DONTWAIT, 0,
				0);
		if (got == -EINTR || got == -EAGAIN)
			continue;
		if (got <= 0)
			return false;
		n += (size_t)got;
	}
	s->answer[n] = 0;
	return true;
}

/* Remembering -------------------------------------------------------------- */

static size_t place(uintptr_t pc)
{
	return (pc * 0x9e3779b97f4a7c15ULL) >> 54;
}

_Static_assert(SOURCE_MEMO == 1 << (64 - 54), "place() gives ten bits");

static void remember(struct source *s, uintptr_t pc)
{
	size_t bytes = strlen(s->answer) + 1;

	if (bytes > SOURCE_TEXT - s->text_used)
		return;
	s->memo[place(pc)].pc = pc;
	s->memo[place(pc)].text = memcpy(s->text + s->text_used, s->answer,
					 bytes);
	s->text_used += bytes;
}

static bool recall(struct source *s, uintptr_t pc)
{
	if (s->memo[place(pc)].pc != pc)
		return false;
	memcpy(s->answer, s->memo[place(pc)].text,
	       strlen(s->memo[place(pc)].text) + 1);
	return true;
}

/* FUNC LINKAGE FILE LINE COLUMN START_LINE INLINED */
static bool cut_line(char *text, struct source_line *out)
{
	char *field[SERVE_FRAME_FIELDS];

	if (serve_split(text, field, SERVE_FRAME_FIELDS) != SERVE_FRAME_FIELDS)
		return false;
	serve_unescape(field[0]);
	serve_unescape(field[2]);
	out->func = field[0];
	out->file = field[2];
	out->line = 0;
	for (const char *c = field[3]; *c >= '0' && *c <= '9'; c++)
		out->line = out->line * 10 + (uint32_t)(*c - '0');
	return true;
}

static size_t cut(struct source *s)
{
	char *line = s->answer;
	size_t n = 0;

	while (*line && *line != '\n' && n < SOURCE_LINES) {
		char *end = line + strcspn(line, "\n");

		*end = 0;
		if (!cut_line(line, &s->line[n]))
			return 0;
		n++;
		line = end + 1;
	}
	return n;
}

size_t source_find(struct source *s, uintptr_t pc, const struct name *name)
{
	if (!name->file || !name->file_address)
		return 0;
	if (recall(s, pc))
		return cut(s);
	if (s->state == SOURCE_FRESH)
		start(s);
	if (s->state != SOURCE_SERVING)
		return 0;
	if (!ask(s, name) || !receive(s)) {
		source_end(s);
		return 0;
	}
	remember(s, pc);
	return cut(s);
}
