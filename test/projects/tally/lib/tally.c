/* The shared library. */
#include "tally.h"

#include <pgo/pgo.h>

#include "words.h"

struct work {
	struct tally *t;
	struct pgo_waitgroup *done;
};

static void count(void *arg)
{
	struct work *w = arg;

	w->t->words = words_count(w->t->text);
	pgo_waitgroup_done(w->done);
}

int tally_all(struct tally *t, size_t n)
{
	struct pgo_waitgroup done = { 0 };
	struct work work[n];
	int rc = 0;

	for (size_t i = 0; i < n && rc >= 0; i++) {
		work[i] = (struct work){ &t[i], &done };
		pgo_waitgroup_add(&done, 1);
		rc = (int)pgo_go(count, &work[i]);
		if (rc < 0)
			pgo_waitgroup_done(&done);
	}
	pgo_waitgroup_wait(&done);
	return rc < 0 ? rc : 0;
}
