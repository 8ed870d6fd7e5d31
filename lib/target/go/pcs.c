/*
 * An array that doubles and a hash that leads into it.  Before the hash there
 * is a small table by the low bits of the pc: at a million goroutines that is
 * the difference between 12 and 3 ns a frame.
 */
#include "lib/target/go/pcs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/grow.h"
#include "lib/base/hash.h"
#include "lib/target/go/attach.h"

enum { RECENT = 1024 };

struct go_pcs {
	struct go_pc *at;
	uint32_t n;
	size_t room;
	struct hash known;
	struct {
		uint64_t pc;    /* 0: none */
		int32_t id;
	} recent[RECENT];
};

static bool same_pc(const void *ctx, uint32_t id, const void *key)
{
	const struct go_pcs *t = ctx;

	return t->at[id].pc == *(const uint64_t *)key;
}

/* A signal's handler made it look as if the function below had called it;
 * that one's pc is where it was interrupted. */
static bool is_injected(const char *name)
{
	static const char *const names[] = {
		"runtime.sigpanic", "runtime.asyncPreempt",
		"runtime.debugCallV1", "runtime.debugCallV2",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void look_up(struct go *go, uint64_t pc, struct go_pc *out)
{
	struct go_module *m = go_module_at(go, pc);
	struct gosym_func f;

	*out = (struct go_pc){ .pc = pc, .depth = -1 };
	if (!m || !m->sym || !gosym_func(m->sym, pc, &f) || !f.name)
		return;
	out->sym = m->sym;
	out->entry = f.entry;
	out->name = f.name;
	out->top = f.top;
	/* It moves to the other stack, but in such a way that frames can be
	 * walked through on either. */
	out->sp_write = f.sp_write && strcmp(f.name, "runtime.cgocallback");
	out->injected = is_injected(f.name);
	if (!gosym_depth(m->sym, pc, &out->depth) || out->depth < 0)
		out->depth = -1;
}

static int32_t add(struct go *go, uint64_t pc, uint64_t hash)
{
	struct go_pcs *t = go->pcs;

	if (t->n >= GO_PCS_MAX ||
	    grow(&t->at, &t->room, t->n, sizeof(*t->at)) < 0 ||
	    hash_add(&t->known, hash, t->n) < 0)
		return GO_PC_NONE;
	look_up(go, pc, &t->at[t->n]);
	return (int32_t)t->n++;
}

int32_t go_pc_id(struct go *go, uint64_t pc)
{
	struct go_pcs *t = go->pcs;
	uint64_t hash;
	size_t slot;
	int64_t id;

	if (!t)
		t = go->pcs = calloc(1, sizeof(*t));
	if (!t)
		return GO_PC_NONE;
	slot = (pc ^ pc >> 10) % RECENT;
	if (t->recent[slot].pc == pc && pc)
		return t->recent[slot].id;
	hash = hash_u64(pc);
	id = hash_find(&t->known, hash, same_pc, t, &pc);
	if (id < 0)
		id = add(go, pc, hash);
	if (id >= 0) {
		t->recent[slot].pc = pc;
		t->recent[slot].id = (int32_t)id;
	}
	return (int32_t)id;
}

const struct go_pc *go_pc_get(const struct go *go, int32_t id)
{
	return &go->pcs->at[id];
}

void go_pcs_trim(struct go *go)
{
	struct go_pcs *t = go->pcs;

	if (!t || t->n < GO_PCS_MAX / 4 * 3)
		return;
	go_pcs_free(t);
	go->pcs = NULL;
}

void go_pcs_free(struct go_pcs *t)
{
	if (!t)
		return;
	free(t->at);
	hash_release(&t->known);
	free(t);
}
