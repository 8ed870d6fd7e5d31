/*
 * A Go program that does not exist: functions with depths, memory in regions,
 * goroutines in it.  Defines what lib/target/go asks of the symbolizer and of
 * attach.c, so that no table of Go's is needed.
 */
#ifndef TEST_UNIT_GO_FAKE_H
#define TEST_UNIT_GO_FAKE_H

#include <stdlib.h>
#include <string.h>

#include "lib/target/go/attach.h"
#include "lib/target/go/module.h"
#include "lib/target/go/offsets.h"
#include "lib/target/go/pcs.h"
#include "symbolizer/gosym.h"

/* Functions ---------------------------------------------------------------- */

/* 256 bytes of code each, from TEXT on, in this order. */
enum fake_func {
	GOEXIT, MAIN, WORK, PARK, SIGPANIC, ASM, RUNFINQ, SYSTEM, DEEPER,
	UNKNOWN_DEPTH, FAKE_FUNCS,
};

static const struct fake {
	const char *name;
	int32_t depth;
	bool top, sp_write;
} fakes[FAKE_FUNCS] = {
	[GOEXIT] = { "runtime.goexit", 0, .top = true },
	[MAIN] = { "main.main", 40 },
	[WORK] = { "main.work", 24 },
	[PARK] = { "runtime.gopark", 16 },
	[SIGPANIC] = { "runtime.sigpanic", 32 },
	[ASM] = { "runtime.asm", 8, .sp_write = true },
	[RUNFINQ] = { "runtime.runfinq", 64 },
	[SYSTEM] = { "runtime.bgsweep", 24 },
	[DEEPER] = { "main.deeper", 248 },
	[UNKNOWN_DEPTH] = { "main.strange", -1 },
};

#define TEXT UINT64_C(0x400000)

/* A return address in F. */
static inline uint64_t in(enum fake_func f)
{
	return TEXT + 256 * (uint64_t)f + 0x20;
}

struct gosym {
	int unused;
};

static const struct fake *fake_at(uint64_t pc)
{
	uint64_t i = (pc - TEXT) / 256;

	return pc >= TEXT && i < FAKE_FUNCS ? &fakes[i] : NULL;
}

bool gosym_func(struct gosym *g, uint64_t pc, struct gosym_func *out)
{
	const struct fake *f = fake_at(pc);

	(void)g;
	if (!f)
		return false;
	*out = (struct gosym_func){
		.entry = pc & ~UINT64_C(255), .end = (pc | 255) + 1,
		.name = f->name, .top = f->top, .sp_write = f->sp_write,
	};
	return true;
}

bool gosym_depth(struct gosym *g, uint64_t pc, int32_t *out)
{
	(void)g;
	*out = fake_at(pc)->depth;
	return *out >= 0;
}

size_t gosym_frames(struct gosym *g, uint64_t pc, struct sym_frame *out,
		    size_t max)
{
	const struct fake *f = fake_at(pc);

	(void)g;
	if (!f || max == 0)
		return 0;
	out[0] = (struct sym_frame){
		.func = f->name, .file = "x.go", .line = (uint32_t)(pc & 255),
	};
	return 1;
}

static struct gosym fake_sym;
static struct go_module fake_module = {
	.minpc = TEXT, .maxpc = TEXT + 256 * FAKE_FUNCS, .sym = &fake_sym,
};

struct go_module *go_module_at(struct go *go, uint64_t pc)
{
	(void)go;
	return pc >= fake_module.minpc && pc < fake_module.maxpc ? &fake_module
								 : NULL;
}

void go_modules_more(struct go *go)
{
	(void)go;
}

/* Memory ------------------------------------------------------------------- */

enum { REGIONS = 64 };

struct fake_space {
	struct space space;
	struct {
		uint64_t address, bytes;
		uint8_t *at;
	} region[REGIONS];
	size_t regions;
	size_t calls;
	uint64_t read;                          /* bytes */
	void (*before)(struct fake_space *f);   /* each call; may be NULL */
};

/* N bytes at ADDRESS, or NULL. */
static inline void *fake_mem(struct fake_space *f, uint64_t address, uint64_t n)
{
	for (size_t i = 0; i < f->regions; i++) {
		uint64_t off = address - f->region[i].address;

		if (address >= f->region[i].address &&
		    off < f->region[i].bytes && n <= f->region[i].bytes - off)
			return f->region[i].at + off;
	}
	return NULL;
}

static inline void fake_map(struct fake_space *f, uint64_t address,
			    uint64_t bytes)
{
	f->region[f->regions].address = address;
	f->region[f->regions].bytes = bytes;
	f->region[f->regions++].at = calloc(1, bytes);
}

static inline void fake_put(struct fake_space *f, uint64_t address, uint64_t v)
{
	memcpy(fake_mem(f, address, 8), &v, 8);
}

static int fake_readv(struct space *s, struct space_piece *at, size_t n)
{
	struct fake_space *f = (struct fake_space *)s;

	f->calls++;
	s->beats++;
	if (f->before)
		f->before(f);
	for (size_t i = 0; i < n; i++) {
		const void *from = fake_mem(f, at[i].address, at[i].bytes);

		at[i].ok = from != NULL;
		if (from)
			memcpy(at[i].to, from, at[i].bytes);
		f->read += at[i].bytes;
	}
	return 0;
}

static const struct space_ops fake_ops = { .readv = fake_readv };

static inline void fake_init(struct fake_space *f, struct go *go)
{
	memset(f, 0, sizeof(*f));
	memset(go, 0, sizeof(*go));
	f->space.ops = &fake_ops;
	f->space.kind = SPACE_MADE_UP;
	strcpy(f->space.name, "made-up");
	go->space = &f->space;
	go->minor = 26;
}

static inline void fake_release(struct fake_space *f, struct go *go)
{
	for (size_t i = 0; i < f->regions; i++)
		free(f->region[i].at);
	go_pcs_free(go->pcs);
}

#endif
