/*
 * An address space that is looked into from outside: a process, a core file,
 * or, in tests, made-up memory.  The one waist between whoever understands a
 * runtime's structures and wherever their bytes are.
 *
 * Everything read through it is hostile: addresses that come out of it lead
 * anywhere, lengths are lies, memory moves.  Reading never stops the target
 * unless space_freeze() or space_regs() says so.
 *
 * A struct space serves one thread at a time.  [any but g]
 */
#ifndef LIB_TARGET_SPACE_H
#define LIB_TARGET_SPACE_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/base/maps.h"

/* One piece of a batch. */
struct space_piece {
	uint64_t address;
	void *to;
	uint32_t bytes;
	bool ok;                /* out: all of it was read */
};

/* Registers of a thread in user code. */
struct space_regs {
	uint64_t pc, sp, bp, r14, fs_base;
};

struct space_thread {
	pid_t tid;              /* in the target's own pid namespace, as its
				 * runtime stores it */
	pid_t host_tid;         /* in ours; the same in a core */
};

struct space;

struct space_ops {
	int (*readv)(struct space *s, struct space_piece *at, size_t n);
	int (*threads)(struct space *s, struct space_thread *out, size_t max);
	int (*regs)(struct space *s, pid_t host_tid, struct space_regs *out);
	int (*freeze)(struct space *s, bool on, struct err *e);
	int (*check)(struct space *s, struct err *e);
	void (*close)(struct space *s);
};

enum space_kind { SPACE_LIVE, SPACE_CORE, SPACE_MADE_UP };

/* The first member of every kind; readers of it use it as it is. */
struct space {
	const struct space_ops *ops;
	enum space_kind kind;
	char name[256];         /* for messages: "4711", "core.4711" */
	pid_t pid;              /* 0: not known */
	char exe[4096];         /* path of its program as the target names it,
				 * without " (deleted)"; "" unknown */
	char exe_open[64];      /* path it can be opened by: /proc/PID/exe, or
				 * "" : use exe */
	uint64_t bias;          /* address in memory - address in the file, of
				 * the program */
	struct maps maps;       /* as of the last space_remap() */
	char note[160];         /* what a user should know of it: "the core is
				 * cut off: ..."; "" */
	int64_t dumped_ns;      /* wall clock when it was dumped to the core
				 * that is read; 0: it is alive */
	_Atomic uint64_t beats; /* goes up with each system call, so that a
				 * watchdog sees progress; also the count of
				 * them */
};

/*
 * Reads N pieces, in as few system calls as can be, and says of each whether
 * it was had.  0; -ESRCH when the target is gone (then no piece is ok), -EPERM.
 * A piece that is not mapped is not an error.
 */
static inline int space_readv(struct space *s, struct space_piece *at,
			      size_t n)
{
	return s->ops->readv(s, at, n);
}

/* Copies N bytes at ADDRESS.  0, -EFAULT when they are not all there, or as
 * above. */
static inline int space_read(struct space *s, uint64_t address, void *out,
			     uint32_t n)
{
	struct space_piece one = { address, out, n, false };
	int rc = s->ops->readv(s, &one, 1);

	return rc < 0 ? rc : one.ok ? 0 : -EFAULT;
}

/* At most MAX threads; how many there are, or -E. */
static inline int space_threads(struct space *s, struct space_thread *out,
				size_t max)
{
	return s->ops->threads(s, out, max);
}

/* A thread's registers.  A live thread that runs is stopped for some 30 us; one
 * that sleeps in the kernel is not disturbed, and tells pc and sp alone; of a
 * frozen one all are known.  0; -EPERM, -ESRCH; -EBUSY when it cannot be
 * interrupted. */
static inline int space_regs(struct space *s, pid_t host_tid,
			     struct space_regs *out)
{
	return s->ops->regs(s, host_tid, out);
}

/* Stops all threads, or lets them go on.  Nothing to do in a core.  0 or -E
 * with words in E; -EBUSY of the latter says that they went on before, since
 * reading hung. */
static inline int space_freeze(struct space *s, bool on, struct err *e)
{
	return s->ops->freeze(s, on, e);
}

/* Whether it is still the same program: 0; -ESRCH when it has exited, -ESTALE
 * when it has become another by exec(2).  With words in E. */
static inline int space_check(struct space *s, struct err *e)
{
	return s->ops->check(s, e);
}

static inline void space_close(struct space *s)
{
	if (s)
		s->ops->close(s);
}

/* Process PID.  0; -ESRCH, -EPERM (with the way out in E), ... */
int space_open_live(struct space **out, pid_t pid, struct err *e);

/* The core FILE of the program EXE, NULL to find it by the names and build ids
 * in the core.  Defined in core.c. */
int space_open_core(struct space **out, const char *file, const char *exe,
		    struct err *e);

/* Reads s->maps anew.  0 or -E. */
int space_remap(struct space *s, struct err *e);

/* A string of at most MAX - 1 bytes: header {address, length} at ADDRESS, as
 * Go's.  0; -EFAULT; -E2BIG, then OUT is cut. */
int space_read_string(struct space *s, uint64_t address, char *out,
		      size_t max);

#endif
