/* usage: tally TEXT...: prints how many words each has. */
#include <stdio.h>
#include <string.h>

#include <pgo/pgo.h>

#include "config.h"
#include "tally.h"

#ifndef HAVE_GETADDRINFO
#error "the check did not find a function of libc"
#endif
#ifdef HAVE_NO_SUCH_FUNCTION
#error "the check found a function that nobody has"
#endif
#ifndef HAVE_PTHREAD_H
#error "the check did not find a header"
#endif

enum { TEXTS_MAX = 64 };

static struct tally texts[TEXTS_MAX];
static size_t n_texts;

static void run(void *arg)
{
	*(int *)arg = tally_all(texts, n_texts);
}

int main(int argc, char **argv)
{
	int rc = 0;

	for (int i = 1; i < argc && n_texts < TEXTS_MAX; i++)
		texts[n_texts++].text = argv[i];
	pgo_run(run, &rc);
	if (rc < 0)
		fprintf(stderr, "tally: %s\n", strerror(-rc));
	for (size_t i = 0; i < n_texts; i++)
		printf("%zu %s\n", texts[i].words, texts[i].text);
	return rc < 0;
}
