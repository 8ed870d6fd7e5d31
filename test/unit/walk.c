/*
 * lib/sample/walk and cfi: every caller at every instruction, and no fault
 * whatever the registers and the stack hold.
 *
 * test/unit/step/funcs.c is compiled with many flags, loaded and run one
 * instruction at a time under the trap flag.  The handler keeps the true stack
 * by watching calls and returns, and compares it with what the walk says.
 */
#include "lib/sample/walk.h"

#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/sample/cfi.h"

#define PIECE (256 * 1024)
#define DEPTH 256
#define TOP (PIECE - 64)        /* the words at sp may be read */

/* Running on a stack in two pieces ---------------------------------------- */

/* Calls FN(ARG) with sp at TOP; OUTER: with rbp 0, as the outermost frame. */
int call_on(char *top, int (*fn)(int), int arg, int outer);
extern char call_on_return[];
__asm__(".text\n"
	".type call_on, @function\n"
	"call_on:\n"
	"	.cfi_startproc\n"
	"	push %rbp\n"
	"	.cfi_def_cfa_offset 16\n"
	"	.cfi_offset rbp, -16\n"
	"	mov %rsp, %rbp\n"
	"	.cfi_def_cfa_register rbp\n"
	"	push %rbx\n"
	"	push %rbx\n"
	"	.cfi_offset rbx, -24\n"
	"	mov %rbp, %rbx\n"
	"	mov %rdi, %rsp\n"
	"	mov %edx, %edi\n"
	"	test %ecx, %ecx\n"
	"	jz 1f\n"
	"	xor %ebp, %ebp\n"
	"1:	call *%rsi\n"
	"call_on_return:\n"
	"	mov %rbx, %rbp\n"
	"	lea -16(%rbp), %rsp\n"
	"	pop %rbx\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	.cfi_def_cfa rsp, 8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size call_on, . - call_on\n");

/* piece[0] is where it begins, piece[1] where it goes on; the second lies
 * wherever mmap puts it, above or below. */
static char *piece[2];

static int piece_of(void *ctx, uintptr_t addr, struct walk_range *out)
{
	(void)ctx;
	for (int i = 0; i < 2; i++) {
		uintptr_t low = (uintptr_t)piece[i];

		if (addr >= low && addr < low + PIECE) {
			out->low = low;
			out->high = low + PIECE;
			return 1;
		}
	}
	return 0;
}

/* The true stack ---------------------------------------------------------- */

static struct {
	uintptr_t ra, slot;     /* the return address and where it lies */
} truth[DEPTH];
static int n_truth;

static struct {
	struct walk walk;
	struct walk_range watched;      /* instructions judged */
	uintptr_t pc, sp;               /* before the last step */
	long steps, wrong;
	uintptr_t first_wrong;
} run;

/* What the last instruction did to the stack of callers.  Only what lies in
 * the two pieces counts. */
static void follow_truth(uintptr_t pc, uintptr_t sp)
{
	uintptr_t top = *(uintptr_t *)sp;
	struct walk_range r;

	if (!piece_of(NULL, sp, &r))
		return;
	while (n_truth && truth[n_truth - 1].slot < sp &&
	       truth[n_truth - 1].slot >= r.low)
		n_truth--;
	if (sp == run.sp - 8 && top > run.pc && top <= run.pc + 7 &&
	    pc != top && n_truth < DEPTH) {
		truth[n_truth].ra = top;
		truth[n_truth++].slot = sp;
	}
}

static bool is_true(uintptr_t pc, const uint64_t *pcs, size_t n,
		    enum walk_end end)
{
	if (end != WALK_DONE || n != (size_t)n_truth + 1 || pcs[0] != pc)
		return false;
	for (size_t i = 1; i < n; i++)
		if (pcs[i] != truth[n_truth - (int)i].ra)
			return false;
	return true;
}

static void on_trap(int sig, siginfo_t *info, void *arg)
{
	const ucontext_t *uc = arg;
	struct walk_regs r;
	uint64_t pcs[DEPTH];
	enum walk_end end;
	size_t n;

	(void)sig;
	(void)info;
	walk_regs_from(&r, uc);
	if (run.sp)
		follow_truth(r.pc, r.r[WALK_SP]);
	run.pc = r.pc;
	run.sp = r.r[WALK_SP];
	if (r.pc < run.watched.low || r.pc >= run.watched.high)
		return;
	run.steps++;
	n = walk_stack(&run.walk, &r, pcs, DEPTH, &end);
	if (!is_true(r.pc, pcs, n, end)) {
		if (!run.wrong)
			run.first_wrong = r.pc;
		run.wrong++;
	}
}

