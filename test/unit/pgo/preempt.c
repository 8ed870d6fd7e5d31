/*
 * Goroutines that call nothing are taken off their threads, and notice
 * nothing: not a register, a flag, or a byte below the stack pointer.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "runtime/view.h"
#include "test/unit/pgo/goroutine.h"

enum {
	SHARE_NS = 250000000,
	SHARES = 20,                    /* at most: the machine is shared */
	ENOUGH = 20,
	SPINNERS = 4,
};

/* Registers ---------------------------------------------------------------- */

/* The assembly knows where each is. */
struct registers {
	uint64_t general[13];           /* all but rsp, rbp and rcx */
	uint64_t pad[3];
	uint64_t flags;
	uint32_t mxcsr;
	uint16_t x87_control;
	uint16_t pad2;
	uint8_t x87[8][16];             /* ten bytes each */
	uint8_t pad3[48];
	uint8_t vector[32][64];
	uint64_t mask[8];
};

enum { SSE, AVX, AVX512 };

/* Loads all registers from IN, spins without touching a flag, and stores them
 * in OUT. */
void spin_with(const struct registers *in, struct registers *out, long spins,
	       int kind);

__asm__(
	"	.text\n"
	"	.globl spin_with\n"
	"	.type spin_with,@function\n"
	"spin_with:\n"
	"	.cfi_startproc\n"
	"	cmp %fs:0x70,%rsp\n"
	"	jae 1f\n"
	"	mov $120,%r10d\n"
	"	mov $0,%r11d\n"
	"	call __morestack\n"
	"	ret\n"
	"1:	push %rbp\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset rbp,-16\n"
	"	mov %rsp,%rbp\n"
	"	.cfi_def_cfa_register rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	.cfi_offset rbx,-24\n"
	"	.cfi_offset r12,-32\n"
	"	.cfi_offset r13,-40\n"
	"	.cfi_offset r14,-48\n"
	"	.cfi_offset r15,-56\n"
	"	push %rsi\n"                    /* -48(%rbp) */
	"	push %rdx\n"                    /* -56 */
	"	push %rcx\n"                    /* -64 */
	/* In. */
	"	fninit\n"
	"	.irp n,7,6,5,4,3,2,1,0\n"
	"	fldt 144+16*\\n(%rdi)\n"
	"	.endr\n"
	"	fldcw 140(%rdi)\n"
	"	ldmxcsr 136(%rdi)\n"
	"	cmp $1,%ecx\n"
	"	ja 3f\n"
	"	je 2f\n"
	"	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	movups 320+64*\\n(%rdi),%xmm\\n\n"
	"	.endr\n"
	"	jmp 4f\n"
	"2:	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	vmovups 320+64*\\n(%rdi),%ymm\\n\n"
	"	.endr\n"
	"	jmp 4f\n"
	"3:	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,"
	"22,23,24,25,26,27,28,29,30,31\n"
	"	vmovups 320+64*\\n(%rdi),%zmm\\n\n"
	"	.endr\n"
	"	.irp n,0,1,2,3,4,5,6,7\n"
	"	kmovw 2368+8*\\n(%rdi),%k\\n\n"
	"	.endr\n"
	"4:	pushq 128(%rdi)\n"
	"	popfq\n"
	"	mov 0(%rdi),%rax\n"
	"	mov 8(%rdi),%rbx\n"
	"	mov 16(%rdi),%rdx\n"
	"	mov 24(%rdi),%rsi\n"
	"	mov 40(%rdi),%r8\n"
	"	mov 48(%rdi),%r9\n"
	"	mov 56(%rdi),%r10\n"
	"	mov 64(%rdi),%r11\n"
	"	mov 72(%rdi),%r12\n"
	"	mov 80(%rdi),%r13\n"
	"	mov 88(%rdi),%r14\n"
	"	mov 96(%rdi),%r15\n"
	"	mov 32(%rdi),%rdi\n"
	"	mov -56(%rbp),%rcx\n"
	/* Here it is interrupted. */
	"5:	lea -1(%rcx),%rcx\n"
	"	jrcxz 6f\n"
	"	jmp 5b\n"
	/* Out. */
	"6:	pushfq\n"
	"	mov -48(%rbp),%rcx\n"
	"	popq 128(%rcx)\n"
	"	cld\n"
	"	mov %rax,0(%rcx)\n"
	"	mov %rbx,8(%rcx)\n"
	"	mov %rdx,16(%rcx)\n"
	"	mov %rsi,24(%rcx)\n"
	"	mov %rdi,32(%rcx)\n"
	"	mov %r8,40(%rcx)\n"
	"	mov %r9,48(%rcx)\n"
	"	mov %r10,56(%rcx)\n"
	"	mov %r11,64(%rcx)\n"
	"	mov %r12,72(%rcx)\n"
	"	mov %r13,80(%rcx)\n"
	"	mov %r14,88(%rcx)\n"
	"	mov %r15,96(%rcx)\n"
	"	stmxcsr 136(%rcx)\n"
	"	fnstcw 140(%rcx)\n"
	"	.irp n,0,1,2,3,4,5,6,7\n"
	"	fstpt 144+16*\\n(%rcx)\n"
	"	.endr\n"
	"	fninit\n"
	"	movl $0x1f80,-48(%rbp)\n"
	"	ldmxcsr -48(%rbp)\n"
	"	cmpl $1,-64(%rbp)\n"
	"	ja 3f\n"
	"	je 2f\n"
	"	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	movups %xmm\\n,320+64*\\n(%rcx)\n"
	"	.endr\n"
	"	jmp 4f\n"
	"2:	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n"
	"	vmovups %ymm\\n,320+64*\\n(%rcx)\n"
	"	.endr\n"
	"	vzeroupper\n"
	"	jmp 4f\n"
	"3:	.irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,"
	"22,23,24,25,26,27,28,29,30,31\n"
	"	vmovups %zmm\\n,320+64*\\n(%rcx)\n"
	"	.endr\n"
	"	.irp n,0,1,2,3,4,5,6,7\n"
	"	kmovw %k\\n,2368+8*\\n(%rcx)\n"
	"	.endr\n"
	"	vzeroupper\n"
	"4:	lea -40(%rbp),%rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	.cfi_def_cfa rsp,8\n"
	"	.cfi_restore rbp\n"
	"	ret\n"
	"	.cfi_endproc\n"
	"	.size spin_with,.-spin_with\n");

