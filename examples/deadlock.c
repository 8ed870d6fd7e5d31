/*
 * deadlock - two transfers, each of which holds what the other one wants.
 *
 * usage: deadlock
 *
 * Go's runtime sees that nobody can go on, and so does pgo's: it ends the
 * program with status 2 and
 *
 *     fatal error: all goroutines are asleep - deadlock!
 *
 * and the stacks of all: both transfers in pgo_mutex_lock(), called from
 * different lines, and who waits for them.  pgo_mutex(3) says what to do:
 * take the locks of many in one order, by address for instance.
 */
#include <stdio.h>
#include <string.h>

#include <pgo/pgo.h>

struct account {
	struct pgo_mutex mutex;
	long cents;
};

struct transfer {
	struct account *from, *to;
	long cents;
};

static struct account yours = { .cents = 100 }, mine = { .cents = 100 };
static struct pgo_waitgroup done;

static void transfer(void *arg)
{
	struct transfer *t = arg;

	pgo_mutex_lock(&t->from->mutex);
	pgo_sleep(1000000);     /* so that it goes wrong every time */
	pgo_mutex_lock(&t->to->mutex);
	t->from->cents -= t->cents;
	t->to->cents += t->cents;
	pgo_mutex_unlock(&t->to->mutex);
	pgo_mutex_unlock(&t->from->mutex);
	pgo_waitgroup_done(&done);
}

static void start(void *arg)
{
	struct transfer give = { &mine, &yours, 10 };
	struct transfer take = { &yours, &mine, 20 };

	(void)arg;
	pgo_waitgroup_add(&done, 2);
	pgo_go(transfer, &give);
	pgo_go(transfer, &take);
	pgo_waitgroup_wait(&done);
	printf("mine: %ld\n", mine.cents);
}

int main(int argc, char **argv)
{
	int help = argc == 2 && !strcmp(argv[1], "--help");

	if (argc > 1) {
		fprintf(help ? stdout : stderr, "usage: deadlock\n"
			"dies of one, with the stacks of who takes part\n");
		return help ? 0 : 2;
	}
	return pgo_run(start, NULL) != 0;
}