static void set_trap_flag(bool on)
{
	if (on)
		__asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq"
				 ::: "cc", "memory");
	else
		__asm__ volatile("pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq"
				 ::: "cc", "memory");
}

/* Flags to load funcs.c with, and what is then expected ------------------- */

static int (*stepped)(int);

static int second_piece(int arg)
{
	return call_on(piece[1] + TOP, stepped, arg, 0);
}

static void *load(const char *flags)
{
	char dir[] = "/tmp/pgo-walk-XXXXXX", cmd[1024], so[64];
	const char *cc = getenv("CC");
	void *h;

	assert_non_null(mkdtemp(dir));
	snprintf(so, sizeof(so), "%s/funcs.so", dir);
	snprintf(cmd, sizeof(cmd), "%s -w -shared -fPIC %s -Wl,-z,now -o %s "
		 "test/unit/step/funcs.c", cc ? cc : "gcc", flags, so);
	assert_int_equal(system(cmd), 0);
	h = dlopen(so, RTLD_NOW);
	if (!h)
		fail_msg("%s", dlerror());
	unlink(so);
	rmdir(dir);
	return h;
}

/* Steps through funcs.c built with FLAGS; how many instructions were wrong. */
static long step_through(const char *flags, bool with_cfi)
{
	void *h = load(flags);
	static struct cfi cfi;

	stepped = (int (*)(int))dlsym(h, "steps");
	memset(&run, 0, sizeof(run));
	memset(&cfi, 0, sizeof(cfi));
	n_truth = 0;
	run.walk.range = piece_of;
	if (cfi_init(&cfi, (const void *)stepped) < 0)
		cfi.text_low = cfi.text_high = 0;
	if (with_cfi)
		run.walk.cfi = &cfi;
	run.watched.low = cfi.text_low;
	run.watched.high = cfi.text_high;
	run.walk.text = run.watched;
	/* libgcc, which the object brings along, set the limit to the stack
	 * of this thread; the two pieces have none. */
	__asm__ volatile("movq $0, %%fs:0x70" ::: "memory");
	set_trap_flag(true);
	call_on(piece[0] + TOP, second_piece, 5, 1);
	set_trap_flag(false);
	print_message("%-62s %s %5ld steps %4ld wrong", flags,
		      with_cfi ? "cfi  " : "bytes", run.steps, run.wrong);
	if (run.wrong)
		print_message(", first at +0x%zx",
			      (size_t)(run.first_wrong - cfi.text_low));
	print_message("\n");
	assert_true(run.steps > 200);
	dlclose(h);
	return run.wrong;
}

#define FP "-fno-omit-frame-pointer "

static void every_caller_is_found_at_every_instruction(void **state)
{
	static const char *const how[] = { "-O0", "-O1", "-O2", "-O3", "-Os" };
	static const char *const with[] = {
		FP,
		FP "-fsplit-stack",
		FP "-fsplit-stack -fcf-protection",
		FP "-fsplit-stack -fstack-protector-all",
		FP "-fsplit-stack -fstack-clash-protection",
	};
	long wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(how) / sizeof(how[0]); i++)
		for (size_t k = 0; k < sizeof(with) / sizeof(with[0]); k++) {
			char flags[200];

			snprintf(flags, sizeof(flags), "%s %s", how[i],
				 with[k]);
			wrong += step_through(flags, true);
		}
	assert_int_equal(wrong, 0);
}

/* Without CFI the bytes must do: all but the PLT and realigned stacks where gcc
 * moves nothing, 3 of 4 instructions where it does. */
static void bytes_alone_find_most_callers(void **state)
{
	long wrong;

	(void)state;
	wrong = step_through("-O0 " FP "-fsplit-stack", false);
	assert_in_range(wrong, 1, run.steps / 20);
	wrong = step_through("-O2 " FP "-fsplit-stack", false);
	assert_in_range(wrong, 1, run.steps / 4);
}

/* Hand-made stacks -------------------------------------------------------- */

static uintptr_t *at(int p, size_t word)
{
	return (uintptr_t *)piece[p] + word;
}

static struct walk plain(void)
{
	struct walk w = { .range = piece_of };

	return w;
}

static struct walk_regs regs(uintptr_t pc, uintptr_t *sp, uintptr_t *fp)
{
	struct walk_regs r = { .pc = pc };

	r.r[WALK_SP] = (uintptr_t)sp;
	r.r[WALK_FP] = (uintptr_t)fp;
	return r;
}

static void frame(int p, size_t word, uintptr_t *next, uintptr_t ra)
{
	at(p, word)[0] = (uintptr_t)next;
	at(p, word)[1] = ra;
}