static struct {
	_Atomic bool stop;
	_Atomic int wrong, rounds;
	struct pgo_waitgroup wg;
	uint64_t taken;
	int kind, seed;
} t;

static uint64_t draw(uint64_t *x)
{
	*x = *x * 6364136223846793005u + 1442695040888963407u;
	return *x ^ *x >> 29;
}

static void fill(void *at, size_t bytes, uint64_t *x)
{
	for (size_t i = 0; i < bytes; i += 8) {
		uint64_t v = draw(x);

		memcpy((char *)at + i, &v, 8);
	}
}

/* What the kind has of vectors, and numbers that x87 keeps as they are. */
static void choose(struct registers *r, int kind, uint64_t *x)
{
	size_t width = (size_t)16 << kind;

	memset(r, 0, sizeof(*r));
	fill(r->general, sizeof(r->general), x);
	for (int i = 0; i < (kind == AVX512 ? 32 : 16); i++)
		fill(r->vector[i], width, x);
	for (int i = 0; i < 8; i++) {
		long double v = (long double)(int64_t)draw(x);

		memcpy(r->x87[i], &v, 10);
		if (kind == AVX512)
			r->mask[i] = draw(x) & 0xffff;
	}
	/* CF, PF, AF, ZF, SF, DF, OF; bit 1 is always set, interrupts on. */
	r->flags = (draw(x) & 0xcd5) | 0x202;
	r->mxcsr = 0x1f80 | (draw(x) & 0xe03f);
	r->x87_control = (uint16_t)(0x37f | (draw(x) & 0xc00));
}

