/*
 * crashes - dies of a signal in the way its argument names; test_crash.py.
 *
 * Goroutine 2 does it, in a function of the way's name, while goroutine 1
 * sleeps.
 */
#define _GNU_SOURCE 1
#include <assert.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <pgo/pgo.h>

#define APART __attribute__((noinline))

/* Keeps a call from becoming a jump, which leaves no frame. */
static volatile int after;

static volatile int *volatile nowhere = (int *)16;

APART static void store(void)
{
	*nowhere = 1;
	after++;
}

APART static void beyond_the_file(void)
{
	FILE *empty = tmpfile();
	volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED,
				empty ? fileno(empty) : -1, 0);

	after += *p;
}

__attribute__((no_sanitize("integer-divide-by-zero")))
APART static void divide(void)
{
	volatile int zero = 0;

	after += 100 / zero;
}

APART static void no_such_instruction(void)
{
	__asm__ volatile("ud2");
	after++;
}

APART static void breakpoint(void)
{
	__asm__ volatile("int3");
	after++;
}

APART static void give_up(void)
{
	abort();
}

APART static void assume(void)
{
	assert(!"so");
	after++;
}

APART static void forbidden_call(void)
{
	raise(SIGSYS);
	after++;
}

static void (*volatile no_function)(void);

APART static void call_nothing(void)
{
	no_function();
	after++;
}

/* A leaf, on the goroutine's stack. */
APART static void copy_to_nowhere(void)
{
	volatile size_t n = 100000;
	static char from[100000];

	memcpy((void *)nowhere, from, n);
	after++;
}

/* In C, on the thread's stack. */
APART static void read_into_libc(void)
{
	char *volatile name = (char *)nowhere;

	after += strtod(name, NULL) > 0;
	after++;
}

static int compare(const void *a, const void *b)
{
	store();
	return *(const int *)a - *(const int *)b;
}

APART static void in_a_callback(void)
{
	int two[2] = { 2, 1 };

	qsort(two, 2, sizeof(int), compare);
	after++;
}

static volatile int endless = 1;

static int compare_forever(const void *a, const void *b)
{
	volatile char pad[100];

	pad[0] = (char)endless;
	if (endless)
		endless += compare_forever(b, a) - 1;
	return pad[0];
}

APART static void too_deep_in_a_callback(void)
{
	int two[2] = { 2, 1 };

	qsort(two, 2, sizeof(int), compare_forever);
	after++;
}

/* In frames of which the guard holds one. */
static int compare_widely(const void *a, const void *b)
{
	volatile char pad[40000];

	pad[0] = (char)endless;
	if (endless)
		endless += compare_widely(b, a) - 1;
	return pad[0];
}

APART static void too_wide_in_a_callback(void)
{
	int two[2] = { 2, 1 };

	qsort(two, 2, sizeof(int), compare_widely);
	after++;
}

/* malloc() finds out with its lock held. */
APART static void break_the_heap(void)
{
	volatile char *volatile p = malloc(100000);

	for (int i = 100000; i < 100100; i++)
		p[i] = 0x55;
	p = malloc(100000);
	after++;
}

static void *crash_apart(void *arg)
{
	store();
	return arg;
}

APART static void in_a_thread(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, crash_apart, NULL))
		pthread_join(thread, NULL);
	after++;
}

static int forbid_frames(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	const uintptr_t page = 4096;

	(void)bytes;
	(void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t at = info->dlpi_addr + ph->p_vaddr + page - 1;

		/* Whole pages of it, and no others. */
		if (ph->p_type == PT_GNU_EH_FRAME)
			mprotect((void *)(at & -page), ph->p_memsz & -page,
				 PROT_NONE);
	}
	return 1;               /* the program is the first */
}

/* What the dump needs is not there any more. */
APART static void in_the_crash(void)
{
	dl_iterate_phdr(forbid_frames, NULL);
	store();
}

static void leave_with_7(int sig)
{
	(void)sig;
	_exit(7);
}

APART static void caught(void)
{
	signal(SIGSEGV, leave_with_7);
	store();
}

APART static void caught_before(void)
{
	store();
}

APART static void told_by_both(void)
{
	struct sigaction ours, runtimes;

	memset(&ours, 0, sizeof(ours));
	ours.sa_handler = leave_with_7;
	sigaction(SIGSEGV, &ours, &runtimes);
	sigaction(SIGSEGV, &runtimes, NULL);
	store();
}

static const struct way {
	const char *name;
	void (*fn)(void);
} ways[] = {
	{ "store", store },
	{ "beyond_the_file", beyond_the_file },
	{ "divide", divide },
	{ "no_such_instruction", no_such_instruction },
	{ "breakpoint", breakpoint },
	{ "give_up", give_up },
	{ "assume", assume },
	{ "forbidden_call", forbidden_call },
	{ "call_nothing", call_nothing },
	{ "copy_to_nowhere", copy_to_nowhere },
	{ "read_into_libc", read_into_libc },
	{ "in_a_callback", in_a_callback },
	{ "too_deep_in_a_callback", too_deep_in_a_callback },
	{ "too_wide_in_a_callback", too_wide_in_a_callback },
	{ "break_the_heap", break_the_heap },
	{ "in_a_thread", in_a_thread },
	{ "in_the_crash", in_the_crash },
	{ "caught", caught },
	{ "caught_before", caught_before },
	{ "told_by_both", told_by_both },
};

static void culprit(void *arg)
{
	const struct way *w = arg;

	w->fn();
	after++;
}

static void entry(void *arg)
{
	const struct way *w = arg;

	/* That one is to be on a thread of the runtime's. */
	if (w->fn == too_wide_in_a_callback)
		pgo_lock_os_thread();
	pgo_go(culprit, arg);
	pgo_sleep(INT64_C(5000000000));
	after++;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (argc < 2 || strcmp(argv[1], ways[i].name))
			continue;
		if (ways[i].fn == caught_before)
			signal(SIGSEGV, leave_with_7);
		return pgo_run(entry, (void *)&ways[i]) ? 3 : 0;
	}
	fprintf(stderr, "usage: crashes WAY\n");
	return 1;
}
