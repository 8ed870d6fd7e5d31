/*
 * Random small programs on channels end as the model says they may.
 *
 * What may wait for ever waits in a select beside a channel that is closed
 * when nothing moves any more; programs that always end use the plain calls.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "test/unit/pgo/chan_model.h"
#include "test/unit/pgo/goroutine.h"

enum { PROGRAMS = 400, TRIES = 3, STILL_TURNS = 20 };

#define TURN_NS INT64_C(500000)

struct trial {
	const struct model_program *program;
	bool ends;                      /* always: no select is needed */
	struct pgo_chan *chan[MODEL_CHANS], *quit;
	struct model_outcome got;
	struct pgo_waitgroup all;
	_Atomic int moves, over;
};

struct player {
	struct trial *t;
	int g;
};

static uint8_t do_plainly(struct trial *t, struct model_op op, uint8_t *value)
{
	struct pgo_chan *c = t->chan[op.chan];

	switch (op.kind) {
	case MODEL_SEND:
		pgo_chan_send(c, value);
		return MODEL_DONE;
	case MODEL_RECV:
		pgo_chan_recv(c, value);
		return *value;
	case MODEL_TRYSEND:
		return pgo_chan_trysend(c, value) ? MODEL_WOULD_WAIT :
						    MODEL_DONE;
	default:
		return pgo_chan_tryrecv(c, value) ? MODEL_WOULD_WAIT : *value;
	}
}

static uint8_t do_in_select(struct trial *t, struct model_op op,
			    uint8_t *value)
{
	struct pgo_case cases[2] = {
		{ t->chan[op.chan],
		  op.kind == MODEL_SEND ? PGO_SEND : PGO_RECV, value, 0 },
		{ t->quit, PGO_RECV, NULL, 0 },
	};

	if (pgo_select(cases, 2, 0))
		return MODEL_BLOCKED;
	return op.kind == MODEL_SEND ? MODEL_DONE : *value;
}

static void play(void *arg)
{
	struct player *me = arg;
	struct trial *t = me->t;

	for (int i = 0; i < MODEL_OPS; i++) {
		struct model_op op = t->program->op[me->g][i];
		bool waits = op.kind == MODEL_SEND || op.kind == MODEL_RECV;
		uint8_t value = model_value(me->g, i);

		t->got.of[me->g][i] = waits && !t->ends ?
				      do_in_select(t, op, &value) :
				      do_plainly(t, op, &value);
		if (!t->got.of[me->g][i])
			break;
		t->moves++;
	}
	t->over++;
	pgo_waitgroup_done(&t->all);
}

/* Until all have ended, or nothing has moved for a while. */
static void wait_until_still(struct trial *t)
{
	int seen = -1, still = 0;

	while (t->over < MODEL_GS && still < STILL_TURNS) {
		still = t->moves == seen ? still + 1 : 0;
		seen = t->moves;
		pgo_sleep(TURN_NS);
	}
}

static void run(void *arg)
{
	struct trial *t = arg;
	struct player players[MODEL_GS];

	pgo_waitgroup_add(&t->all, MODEL_GS);
	for (int g = 0; g < MODEL_GS; g++) {
		players[g] = (struct player){ t, g };
		pgo_go(play, &players[g]);
	}
	if (!t->ends)
		wait_until_still(t);
	pgo_chan_close(t->quit);
	pgo_waitgroup_wait(&t->all);
}

static struct model_outcome outcome_of(const struct model_program *p)
{
	struct model_state begin = { .last = 0 };
	struct trial t = {
		.program = p, .ends = model_may(p, begin, NULL),
		.quit = pgo_chan_make(0, 0),
	};

	for (int c = 0; c < MODEL_CHANS; c++)
		t.chan[c] = pgo_chan_make(1, p->cap[c]);
	on_goroutine(run, &t);
	for (int c = 0; c < MODEL_CHANS; c++)
		pgo_chan_free(t.chan[c]);
	pgo_chan_free(t.quit);
	return t.got;
}

static void make_up(struct model_program *p, unsigned int *seed)
{
	for (int g = 0; g < MODEL_GS; g++)
		for (int i = 0; i < MODEL_OPS; i++) {
			int dice = rand_r(seed) % 6;

			p->op[g][i].kind = (uint8_t)(dice < 4 ? dice % 2 :
						     dice - 2);
			p->op[g][i].chan =
				(uint8_t)(rand_r(seed) % MODEL_CHANS);
		}
	for (int c = 0; c < MODEL_CHANS; c++)
		p->cap[c] = (uint8_t)(rand_r(seed) % (MODEL_CAP + 1));
}

static void show(const struct model_program *p, const struct model_outcome *got)
{
	static const char *const names[] = { "send", "recv", "trysend",
					     "tryrecv" };

	for (int g = 0; g < MODEL_GS; g++)
		for (int i = 0; i < MODEL_OPS; i++)
			print_error("g%d %s c%d (cap %d): %d\n", g,
				    names[p->op[g][i].kind], p->op[g][i].chan,
				    p->cap[p->op[g][i].chan], got->of[g][i]);
}

/* A machine that is busy may look still: what may block is tried again. */
static bool ends_as_it_may(const struct model_program *p,
			   struct model_outcome *got)
{
	struct model_state begin = { .last = 0 };

	for (int i = 0; i < TRIES; i++) {
		*got = outcome_of(p);
		if (model_may(p, begin, got))
			return true;
		if (model_may(p, begin, NULL))
			return false;
	}
	return false;
}

static void programs_end_as_the_model_says(void **state)
{
	struct model_program p;
	struct model_outcome got;
	unsigned int seed = 1;

	(void)state;
	for (int i = 0; i < PROGRAMS; i++) {
		make_up(&p, &seed);
		if (ends_as_it_may(&p, &got))
			continue;
		show(&p, &got);
		fail_msg("program %d cannot end so", i);
	}
}

/* The model itself: what is plainly impossible is so. */
static void the_model_knows_what_cannot_be(void **state)
{
	struct model_program p = { .cap = { 0, 1 } };
	struct model_outcome none = { 0 }, one = { 0 };
	struct model_state begin = { .last = 0 };

	(void)state;
	/* All send on a channel without room: nobody gets anywhere. */
	assert_true(model_may(&p, begin, &none));
	assert_false(model_may(&p, begin, NULL));
	one.of[0][0] = MODEL_DONE;
	assert_false(model_may(&p, begin, &one));
	/* With room for one, one of them does. */
	p.cap[0] = 1;
	assert_true(model_may(&p, begin, &one));
	assert_false(model_may(&p, begin, &none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_model_knows_what_cannot_be),
		cmocka_unit_test(programs_end_as_the_model_says),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