static void hidden_frames_are_left_out(void **state)
{
	const struct walk_range hide[] = { { 50, 60 }, { 200, 300 } };
	struct walk w = plain();
	struct walk_regs r = regs(55, at(0, 0), at(0, 0));
	enum walk_end end;
	uint64_t pcs[8];

	(void)state;
	frame(0, 0, at(0, 4), 111);
	frame(0, 4, at(1, 0), 250);     /* into the other piece */
	frame(1, 0, at(1, 8), 300);     /* called from 299: hidden */
	frame(1, 8, at(0, 12), 200);    /* called from 199: not */
	frame(0, 12, NULL, 444);
	w.hidden = hide;
	w.n_hidden = 2;
	assert_int_equal(walk_stack(&w, &r, pcs, 8, &end), 3);
	assert_int_equal(end, WALK_DONE);
	assert_int_equal(pcs[0], 111);
	assert_int_equal(pcs[1], 200);
	assert_int_equal(pcs[2], 444);
}

static void a_deep_stack_is_cut_and_says_so(void **state)
{
	struct walk w = plain();
	struct walk_regs r = regs(1, at(0, 0), at(0, 0));
	enum walk_end end;
	uint64_t pcs[100];

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		frame(0, i * 2, i < 999 ? at(0, i * 2 + 2) : NULL, 100 + i);
	assert_int_equal(walk_stack(&w, &r, pcs, 100, &end), 100);
	assert_int_equal(end, WALK_CUT);
	assert_int_equal(pcs[99], 100 + 98);
	assert_int_equal(walk_stack(&w, &r, pcs, 0, &end), 0);
	assert_int_equal(end, WALK_CUT);
}

static void a_frame_pointer_that_falls_or_loops_ends_the_walk(void **state)
{
	struct walk w = plain();
	struct walk_regs r = regs(1, at(0, 0), at(0, 8));
	enum walk_end end;
	uint64_t pcs[64];

	(void)state;
	frame(0, 8, at(0, 8), 5);
	assert_int_equal(walk_stack(&w, &r, pcs, 64, &end), 2);
	assert_int_equal(end, WALK_LOST);
	frame(0, 8, at(0, 4), 5);
	assert_int_equal(walk_stack(&w, &r, pcs, 64, &end), 2);
	assert_int_equal(end, WALK_LOST);
	/* A loop through two pieces rises never and ends by its steps. */
	frame(0, 8, at(1, 8), 5);
	frame(1, 8, at(0, 8), 6);
	assert_int_equal(walk_stack(&w, &r, pcs, 64, &end), 64);
	assert_int_equal(end, WALK_CUT);
	/* Unaligned, and a record half outside. */
	r = regs(1, at(0, 0), (uintptr_t *)((char *)at(0, 8) + 4));
	assert_int_equal(walk_stack(&w, &r, pcs, 64, &end), 1);
	assert_int_equal(end, WALK_LOST);
	r = regs(1, at(0, 0), at(0, PIECE / 8 - 1));
	assert_int_equal(walk_stack(&w, &r, pcs, 64, &end), 1);
	assert_int_equal(end, WALK_LOST);
}

static uint64_t seed = 88172645463325252u;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Mostly near the truth: a word at random is caught at once. */
static uintptr_t rnd_word(void)
{
	switch (rnd() % 8) {
	case 0:
		return (uintptr_t)rnd();
	case 1:
		return (uintptr_t)piece[rnd() & 1] + PIECE - rnd() % 32;
	case 2:
		return (uintptr_t)rnd() | 0x8000000000000000u;
	case 3:
		return (uintptr_t)-(rnd() % 64);
	default:
		return (uintptr_t)at((int)(rnd() & 1), rnd() % (PIECE / 8));
	}
}

static void random_stacks_and_registers_never_fault(void **state)
{
	struct cfi cfi;
	struct walk w = plain();
	long done[3] = { 0 };

	(void)state;
	assert_int_equal(cfi_init(&cfi, (const void *)walk_stack), 0);
	w.cfi = &cfi;
	w.text.low = cfi.text_low;
	w.text.high = cfi.text_high;
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < PIECE / 8; i++) {
			*at(0, i) = rnd_word();
			*at(1, i) = rnd_word();
		}
		for (int i = 0; i < 20000; i++) {
			struct walk_regs r;
			enum walk_end end;
			uint64_t pcs[32];

			for (int k = 0; k < WALK_REGS; k++)
				r.r[k] = rnd_word();
			r.called = rnd() % 2;
			r.pc = rnd() % 4 ? cfi.text_low + rnd() %
				(cfi.text_high - cfi.text_low) : rnd_word();
			assert_in_range(walk_stack(&w, &r, pcs, 32, &end), 1,
					32);
			done[end]++;
		}
	}
	print_message("ends: %ld done, %ld cut, %ld lost\n", done[0], done[1],
		      done[2]);
	assert_true(done[WALK_LOST] > 0);
}

