/*
 * A key that nobody knows is told: a test that was to run with leakcheck=1
 * would pass for a slip of the keyboard.  (Go is silent; its GODEBUG is read
 * by programs of all versions.)
 */
#include "runtime/pgodebug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pgo/go.h>

#include "lib/base/options.h"
#include "runtime/env.h"
#include "runtime/outfd.h"
#include "runtime/stackmode.h"

enum {
	STACK_MIN = 1024,
	STACK_MAX = 1 << 30,
};

static char cpuprofile[4096];

/* Of a key that there is. */
static void complain(const struct option *o, const char *wanted)
{
	char name[64];

	snprintf(name, sizeof(name), "PGODEBUG: %.*s", (int)o->key_len, o->key);
	env_complain(name, o->value, o->value_len, wanted);
}

static bool value_is(const struct option *o, const char *word)
{
	return strlen(word) == o->value_len &&
	       !memcmp(o->value, word, o->value_len);
}

/* Which of N words the value is; NULL is none.  -1: not one of them, which is
 * told. */
static int word_of(const struct option *o, const char *const *words, int n,
		   const char *wanted)
{
	for (int i = 0; i < n; i++)
		if (words[i] && value_is(o, words[i]))
			return i;
	complain(o, wanted);
	return -1;
}

/* A number from LEAST to MOST; false for anything else, which is told. */
static bool number_of(const struct option *o, int32_t least, int32_t most,
		      const char *wanted, int32_t *out)
{
	if (!option_int32(o, out) && *out >= least && *out <= most)
		return true;
	complain(o, wanted);
	return false;
}

/* One key each ------------------------------------------------------------- */

static void read_stackmin(const struct option *o)
{
	int32_t n;

	if (number_of(o, STACK_MIN, STACK_MAX,
		      "from 1024 to 1073741824 bytes", &n))
		env.stack_min_bytes = (size_t)n;
}

static void read_stackmax(const struct option *o)
{
	int32_t n;

	if (number_of(o, STACK_MIN, INT32_MAX,
		      "from 1024 to 2147483647 bytes", &n))
		env.stack_max_bytes = (size_t)n;
}

static void read_maxthreads(const struct option *o)
{
	int32_t n;

	if (number_of(o, 1, INT32_MAX, "a positive number", &n))
		env.max_threads = (uint32_t)n;
}

static void read_stack(const struct option *o)
{
	bool split = !stackmode_is_unsplit();

	if (value_is(o, "contiguous"))
		env.stack = PGO_STACK_CONTIGUOUS;
	else if (value_is(o, "segmented") && split)
		env.stack = PGO_STACK_SEGMENTED;
	else
		complain(o, split ? "segmented or contiguous" :
				    "contiguous, for code of this program does "
				    "not check its stack (pgo-cc --stack)");
}

static void read_guard(const struct option *o)
{
	static const char *const words[] = {
		[GUARD_MADVISE] = "madvise",
		[GUARD_MPROTECT] = "mprotect",
		[GUARD_NONE] = "none",
	};
	int i = word_of(o, words, GUARD_NONE + 1,
			"madvise, mprotect or none");

	if (i >= 0)
		env.guard = (enum arena_guard)i;
}

static void read_preempt(const struct option *o)
{
	static const char *const words[] = {
		[PREEMPT_OFF] = "off",
		[PREEMPT_ALWAYS] = "always",
	};
	int i = word_of(o, words, PREEMPT_ALWAYS + 1, "always or off");

	if (i >= 0)
		env.preempt = (enum preempt)i;
}

static void read_async_preempt(const struct option *o)
{
	static const char *const words[] = {
		[ASYNC_PREEMPT_OFF] = "off",
		[ASYNC_PREEMPT_ON] = "on",
		[ASYNC_PREEMPT_ALWAYS] = "always",
	};
	int i = word_of(o, words, ASYNC_PREEMPT_ALWAYS + 1,
			"on, off or always");

	if (i >= 0)
		env.async_preempt = (enum async_preempt)i;
}

