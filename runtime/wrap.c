/*
 * C functions that no thunk can serve: they hand out or jump to something that
 * belongs to a thread or a stack.
 *
 * errno is the goroutine's: gcc may keep what __errno_location() returned over
 * a yield, and the address of a goroutine's own stays good.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include <pgo/cdefs.h>
#include <pgo/sys.h>

#include "runtime/fatal.h"
#include "runtime/plugin.h"
#include "runtime/sched.h"
#include "runtime/signal.h"

int *__real___errno_location(void);
PGO_API int *__wrap___errno_location(void);
int __real_pthread_create(pthread_t *, const pthread_attr_t *,
			  void *(*)(void *), void *);
PGO_API int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *arg);
_Noreturn void __real_pthread_exit(void *);
_Noreturn void __real_thrd_exit(int);
PGO_API _Noreturn void __wrap_pthread_exit(void *result);
PGO_API _Noreturn void __wrap_thrd_exit(int result);
void *__real_dlsym(void *, const char *);
PGO_API void *__wrap_dlsym(void *handle, const char *name);
_Noreturn void __real_longjmp(jmp_buf, int);
_Noreturn void __real__longjmp(jmp_buf, int);
_Noreturn void __real_siglongjmp(sigjmp_buf, int);
PGO_API _Noreturn void __wrap_longjmp(jmp_buf env, int value);
PGO_API _Noreturn void __wrap__longjmp(jmp_buf env, int value);
PGO_API _Noreturn void __wrap_siglongjmp(sigjmp_buf env, int value);
PGO_API _Noreturn void __wrap___longjmp_chk(jmp_buf env, int value);

int *__wrap___errno_location(void)
{
	struct m *m = m_get();

	if (!m)
		return __real___errno_location();
	return m->csp && m->g ? &m->g->err : m->errnop;
}

/* Threads ----------------------------------------------------------------- */

struct thread_call {
	pthread_t *thread;
	const pthread_attr_t *attr;
	void *(*fn)(void *);
	void *arg;
};

/* A thread of the program's gets the program's signal mask, not an M's. */
static void *thread_create(struct thread_call *c)
{
	uint64_t before = signal_set_mask(signal_program_mask());
	int rc = __real_pthread_create(c->thread, c->attr, c->fn, c->arg);

	signal_set_mask(before);
	return (void *)(intptr_t)rc;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *arg)
{
	struct thread_call c = { thread, attr, fn, arg };

	if (!m_get())
		return __real_pthread_create(thread, attr, fn, arg);
	return (int)(intptr_t)pgo_sys(thread_create, &c);
}

/* It would unwind the goroutine, and its thread belongs to all of them. */
static void refuse_to_exit(void)
{
	if (g_get())
		fatal_panic("pthread_exit() in a goroutine (return from its "
			    "function, or pgo_goexit())");
}

void __wrap_pthread_exit(void *result)
{
	refuse_to_exit();
	__real_pthread_exit(result);
}

void __wrap_thrd_exit(int result)
{
	refuse_to_exit();
	__real_thrd_exit(result);
}

/* longjmp ----------------------------------------------------------------- */

/* The stack pointer in a jmp_buf, as glibc hides it: rotated by 17, xored with
 * the word at %fs:0x30. */
static uintptr_t target_sp(const struct __jmp_buf_tag *env)
{
	enum { JB_RSP = 6 };
	uint64_t sp = (uint64_t)env->__jmpbuf[JB_RSP];
	uint64_t key;

	__asm__("movq %%fs:0x30, %0" : "=r"(key));
	return (sp >> 17 | sp << 47) ^ key;
}

static struct seg *segment_of(struct g *gp, uintptr_t sp)
{
	struct seg *s = gp->cur;

	while (s && !seg_holds(s, sp))
		s = s->prev;
	return s;
}

/* On a goroutine's stack only its own frames can be gone back to, and those
 * below the caller's have returned. */
static bool is_alive(const struct m *m, const struct seg *s, uintptr_t sp)
{
	if (!m->csp)
		return true;
	return s && (s != m->g->cur ||
		     sp > (uintptr_t)__builtin_frame_address(0));
}

/* A handler there has interrupted nothing to go back to. */
static bool leaves_plain_thread(uintptr_t sp)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	return signal_on_plain_stack(here) && !signal_on_plain_stack(sp);
}

