/*
 * leak - goroutines that wait for somebody who has left.
 *
 * usage: leak [SECONDS]    60
 *
 * Fifty times a second a question is asked, and given up after 5 ms.  One
 * answer in two takes longer: whoever has it then waits for ever to send it.
 * See them while it runs, where they wait and who made them:
 *
 *     pgo-top leak                    send_answer, more of them every second
 *     pgo-trace dump --group leak     their one stack, and how many have it
 *
 * docs/tutorial.md finds the leak, and mends it in one place.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pgo/pgo.h>

#define MS 1000000LL

struct question {
	int number;
	_Atomic int users;      /* who asks, who answers; the last frees it */
	struct pgo_chan *answer;
};

static long seconds = 60;

static void put(struct question *q)
{
	if (atomic_fetch_sub(&q->users, 1) == 1) {
		pgo_chan_free(q->answer);
		free(q);
	}
}

static void send_answer(void *arg)
{
	struct question *q = arg;
	int answer = q->number * q->number;

	pgo_sleep(q->number % 2 ? 1 * MS : 10 * MS);
	pgo_chan_send(q->answer, &answer);
	put(q);
}

/* The square of NUMBER, or -1 when it does not come in 5 ms. */
static int ask(int number)
{
	struct question *q = malloc(sizeof(*q));
	struct pgo_chan *late = pgo_after(5 * MS);
	int answer = -1;

	if (!q || !late)
		exit(1);
	*q = (struct question){ number, 2, pgo_chan_make(sizeof(int), 0) };
	pgo_go(send_answer, q);
	pgo_select((struct pgo_case[]){
		{ .chan = q->answer, .dir = PGO_RECV, .elem = &answer },
		{ .chan = late, .dir = PGO_RECV },
	}, 2, 0);
	pgo_chan_free(late);
	put(q);
	return answer;
}

static void start(void *arg)
{
	int number, answered = 0;

	(void)arg;
	for (number = 1; number <= seconds * 50; number++) {
		answered += ask(number) >= 0;
		pgo_sleep(15 * MS);
	}
	pgo_sleep(20 * MS);
	printf("%d of %d answered, %lld goroutines left behind\n", answered,
	       number - 1, (long long)pgo_numgoroutine() - 1);
}

int main(int argc, char **argv)
{
	int rc, help = argc == 2 && !strcmp(argv[1], "--help");
	char *end = NULL;

	if (argc == 2)
		seconds = strtol(argv[1], &end, 10);
	if (argc > 2 || (end && *end) || seconds < 1 || seconds > 3600) {
		fprintf(help ? stdout : stderr,
			"usage: leak [SECONDS]    1 to 3600; 60\n");
		return help ? 0 : 2;
	}
	rc = pgo_run(start, NULL);
	return rc && rc != -EBUSY;
}
