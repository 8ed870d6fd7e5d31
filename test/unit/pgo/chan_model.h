/*
 * A channel's semantics in forty lines: all that may come of a small program,
 * by trying every order of its steps.
 *
 * A step is one operation of one goroutine: it is done, or, when it cannot be,
 * the goroutine waits in line and is served by whoever comes.
 */
#ifndef PGO_TEST_CHAN_MODEL_H
#define PGO_TEST_CHAN_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MODEL_GS = 3, MODEL_OPS = 3, MODEL_CHANS = 2, MODEL_CAP = 2 };
enum model_kind { MODEL_SEND, MODEL_RECV, MODEL_TRYSEND, MODEL_TRYRECV };
/* What came of an operation; from MODEL_VALUE on, what was received. */
enum { MODEL_BLOCKED, MODEL_DONE, MODEL_WOULD_WAIT, MODEL_VALUE };

struct model_op {
	uint8_t kind, chan;
};

struct model_program {
	struct model_op op[MODEL_GS][MODEL_OPS];
	uint8_t cap[MODEL_CHANS];
};

struct model_outcome {
	uint8_t of[MODEL_GS][MODEL_OPS];
};

struct model_state {
	struct model_outcome got;
	uint8_t at[MODEL_GS];           /* its next operation */
	uint8_t line[MODEL_GS];         /* place in line; 0: does not wait */
	uint8_t last;                   /* place given out */
	uint8_t buffer[MODEL_CHANS][MODEL_CAP], len[MODEL_CHANS];
};

static inline uint8_t model_value(int g, int op)
{
	return (uint8_t)(MODEL_VALUE + g * MODEL_OPS + op);
}

static inline void model_finish(struct model_state *s, int g, uint8_t result)
{
	s->got.of[g][s->at[g]++] = result;
	s->line[g] = 0;
}

/* Who has waited longest to do KIND on CHAN; -1: nobody. */
static inline int model_first(const struct model_program *p,
			      const struct model_state *s, int kind, int chan)
{
	int first = -1;

	for (int g = 0; g < MODEL_GS; g++)
		if (s->line[g] && p->op[g][s->at[g]].kind == kind &&
		    p->op[g][s->at[g]].chan == chan &&
		    (first < 0 || s->line[g] < s->line[first]))
			first = g;
	return first;
}

static inline bool model_send(const struct model_program *p,
			      struct model_state *s, int chan, uint8_t value)
{
	int g = model_first(p, s, MODEL_RECV, chan);

	if (g >= 0)
		model_finish(s, g, value);
	else if (s->len[chan] < p->cap[chan])
		s->buffer[chan][s->len[chan]++] = value;
	else
		return false;
	return true;
}

/* The value, 0 when there is none. */
static inline uint8_t model_receive(const struct model_program *p,
				    struct model_state *s, int chan)
{
	int g = model_first(p, s, MODEL_SEND, chan);
	uint8_t sent = g < 0 ? 0 : model_value(g, s->at[g]);
	uint8_t value = sent;

	if (s->len[chan]) {
		value = s->buffer[chan][0];
		memmove(s->buffer[chan], s->buffer[chan] + 1, MODEL_CAP - 1);
		s->len[chan]--;
		if (sent)
			s->buffer[chan][s->len[chan]++] = sent;
	}
	if (sent)
		model_finish(s, g, MODEL_DONE);
	return value;
}

static inline void model_step(const struct model_program *p,
			      struct model_state *s, int g)
{
	struct model_op op = p->op[g][s->at[g]];
	bool sends = op.kind == MODEL_SEND || op.kind == MODEL_TRYSEND;
	uint8_t result = sends ?
			 model_send(p, s, op.chan, model_value(g, s->at[g])) :
			 model_receive(p, s, op.chan);

	if (result)
		model_finish(s, g, result);
	else if (op.kind == MODEL_SEND || op.kind == MODEL_RECV)
		s->line[g] = ++s->last;
	else
		model_finish(s, g, MODEL_WOULD_WAIT);
}

/* Whether P may end in WANT; with WANT NULL, whether all its ends are free of
 * goroutines that wait for ever. */
static inline bool model_may(const struct model_program *p,
			     struct model_state s,
			     const struct model_outcome *want)
{
	bool moved = false, may = !want;

	for (int g = 0; g < MODEL_GS; g++) {
		struct model_state next = s;

		if (s.at[g] == MODEL_OPS || s.line[g])
			continue;
		moved = true;
		model_step(p, &next, g);
		if (model_may(p, next, want) != !want)
			return want != NULL;
	}
	if (moved)
		return may;
	return want ? !memcmp(&s.got, want, sizeof(*want)) :
		      !memchr(&s.got, MODEL_BLOCKED, sizeof(s.got));
}

#endif
