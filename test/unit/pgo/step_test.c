/*
 * Every instruction of a goroutine that grows its stack, calls libc, yields
 * and is switched: the trap flag is set, and in the handler libunwind must
 * reach where goroutines begin, or main() while the thread is in the scheduler,
 * and a plain frame-pointer walk the end of the chain.
 */
#define _GNU_SOURCE
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>
#include <pgo/pgo.h>

enum { MAX_FRAMES = 200, TRAP_FLAG = 0x100 };

static volatile long steps, lost_by_unwind, lost_by_fp;
static volatile uintptr_t first_lost_unwind, first_lost_fp;

/* The roots: where every goroutine begins, and the thread. */
void pgo_gostart(void);
int main(void);

enum { GOSTART_BYTES = 80, MAIN_BYTES = 400 };

static bool ends_walk(uintptr_t pc)
{
	uintptr_t gostart_at = (uintptr_t)pgo_gostart;
	uintptr_t main_at = (uintptr_t)main;

	return (pc >= gostart_at && pc <= gostart_at + GOSTART_BYTES) ||
	       (pc > main_at && pc < main_at + MAIN_BYTES);
}

static bool unwind_arrives(ucontext_t *uc)
{
	unw_cursor_t c;
	unw_word_t ip = 0;

	unw_init_local2(&c, uc, UNW_INIT_SIGNAL_FRAME);
	for (int i = 0; i < MAX_FRAMES; i++) {
		unw_get_reg(&c, UNW_REG_IP, &ip);
		if (ends_walk(ip))
			return true;
		if (unw_step(&c) <= 0)
			return false;
	}
	return false;
}

/* Where the program's own code lies; the linker defines both. */
extern const char __executable_start[], etext[];

static bool fp_arrives(const ucontext_t *uc)
{
	uintptr_t pc = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
	const uintptr_t *fp;

	/* libc keeps no frame pointers: in it rbp may be any number. */
	if (pc < (uintptr_t)__executable_start || pc >= (uintptr_t)etext)
		return true;
	fp = (const uintptr_t *)uc->uc_mcontext.gregs[REG_RBP];
	for (int i = 0; i < MAX_FRAMES; i++) {
		/* A goroutine's chain ends in a zero, a thread's in main(). */
		if (!fp || ends_walk(pc))
			return true;
		pc = fp[1];
		fp = (const uintptr_t *)fp[0];
	}
	return false;
}

static void on_trap(int sig, siginfo_t *info, void *ctx)
{
	ucontext_t *uc = ctx;
	uintptr_t pc = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];

	(void)sig;
	(void)info;
	steps++;
	if (!unwind_arrives(uc) && !lost_by_unwind++)
		first_lost_unwind = pc;
	if (!fp_arrives(uc) && !lost_by_fp++)
		first_lost_fp = pc;
}

#define STEP_ON() \
	__asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq" \
			 : : : "cc", "memory")
#define STEP_OFF() \
	__asm__ volatile("pushfq\n\tandq $-257, (%%rsp)\n\tpopfq" \
			 : : : "cc", "memory")

__attribute__((noinline)) static long deep(long n)
{
	volatile char pad[500];

	pad[n] = (char)n;
	return n ? deep(n - 1) + pad[n] : 0;
}

__attribute__((noinline)) static long stack_args(long a, long b, long c, long d,
						 long e, long f, long g, long h)
{
	volatile char pad[3000];

	pad[a] = 1;
	return a + b + c + d + e + f + g + h + pad[a];
}

__attribute__((noinline)) static long variadic(int n, ...)
{
	volatile char pad[3000];
	long sum = 0;
	va_list ap;

	pad[n] = 0;
	va_start(ap, n);
	while (n--)
		sum += va_arg(ap, long);
	va_end(ap);
	return sum + pad[0] * 0;
}

__attribute__((noinline)) static long work(void)
{
	volatile long sum = 0;

	sum += deep(20);
	sum += deep(20);
	sum += stack_args(1, 2, 3, 4, 5, 6, 7, 8);
	sum += variadic(3, 1L, 2L, 3L);
	pgo_yield();
	sum += (long)strlen("leaf");
	return sum;
}

static void other(void *arg)
{
	(void)arg;
	for (int i = 0; i < 100; i++)
		pgo_yield();
}

static volatile long result;

static void entry(void *arg)
{
	struct sigaction sa = { .sa_flags = SA_SIGINFO };

	(void)arg;
	sa.sa_sigaction = on_trap;
	sigaction(SIGTRAP, &sa, NULL);
	pgo_go(other, NULL);
	STEP_ON();
	result = work();
	STEP_OFF();
	__asm__ volatile("" ::: "memory");
}

static void every_instruction_unwinds_to_the_entry(void **state)
{
	(void)state;
	if (lost_by_unwind || lost_by_fp)
		print_message("of %ld steps libunwind lost %ld (first at %#lx),"
			      " the fp walk %ld (first at %#lx); main %p\n",
			      steps, lost_by_unwind, first_lost_unwind,
			      lost_by_fp, first_lost_fp, (void *)main);
	assert_true(steps > 1000);
	assert_int_equal(lost_by_unwind, 0);
	assert_int_equal(lost_by_fp, 0);
}

static void stepping_does_not_change_results(void **state)
{
	(void)state;
	assert_int_equal(result, 210 + 210 + 37 + 6 + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_instruction_unwinds_to_the_entry),
		cmocka_unit_test(stepping_does_not_change_results),
	};

	setenv("GOMAXPROCS", "1", 1);
	pgo_run(entry, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
