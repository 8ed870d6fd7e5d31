/*
 * Sanitizers, by the functions their runtimes have for programs that switch
 * stacks.  All are weak here: those that are not linked are not called.
 *
 * The thread sanitizer keeps a clock for each goroutine and one for each
 * thread's scheduler.  A switch orders nothing, or goroutines of one thread
 * would never race; what orders them is said where it happens (fiber_release()
 * and fiber_acquire() in channels, locks, timers), for of the runtime's own
 * atomics and locks it sees nothing.
 *
 * The memory of goroutines that have ended is used again, stacks too: the end
 * of one comes before the beginning of the next in the same memory.  What
 * pgo_malloc() gives is new memory, as the sanitizer's own malloc's is: it has
 * functions for a heap that is not its own, made for Java's.
 */
#include "runtime/fiber.h"

#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <pgo/cdefs.h>

#include "runtime/g.h"
#include "runtime/m.h"
#include "runtime/sched.h"

#define WEAK __attribute__((weak))

/* sanitizer/common_interface_defs.h, asan_, lsan_ and tsan_interface.h */
void __sanitizer_start_switch_fiber(void **fake, const void *low,
				    size_t bytes) WEAK;
void __sanitizer_finish_switch_fiber(void *fake, const void **low,
				     size_t *bytes) WEAK;
void __asan_unpoison_memory_region(const void *p, size_t bytes) WEAK;
void __lsan_register_root_region(const void *p, size_t bytes) WEAK;
void __lsan_unregister_root_region(const void *p, size_t bytes) WEAK;
void *__tsan_get_current_fiber(void) WEAK;
void *__tsan_create_fiber(unsigned flags) WEAK;
void __tsan_destroy_fiber(void *fiber) WEAK;
void __tsan_switch_to_fiber(void *fiber, unsigned flags) WEAK;
void __tsan_func_entry(void *from) WEAK;
void __tsan_func_exit(void *none) WEAK;
void __tsan_acquire(void *what) WEAK;
void __tsan_release(void *what) WEAK;
void __tsan_java_init(uintptr_t low, size_t bytes) WEAK;
void __tsan_java_alloc(uintptr_t p, size_t bytes) WEAK;
void __tsan_java_free(uintptr_t p, size_t bytes) WEAK;
const char *__tsan_default_options(void);
/* dynamic_annotations.h */
void AnnotateBenignRaceSized(const char *file, int line, const void *p,
			     size_t bytes, const char *what) WEAK;
void AnnotateIgnoreReadsBegin(const char *file, int line) WEAK;
void AnnotateIgnoreReadsEnd(const char *file, int line) WEAK;
void AnnotateIgnoreWritesBegin(const char *file, int line) WEAK;
void AnnotateIgnoreWritesEnd(const char *file, int line) WEAK;

enum {
	TSAN_NO_SYNC = 1,
	/* Its frames are two to three times as large, and libc runs here. */
	STACK_BYTES = 900 << 10,
	/* Of libc's record of a thread, which has its _res. */
	THREAD_BYTES = 2304,
};

struct fiber_watch fiber_watch;

/* What TSAN_OPTIONS and the program's own do not say: children of ours that
 * look at the program are forked, and have threads. */
PGO_API WEAK const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}

/* Leaks -------------------------------------------------------------------- */

void fiber_roots(const void *p, size_t bytes, bool are)
{
	if (are && __lsan_register_root_region)
		__lsan_register_root_region(p, bytes);
	else if (!are && __lsan_unregister_root_region)
		__lsan_unregister_root_region(p, bytes);
}

/* At exit, before leaks are looked for: where those that have not ended stand.
 * Of one that runs nobody knows; what it has not touched are zeros. */
static void root_stacks(void)
{
	uint32_t n = gtab_count();

	for (uint32_t slot = 0; slot < n; slot++) {
		struct g *gp = gtab_g(slot);
		struct seg *s = gp->base;
		char *low = s ? s->low : NULL;

		if (!s || !gtab_is_alive(atomic_load(&gp->row->status)))
			continue;
		if (!gp->m && seg_holds(s, (uintptr_t)gp->sp))
			low = gp->sp;
		fiber_roots(low, (size_t)((char *)s - low), true);
	}
}

/* Threads allocate and talk before goroutines begin, constructors too. */
__attribute__((constructor(101))) static void begin_process(void)
{
	fiber_watch.threads = __tsan_create_fiber;
}

void fiber_setup(void)
{
	fiber_watch.sanitized = __tsan_create_fiber ||
				__sanitizer_start_switch_fiber ||
				__lsan_register_root_region;
	fiber_watch.valgrind = fiber_under_valgrind();
	/* The thread sanitizer has a thread, which wakes nobody. */
	if (__tsan_create_fiber)
		atomic_fetch_add(&sched.runtime_threads, 1);
	/* After the leak sanitizer's own, so before it. */
	if (__lsan_register_root_region)
		atexit(root_stacks);
}