static void read_switch(const struct option *o, bool *out)
{
	static const char *const words[] = { "0", "1" };
	int i = word_of(o, words, 2, "0 or 1");

	if (i >= 0)
		*out = i;
}

/* Go's word for it. */
static void read_async_preempt_off(const struct option *o)
{
	bool off = false;

	read_switch(o, &off);
	if (off)
		env.async_preempt = ASYNC_PREEMPT_OFF;
}

static void read_always(const struct option *o, bool *out)
{
	if (value_is(o, "always"))
		*out = true;
	else
		complain(o, "always");
}

static void read_seed(const struct option *o)
{
	int32_t n;

	if (!number_of(o, 0, INT32_MAX, "a number from 0 on", &n))
		return;
	env.seed = (uint32_t)n;
	env.seeded = true;
}

static void read_cpuprofile(const struct option *o)
{
	if (!o->value_len || o->value_len >= sizeof(cpuprofile)) {
		complain(o, "the name of a file");
		return;
	}
	memcpy(cpuprofile, o->value, o->value_len);
	cpuprofile[o->value_len] = 0;
	env.cpuprofile = cpuprofile;
}

static void read_memprofilerate(const struct option *o)
{
	int32_t n;

	if (number_of(o, 0, INT32_MAX, "from 0 to 2147483647 bytes", &n))
		env.memprofilerate = n;
}

/* All of them -------------------------------------------------------------- */

static const struct key {
	const char *name;
	void (*read)(const struct option *o);
	bool *on;               /* without read: 0 or 1 */
	bool *always;           /* or the word */
} keys[] = {
	{ "asyncpreempt", .read = read_async_preempt },
	{ "asyncpreemptoff", .read = read_async_preempt_off },
	{ "containermaxprocs", .on = &env.containermaxprocs },
	{ "cpuprofile", .read = read_cpuprofile },
	{ "guard", .read = read_guard },
	{ "hugepages", .on = &env.huge_pages },
	{ "leakcheck", .on = &env.leakcheck },
	{ "maxthreads", .read = read_maxthreads },
	{ "memprofilerate", .read = read_memprofilerate },
	{ "preempt", .read = read_preempt },
	{ "schedtimes", .on = &env.sched_times },
	{ "seed", .read = read_seed },
	{ "seg", .always = &env.seg_always },
	{ "stack", .read = read_stack },
	{ "stackmax", .read = read_stackmax },
	{ "stackmin", .read = read_stackmin },
	{ "steal", .always = &env.steal_always },
	{ "updatemaxprocs", .on = &env.updatemaxprocs },
	{ "yield", .always = &env.yield_always },
};

enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static void say_unknown(const struct option *o)
{
	char buf[512];
	struct outfd out;

	outfd_begin(&out, STDERR_FILENO, buf, sizeof(buf));
	text_put(&out.sink, "pgo: PGODEBUG: ");
	text_name_of(&out.sink, o->key, o->key_len);
	text_put(&out.sink, ": ignored, is none of");
	for (size_t i = 0; i < KEYS; i++) {
		text_put(&out.sink, i ? ", " : " ");
		text_put(&out.sink, keys[i].name);
	}
	text_put(&out.sink, "\n");
	outfd_flush(&out);
}

static void read_one(const struct option *o)
{
	const struct key *k = keys;

	while (k < keys + KEYS && !option_is(o, k->name))
		k++;
	if (k == keys + KEYS)
		say_unknown(o);
	else if (k->read)
		k->read(o);
	else if (k->on)
		read_switch(o, k->on);
	else
		read_always(o, k->always);
}

void pgodebug_read(void)
{
	const char *at = secure_getenv("PGODEBUG");
	struct option o;

	while (at && options_next(&at, &o))
		if (o.key_len || o.value_len)
			read_one(&o);
}