/* A copy of our own sections between guard pages, then damaged ------------ */

/* By bytes: the segment holds the red zones of a sanitizer's build too. */
__attribute__((no_sanitize("address"), noinline))
static void copy(char *to, const uint8_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = ((const volatile char *)from)[i];
}

static void damaged_cfi_never_faults(void **state)
{
	struct cfi good, bad;
	struct cfi_row row;
	size_t bytes, room;
	long ok = 0, refused = 0;
	char *m;

	(void)state;
	assert_int_equal(cfi_init(&good, (const void *)walk_stack), 0);
	bytes = (size_t)(good.high - good.low);
	room = (bytes + 4095) & ~(size_t)4095;
	m = mmap(NULL, room + 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		 0);
	mprotect(m + 4096, room, PROT_READ | PROT_WRITE);
	m += 4096 + room - bytes;       /* its end is the guard's beginning */
	bad = good;
	bad.low = (const uint8_t *)m;
	bad.high = bad.low + bytes;
	bad.base = bad.low + (good.base - good.low);
	bad.table = bad.low + (good.table - good.low);
	bad.text_low += (uintptr_t)bad.low - (uintptr_t)good.low;
	bad.text_high += (uintptr_t)bad.low - (uintptr_t)good.low;
	for (int round = 0; round < 300; round++) {
		copy(m, good.low, bytes);
		for (int i = 0; i < round; i++)
			m[rnd() % bytes] = (char)rnd();
		for (int i = 0; i < 500; i++) {
			uintptr_t pc = bad.text_low + rnd() %
				(bad.text_high - bad.text_low);

			if (cfi_row_at(&bad, pc, &row) == 0)
				ok++;
			else
				refused++;
		}
	}
	print_message("damaged: %ld rows, %ld refused\n", ok, refused);
	assert_true(ok > 0 && refused > 0);
}

static void code_that_no_object_holds_has_no_cfi(void **state)
{
	struct cfi cfi;
	struct cfi_row row;

	(void)state;
	assert_int_equal(cfi_init(&cfi, piece[0]), -ENOENT);
	assert_int_equal(cfi_row_at(&cfi, 0, &row), -ENOENT);
	assert_int_equal(cfi_init(&cfi, (const void *)walk_stack), 0);
	assert_int_equal(cfi_row_at(&cfi, cfi.text_high, &row), -ENOENT);
	assert_int_equal(cfi_row_at(&cfi, cfi.text_low - 1, &row), -ENOENT);
}

static void a_function_ends_where_the_next_begins(void **state)
{
	uintptr_t low, high, pc = (uintptr_t)call_on;
	struct cfi cfi;

	(void)state;
	assert_int_equal(cfi_init(&cfi, (const void *)walk_stack), 0);
	assert_int_equal(cfi_extent(&cfi, pc + 3, &low, &high), 0);
	assert_int_equal(low, pc);
	assert_true(high > (uintptr_t)call_on_return && high < pc + 64);
	assert_int_equal(cfi_extent(&cfi, high - 1, &low, &high), 0);
	assert_int_equal(low, pc);
	assert_int_equal(cfi_extent(&cfi, 0, &low, &high), -ENOENT);
}

static int set_up(void **state)
{
	static char sigstack[256 * 1024];
	const stack_t ss = { .ss_sp = sigstack, .ss_size = sizeof(sigstack) };
	struct sigaction sa;

	(void)state;
	for (int i = 0; i < 2; i++) {
		char *m = mmap(NULL, PIECE + 8192, PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		mprotect(m + 4096, PIECE, PROT_READ | PROT_WRITE);
		piece[i] = m + 4096;
	}
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_trap;
	sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
	return sigaltstack(&ss, NULL) | sigaction(SIGTRAP, &sa, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_caller_is_found_at_every_instruction),
		cmocka_unit_test(bytes_alone_find_most_callers),
		cmocka_unit_test(hidden_frames_are_left_out),
		cmocka_unit_test(a_deep_stack_is_cut_and_says_so),
		cmocka_unit_test(
			a_frame_pointer_that_falls_or_loops_ends_the_walk),
		cmocka_unit_test(random_stacks_and_registers_never_fault),
		cmocka_unit_test(damaged_cfi_never_faults),
		cmocka_unit_test(code_that_no_object_holds_has_no_cfi),
		cmocka_unit_test(a_function_ends_where_the_next_begins),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