static void spin_for_long(void *arg)
{
	struct registers *r = malloc(2 * sizeof(*r));
	uint64_t x = (uintptr_t)arg;

	while (r && !t.stop) {
		choose(r, t.kind, &x);
		memset(r + 1, 0, sizeof(*r));
		spin_with(r, r + 1, 300000, t.kind);
		t.wrong += memcmp(r, r + 1, sizeof(*r)) != 0;
		t.rounds++;
	}
	free(r);
	pgo_waitgroup_done(&t.wg);
}

/* FIRST, and some that are taken off their threads, side by side for a
 * while. */
static void crowd(void (*first)(void *))
{
	uint64_t before = pgo_view_1.async_preempts();

	t.stop = false;
	t.wrong = t.rounds = 0;
	t.taken = 0;
	for (long i = 1; i <= SPINNERS; i++) {
		pgo_waitgroup_add(&t.wg, 1);
		pgo_go(i == 1 ? first : spin_for_long, (void *)i);
	}
	for (int i = 0; i < SHARES && t.taken <= ENOUGH; i++) {
		pgo_sleep(SHARE_NS);
		t.taken = pgo_view_1.async_preempts() - before;
	}
	t.stop = true;
	pgo_waitgroup_wait(&t.wg);
}

static void try_crowd(void *first)
{
	on_goroutine((void (*)(void *))crowd, first);
	printf("%d rounds, taken %lu times, %d wrong\n", t.rounds,
	       (unsigned long)t.taken, t.wrong);
	assert_int_equal(t.wrong, 0);
	assert_true(t.taken > ENOUGH);
}

static void try_kind(int kind)
{
	t.kind = kind;
	try_crowd(spin_for_long);
}

static void every_register_is_kept(void **state)
{
	(void)state;
	try_kind(SSE);
	if (__builtin_cpu_supports("avx"))
		try_kind(AVX);
	if (__builtin_cpu_supports("avx512f"))
		try_kind(AVX512);
}

/* The others have it otherwise. */
static void look_how_it_rounds(void *arg)
{
	(void)arg;
	while (!t.stop) {
		uint32_t mxcsr;
		uint16_t x87;

		__asm__ volatile("stmxcsr %0\n\tfnstcw %1"
				 : "=m"(mxcsr), "=m"(x87));
		t.wrong += (mxcsr & ~0x3fu) != 0x1f80 || x87 != 0x37f;
		t.rounds++;
	}
	pgo_waitgroup_done(&t.wg);
}

static void how_one_rounds_is_nobody_elses_business(void **state)
{
	(void)state;
	t.kind = SSE;
	try_crowd(look_how_it_rounds);
}

/* As compilers do: its address is kept while a loop goes on.  Nobody takes it
 * off its thread, so it must not be all that runs. */
static void hold_a_thread_local(void *arg)
{
	(void)arg;
	while (!t.stop) {
		uintptr_t before, after;

		__asm__ volatile("mov %%fs:0,%0" : "=r"(before));
		for (volatile int i = 0; i < 300000; i++)
			;
		__asm__ volatile("mov %%fs:0,%0" : "=r"(after));
		t.wrong += before != after;
		t.rounds++;
	}
	pgo_waitgroup_done(&t.wg);
}

static void who_touches_a_thread_local_stays(void **state)
{
	(void)state;
	t.kind = SSE;
	try_crowd(hold_a_thread_local);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_register_is_kept),
		cmocka_unit_test(how_one_rounds_is_nobody_elses_business),
		cmocka_unit_test(who_touches_a_thread_local_stays),
	};

	setenv("PGODEBUG", "asyncpreempt=always", 1);
	setenv("GOMAXPROCS", "2", 0);
	return cmocka_run_group_tests(tests, world_begin, world_end);
}
