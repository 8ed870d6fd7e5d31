/* A thousand texts, and what each of them must have. */
#include <stdio.h>

#include <pgo/pgo.h>

#include "tally.h"

enum { TEXTS = 1000 };

static struct tally texts[TEXTS];
static int status;

static void run(void *arg)
{
	(void)arg;
	for (int i = 0; i < TEXTS; i++)
		texts[i].text = i % 2 ? "one" : "and then two";
	status = tally_all(texts, TEXTS);
}

int main(void)
{
	pgo_run(run, NULL);
	if (status < 0)
		return 1;
	for (int i = 0; i < TEXTS; i++)
		if (texts[i].words != (i % 2 ? 1 : 3)) {
			printf("text %d: %zu words\n", i, texts[i].words);
			return 1;
		}
	return 0;
}