/* A jump back to goroutine code leaves segments, C, and handlers. */
static void leave_for(const struct __jmp_buf_tag *env)
{
	uintptr_t sp = target_sp(env);
	struct m *m = m_get();
	struct seg *s;

	if (leaves_plain_thread(sp))
		fatal_throw("longjmp() out of a signal handler, which runs on "
			    "a thread of its own");
	if (!m || !m->g)
		return;
	s = segment_of(m->g, sp);
	if (!is_alive(m, s, sp))
		fatal_throw("longjmp() to a function that has returned, or is "
			    "another goroutine's");
	if (!s)
		return;
	m->handlers = 0;
	if (m->insched) {
		/* Out of a handler: what its trampoline would have put back. */
		m->csp = m->ctop;
		m->insched = 0;
	} else if (!m->csp) {
		m->g->err = *m->errnop;
		sched_back_from_c(m);
	}
	m->g->cur = s;
	limit_set(m->g->preempt ? LIMIT_POISON : s->limit);
}

void __wrap_longjmp(jmp_buf env, int value)
{
	leave_for(env);
	__real_longjmp(env, value);
}

void __wrap__longjmp(jmp_buf env, int value)
{
	leave_for(env);
	__real__longjmp(env, value);
}

void __wrap_siglongjmp(sigjmp_buf env, int value)
{
	leave_for(env);
	__real_siglongjmp(env, value);
}

/* Its check compares addresses on one stack, which segments are not. */
void __wrap___longjmp_chk(jmp_buf env, int value)
{
	leave_for(env);
	__real_longjmp(env, value);
}

/* Libraries built by pgo-cc that a program loads refer to it. */
PGO_API extern const char PGO_PLUGIN_NEEDS[];
const char PGO_PLUGIN_NEEDS[] = PGO_VERSION;

/* dlsym ------------------------------------------------------------------- */

/*
 * A function found by name is called past the linker: it gets one of a fixed
 * number of trampolines, which go through pgo_thunk_any.  Data stays as it is.
 */
enum { DL_MAX = 256 };

extern char pgo_dl_trampolines[];
extern void *pgo_dl_targets[DL_MAX];
void *pgo_dl_targets[DL_MAX];

static bool is_function(void *p)
{
	ElfW(Sym) *sym = NULL;
	Dl_info info;
	int type;

	if (!dladdr1(p, &info, (void **)&sym, RTLD_DL_SYMENT))
		return false;
	/* No symbol of its own: what an IFUNC resolver chose. */
	if (!sym || info.dli_saddr != p)
		return true;
	type = ELF64_ST_TYPE(sym->st_info);
	return type == STT_FUNC || type == STT_GNU_IFUNC;
}

/* Whether the code at P begins with gcc's or clang's look at the stack limit: a
 * library built by pgo-cc, whose code goes on on the goroutine's stack. */
static bool is_split(const unsigned char *p)
{
	static const unsigned char endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	static const unsigned char small[] = { 0x64, 0x48, 0x3b, 0x24, 0x25,
					       TCB_LIMIT, 0, 0, 0 };
	static const unsigned char large[] = { 0x64, 0x4c, 0x3b, 0x1c, 0x25,
					       TCB_LIMIT, 0, 0, 0 };
	static const unsigned char lea8[] = { 0x4c, 0x8d, 0x5c, 0x24 };
	static const unsigned char lea32[] = { 0x4c, 0x8d, 0x9c, 0x24 };

	if (!memcmp(p, endbr, sizeof(endbr)))
		p += sizeof(endbr);
	if (!memcmp(p, lea8, sizeof(lea8)))
		p += sizeof(lea8) + 1;
	else if (!memcmp(p, lea32, sizeof(lea32)))
		p += sizeof(lea32) + 4;
	return !memcmp(p, small, sizeof(small)) ||
	       !memcmp(p, large, sizeof(large));
}

/* On the thread's stack. */
static void *trampoline_for(void *p)
{
	static struct lock lock;
	int i = 0;

	if (!p || !is_function(p) || is_split(p))
		return p;
	lock_get(&lock);
	while (i < DL_MAX && pgo_dl_targets[i] && pgo_dl_targets[i] != p)
		i++;
	if (i < DL_MAX)
		pgo_dl_targets[i] = p;
	lock_put(&lock);
	if (i == DL_MAX)
		fatal_throw("more than 256 functions found by dlsym()");
	return pgo_dl_trampolines + 16 * i;
}

void *__wrap_dlsym(void *handle, const char *name)
{
	void *p = pgo_sys(__real_dlsym, handle, name);

	return pgo_sys(trampoline_for, p);
}
