/*
 * System calls made by the runtime itself.
 *
 * Raw: libc's wrappers go through thunks in the program, touch errno and may
 * give the P away on their way out.  Here a call returns a value or -errno.
 * [any] [sig]
 */
#ifndef PGO_RUNTIME_SYS_H
#define PGO_RUNTIME_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

static inline long sys_call6(long nr, long a, long b, long c, long d, long e,
			     long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long rc;

	__asm__ volatile("syscall"
			 : "=a"(rc)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return rc;
}

#define sys_call(nr, a, b, c, d) \
	sys_call6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

static inline long sys_write(int fd, const void *p, size_t n)
{
	return sys_call(SYS_write, fd, p, n, 0);
}

/* Anonymous private memory without huge pages (a touched 2 KiB segment must
 * not cost 2 MiB), or NULL. */
static inline void *sys_map(size_t bytes)
{
	long p = sys_call6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p < 0 && p > -4096)
		return NULL;
	sys_call(SYS_madvise, p, bytes, MADV_NOHUGEPAGE, 0);
	return (void *)p;
}

/* Huge pages where BYTES at P, of sys_map(), span some. */
static inline void sys_huge(void *p, size_t bytes)
{
	sys_call(SYS_madvise, (long)p, bytes, MADV_HUGEPAGE, 0);
}

/* What sys_map() gave, larger or smaller, somewhere else maybe; or NULL, and
 * it is as it was. */
static inline void *sys_remap(void *p, size_t old_bytes, size_t bytes)
{
	long to = sys_call(SYS_mremap, p, old_bytes, bytes, MREMAP_MAYMOVE);

	return to < 0 && to > -4096 ? NULL : (void *)to;
}

static inline void sys_unmap(void *p, size_t bytes)
{
	sys_call(SYS_munmap, p, bytes, 0, 0);
}

static inline int sys_gettid(void)
{
	return (int)sys_call(SYS_gettid, 0, 0, 0, 0);
}

static inline int sys_getpid(void)
{
	return (int)sys_call(SYS_getpid, 0, 0, 0, 0);
}

/* Less than a second. */
static inline void sys_nanosleep(long ns)
{
	struct timespec ts = { 0, ns };

	sys_call(SYS_nanosleep, &ts, NULL, 0, 0);
}

static inline _Noreturn void sys_exit_group(int status)
{
	for (;;)
		sys_call(SYS_exit_group, status, 0, 0, 0);
}

#endif
