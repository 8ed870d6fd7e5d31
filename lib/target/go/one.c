/*
 * Where a goroutine stands is in g.sched, or, once it has made a system call,
 * in g.syscallpc and g.syscallsp, whatever its status: Go's own tracebacks go
 * by syscallsp alone.
 */
#include "lib/target/go/one.h"

#include <string.h>

#define SCAN 0x1000u                    /* its stack is being scanned */
#define STACK_MAX (UINT64_C(1) << 30)   /* Go's own limit */

uint32_t go_one_bytes(const struct go *go)
{
	static const enum go_field fields[] = {
		GO_G_STACK, GO_G_SCHED, GO_G_SYSCALLSP, GO_G_SYSCALLPC,
		GO_G_STATUS, GO_G_GOID, GO_G_M, GO_G_WAITSINCE,
		GO_G_WAITREASON, GO_G_LOCKEDM, GO_G_PARENT, GO_G_GOPC,
		GO_G_STARTPC, GO_G_WAITING, GO_G_LABELS,
	};

	return go_offsets_span(&go->offsets, fields,
			       sizeof(fields) / sizeof(*fields));
}

/* The word at OFFSET, 0 when this version has it not. */
static uint64_t word(const uint8_t *g, int32_t offset)
{
	uint64_t v = 0;

	if (offset >= 0)
		memcpy(&v, g + offset, sizeof(v));
	return v;
}

static void parse_head(const struct go *go, const uint8_t *g,
		       struct go_one *o)
{
	int32_t sched = go_at(go, GO_G_SCHED);
	uint32_t status;

	memcpy(&status, g + go_at(go, GO_G_STATUS), sizeof(status));
	status &= ~SCAN;
	o->status = status > UINT8_MAX ? UINT8_MAX : (uint8_t)status;
	o->goid = (int64_t)word(g, go_at(go, GO_G_GOID));
	o->lo = word(g, go_at(go, GO_G_STACK));
	o->hi = word(g, go_at(go, GO_G_STACK) + 8);
	o->sp = word(g, go_at(go, GO_G_SYSCALLSP));
	o->pc = word(g, go_at(go, GO_G_SYSCALLPC));
	if (o->sp == 0) {
		o->sp = word(g, sched + go_at(go, GO_GOBUF_SP));
		o->pc = word(g, sched + go_at(go, GO_GOBUF_PC));
	}
}

static enum go_had what_it_is(const struct go_one *o)
{
	switch (o->status) {
	case GO_IDLE:
	case GO_DEAD:
	case GO_DEADEXTRA:
		return ONE_GONE;
	case GO_RUNNING:
	case GO_COPYSTACK:
		return ONE_RUNS;
	default:
		return go_one_parked(o) ? ONE_MOVED : ONE_NONSENSE;
	}
}

bool go_one_parse(const struct go *go, const uint8_t *g, struct go_one *o)
{
	parse_head(go, g, o);
	o->m = word(g, go_at(go, GO_G_M));
	o->lockedm = word(g, go_at(go, GO_G_LOCKEDM));
	o->parent = (int64_t)word(g, go_at(go, GO_G_PARENT));
	o->gopc = word(g, go_at(go, GO_G_GOPC));
	o->startpc = word(g, go_at(go, GO_G_STARTPC));
	o->waiting = word(g, go_at(go, GO_G_WAITING));
	o->labels = word(g, go_at(go, GO_G_LABELS));
	o->waitsince = (int64_t)word(g, go_at(go, GO_G_WAITSINCE));
	o->reason = g[go_at(go, GO_G_WAITREASON)];
	o->had = (uint8_t)what_it_is(o);
	if (o->had == ONE_GONE)
		return true;
	if (o->goid <= 0 || o->hi <= o->lo || o->hi - o->lo > STACK_MAX)
		o->had = ONE_NONSENSE;
	return o->had != ONE_NONSENSE;
}

bool go_one_same(const struct go *go, const uint8_t *g, const struct go_one *o)
{
	struct go_one now;

	parse_head(go, g, &now);
	return now.status == o->status && now.goid == o->goid &&
	       now.pc == o->pc && now.sp == o->sp && now.lo == o->lo &&
	       word(g, go_at(go, GO_G_LABELS)) == o->labels;
}
