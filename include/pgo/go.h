/* Goroutines: start, yield, sleep, end. */
#ifndef PGO_GO_H
#define PGO_GO_H

#include <stddef.h>
#include <stdint.h>

#include <pgo/cdefs.h>

PGO_BEGIN

/*
 * Runs FN(ARG) as goroutine 1 on the calling thread, which becomes M0, and
 * returns when FN has returned: 0, or -EBUSY when other goroutines still
 * lived.  Those that run then have 10 ms to end; after that, and those that
 * wait at once, stop at their next safe point and never run again.  A second
 * pgo_run() in one process is -EALREADY; -ENOMEM and -EAGAIN when threads or
 * memory cannot be had.  [any, once]
 */
PGO_API int pgo_run(void (*fn)(void *), void *arg);

/*
 * For a program that owns its main() and its threads, or a library: starts
 * the threads that run goroutines beside the caller's, and returns.  0, or
 * -EALREADY when pgo_run() or pgo_start() was called before, by any thread:
 * then too pgo_go() works from here on; -ENOMEM and -EAGAIN when memory or
 * threads cannot be had.  There is no goroutine 1.  exit() ends the program as
 * it ends any with threads: goroutines do not keep it alive.  [any]
 */
PGO_API int pgo_start(void);

/*
 * Starts a goroutine that calls FN(ARG) and ends when FN returns.  Returns its
 * id (2, 3, ...), or -ENOMEM, or -EINVAL before pgo_run() or pgo_start() and
 * after pgo_run().
 * [any]
 */
PGO_API int64_t pgo_go(void (*fn)(void *), void *arg);

/* Kinds of stacks. */
enum {
	PGO_STACK_DEFAULT = 0,          /* as the program was linked */
	PGO_STACK_SEGMENTED = 1,        /* 2 KiB that grow piece by piece */
	PGO_STACK_CONTIGUOUS = 2,       /* all of it reserved at the start */
};

/* What a goroutine shall be; members that are zero are as usual, and so are
 * those beyond SIZE. */
struct pgo_go_opts {
	size_t size;                    /* sizeof(struct pgo_go_opts) */
	int stack;                      /* PGO_STACK_... */
	size_t stack_bytes;             /* contiguous: room for frames, 229 KiB
					 * by default; segmented: the first
					 * segment.  At least so much */
};

/*
 * The same with options; NULL or all zero is pgo_go().  Besides what that
 * returns, -EINVAL for options that make no sense, and -ENOTSUP for segments
 * in a program that has code on goroutines that does not check its stack.
 * [any]
 */
PGO_API int64_t pgo_go_opts(const struct pgo_go_opts *o, void (*fn)(void *),
			    void *arg);

/* Lets others run; on a thread that runs no goroutine, nothing.  [any] */
PGO_API void pgo_yield(void);

/* Parks the goroutine, or puts a thread that runs none to sleep, for at least
 * NS nanoseconds; 0 or less yields.  [any] */
PGO_API void pgo_sleep(int64_t ns);

/* Ends the calling goroutine.  In goroutine 1 the program goes on until the
 * others have ended, then dies of a deadlock, as in Go.  [g] */
PGO_API PGO_NORETURN void pgo_goexit(void);

/* A safe point for loops that call nothing and that no signal may interrupt,
 * see pgo-cc(1): yields when asked to.  [g] */
PGO_API void pgo_poll(void);

/*
 * Ties the goroutine to its thread: until as many unlocks it runs on no other,
 * and the thread runs nobody else.  For libraries that keep state in
 * thread-locals, and for what the kernel keeps by thread (namespaces, priority,
 * credentials).  A thread that is still locked when its goroutine ends, ends
 * with it.  Goroutines started meanwhile are not locked.  On a thread that runs
 * no goroutine, nothing.  [any]
 */
PGO_API void pgo_lock_os_thread(void);

/* Takes one pgo_lock_os_thread() back; without one, nothing.  [any] */
PGO_API void pgo_unlock_os_thread(void);

/* The id of the calling goroutine, 0 on a thread that runs none.  [any] */
PGO_API int64_t pgo_goid(void);

/* How many goroutines exist.  [any] */
PGO_API int64_t pgo_numgoroutine(void);

/*
 * Lets at most N goroutines run at one time, 1024 at most, and returns how many
 * it was; 0 or less asks only.  With fewer it returns when those that run on
 * too many have come to a safe point.  From then on what the machine grants
 * does not change it.  Before pgo_run() or pgo_start() it is 0, or what this
 * said; GOMAXPROCS is overridden.  [any]
 */
PGO_API int pgo_gomaxprocs(int n);

/*
 * At most N threads run goroutines, 10000 unless said; the program dies when it
 * needs more.  Returns what it was, or -EINVAL below 1.  PGODEBUG=maxthreads=
 * overrides it.  [any], before pgo_run() too
 */
PGO_API int pgo_set_max_threads(int n);

/* Writes every goroutine's stack to FD in the form of Go's debug=2; 0 or a
 * negative errno value of write(2).  [any] */
PGO_API int pgo_debug_dump(int fd);

PGO_END

#endif
