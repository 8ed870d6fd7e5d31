/*
 * deaths - dies in one of the ways a program of pgo's can.
 *
 * usage: deaths WAY
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pgo/pgo.h>

static struct pgo_chan *never;
static const char *how;

/* So that every frame is there: no call is the last thing done. */
static volatile int after;

__attribute__((noinline)) static void wait_for_ever(void)
{
	pgo_chan_recv(never, NULL);
	after++;
}

static void waiter(void *arg)
{
	(void)arg;
	wait_for_ever();
	after++;
}

static void reader(void *arg)
{
	char c;

	if (read(*(int *)arg, &c, 1) < 0)
		after++;
	after++;
}

static int compare(const void *a, const void *b)
{
	pgo_chan_close(NULL);
	return *(const int *)a - *(const int *)b;
}

__attribute__((noinline)) static long descend(long n)
{
	volatile char pad[200];

	pad[n % 200] = 1;
	if (n)
		return descend(n - 1) + pad[n % 200];
	wait_for_ever();
	return pad[0];
}

static void deep(void *arg)
{
	(void)arg;
	descend(300);
	after++;
}

/* What foreign code that goes too deep does: the canary at the low end of the
 * segment, see runtime/seg.h, is written over. */
__attribute__((noinline)) static void overrun(void)
{
	volatile uint64_t mark = 0;
	volatile uint64_t *p = &mark;

	while (*p != 0x5afe57ac5afe57acULL)
		p--;
	*p = 0;
}

static volatile int *volatile nowhere = (int *)16;

__attribute__((noinline)) static void misuse_channel(struct pgo_chan *c)
{
	int v[2] = { 2, 1 };
	struct pgo_case one = { c, PGO_SEND, v, 0 };

	if (strcmp(how, "close-nil"))
		pgo_chan_close(c);
	if (!strcmp(how, "send"))
		pgo_chan_send(c, v);
	else if (!strcmp(how, "select"))
		pgo_select(&one, 1, 0);
	else if (!strcmp(how, "close"))
		pgo_chan_close(c);
	else
		pgo_chan_close(NULL);
}

__attribute__((noinline)) static void misuse_lock(void)
{
	struct pgo_waitgroup wg = { 0 };
	struct pgo_mutex m = { 0 };
	struct pgo_rwmutex rw = { 0 };
	struct pgo_sema s = PGO_SEMA(UINT32_MAX);

	if (!strcmp(how, "waitgroup"))
		pgo_waitgroup_done(&wg);
	else if (!strcmp(how, "unlock"))
		pgo_mutex_unlock(&m);
	else if (!strcmp(how, "runlock"))
		pgo_rwmutex_runlock(&rw);
	else if (!strcmp(how, "rwunlock"))
		pgo_rwmutex_unlock(&rw);
	else if (!strcmp(how, "sema"))
		pgo_sema_release(&s);
}

static jmp_buf gone;

/* Its frame is gone when somebody jumps to it. */
__attribute__((noinline)) static void mark(void)
{
	volatile char pad[64];

	pad[after & 63] = 0;
	if (setjmp(gone))
		after++;
	after += pad[0];
}

static void marker(void *arg)
{
	(void)arg;
	mark();
	wait_for_ever();
	after++;
}

__attribute__((noinline)) static void jump_wrongly(void)
{
	if (!strcmp(how, "jump-dead"))
		mark();
	else if (pgo_go(marker, NULL) > 0)
		pgo_sleep(20000000);
	longjmp(gone, 1);
}

__attribute__((noinline)) static void misuse(void)
{
	int v[2] = { 2, 1 };

	if (!strcmp(how, "go-nil"))
		pgo_go(NULL, NULL);
	else if (!strcmp(how, "callback"))
		qsort(v, 2, sizeof(v[0]), compare);
	else if (!strcmp(how, "segv"))
		*nowhere = 1;
	else if (!strcmp(how, "overrun"))
		overrun();
	else if (!strncmp(how, "jump", 4))
		jump_wrongly();
	else if (strstr("send select close close-nil", how))
		misuse_channel(pgo_chan_make(sizeof(v[0]), 1));
	else
		misuse_lock();
	after++;
}

static void misuser(void *arg)
{
	(void)arg;
	misuse();
	pgo_yield();
	after++;
}

static void entry(void *arg)
{
	int fds[2];

	(void)arg;
	never = pgo_chan_make(1, 0);
	if (!strcmp(how, "quit") || !strcmp(how, "dump")) {
		if (pipe(fds))
			exit(1);
		pgo_go(reader, &fds[0]);
		pgo_go(waiter, NULL);
		pgo_sleep(50000000);
	} else if (!strcmp(how, "deadlock")) {
		pgo_go(waiter, NULL);
	} else if (!strcmp(how, "deep")) {
		pgo_go(deep, NULL);
	} else {
		pgo_go(misuser, NULL);
	}
	if (!strcmp(how, "quit"))
		kill(getpid(), SIGQUIT);
	if (!strcmp(how, "dump"))
		exit(pgo_debug_dump(1) ? 1 : 0);
	wait_for_ever();
	after++;
}

/* What needs a goroutine, on the main thread.  False when HOW is no such. */
static bool use_too_early(void)
{
	if (!strcmp(how, "early-go"))
		exit(pgo_go(misuser, NULL) == -EINVAL ? 3 : 1);
	else if (!strcmp(how, "early-goexit"))
		pgo_goexit();
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: deaths WAY\n");
		return 2;
	}
	how = argv[1];
	if (use_too_early())
		return 1;
	return pgo_run(entry, NULL) ? 1 : 0;
}