size_t fiber_stack_bytes(size_t bytes)
{
	return fiber_watch.sanitized && bytes < STACK_BYTES ? STACK_BYTES :
							      bytes;
}

/* The thread sanitizer's munmap() forgets who used the memory. */
void fiber_unmap_told(void *p, size_t bytes)
{
	munmap(p, bytes);
}

/* Lives -------------------------------------------------------------------- */

void fiber_made(struct g *gp)
{
	/* Frames that were left by pgo_goexit() have left their poison. */
	if (__asan_unpoison_memory_region)
		__asan_unpoison_memory_region(gp->base->low, gp->base->bytes);
	if (!__tsan_create_fiber)
		return;
	/* The program's line, which is what a report shows. */
	__tsan_func_entry((void *)gp->created_pc);
	gp->fiber.tsan = __tsan_create_fiber(0);
	__tsan_func_exit(NULL);
}

void fiber_gone(struct g *gp)
{
	if (__tsan_destroy_fiber)
		__tsan_destroy_fiber(gp->fiber.tsan);
}

/* An object's thread-local variables, the calling thread's. */
static int share_locals(struct dl_phdr_info *object, size_t size, void *none)
{
	(void)size;
	(void)none;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &object->dlpi_phdr[i];

		if (ph->p_type == PT_TLS && object->dlpi_tls_data)
			AnnotateBenignRaceSized(__FILE__, __LINE__,
						object->dlpi_tls_data,
						ph->p_memsz, "thread-local");
	}
	return 0;
}

/* What is a thread's own, as errno, belongs to whoever runs there: the second
 * to use it does not race with the first. */
void fiber_thread(struct m *m)
{
	if (!__tsan_get_current_fiber)
		return;
	m->fiber.tsan = __tsan_get_current_fiber();
	if (!AnnotateBenignRaceSized)
		return;
	dl_iterate_phdr(share_locals, NULL);
	AnnotateBenignRaceSized(__FILE__, __LINE__, (void *)pthread_self(),
				THREAD_BYTES, "the thread's record");
}

/* Switches ----------------------------------------------------------------- */

static void start(struct fiber *to, void **fake, const void *low, size_t bytes)
{
	if (__sanitizer_start_switch_fiber)
		__sanitizer_start_switch_fiber(fake, low, bytes);
	if (__tsan_switch_to_fiber)
		__tsan_switch_to_fiber(to->tsan, TSAN_NO_SYNC);
}

void fiber_switch_to_g(struct m *m, struct g *gp)
{
	struct seg *s = gp->base;

	start(&gp->fiber, &m->fiber.fake, s->low,
	      (size_t)((char *)s - s->low));
}

void fiber_switched_to_sched(struct m *m)
{
	if (__sanitizer_finish_switch_fiber)
		__sanitizer_finish_switch_fiber(m->fiber.fake, NULL, NULL);
}

void fiber_switch_to_sched(struct m *m, struct g *gp)
{
	bool dead = gp->leave == LEAVE_DEAD;

	/* Its stack, and its errno: they may go on with two others. */
	if (dead) {
		fiber_release(gp->base);
		fiber_release(gp);
	}
	if (dead && gp->id == 1)
		fiber_release(&sched);
	start(&m->fiber, dead ? NULL : &gp->fiber.fake,
	      (const void *)m->stack_low, m->stack_high - m->stack_low);
}

void fiber_switched_to_g(struct g *gp)
{
	if (__sanitizer_finish_switch_fiber)
		__sanitizer_finish_switch_fiber(gp->fiber.fake, NULL, NULL);
}

/* What comes before what --------------------------------------------------- */

void fiber_tell_release(const void *what)
{
	__tsan_release((void *)(uintptr_t)what);
}

void fiber_tell_acquire(const void *what)
{
	__tsan_acquire((void *)(uintptr_t)what);
}

void fiber_tell_unseen(bool begins)
{
	if (begins) {
		AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
		AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
	} else {
		AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
		AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
	}
}

void fiber_tell_heap(const void *p, size_t bytes)
{
	__tsan_java_init((uintptr_t)p, bytes);
}

void fiber_tell_owned(const void *p, size_t bytes, const void *from)
{
	__tsan_func_entry((void *)(uintptr_t)from);
	__tsan_java_alloc((uintptr_t)p, bytes);
	__tsan_func_exit(NULL);
}

void fiber_tell_free(const void *p, size_t bytes)
{
	__tsan_java_free((uintptr_t)p, bytes);
}
