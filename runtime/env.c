/*
 * The environment.
 *
 * Read once, by secure_getenv(3): nothing in it may steer a program that runs
 * with more rights than who started it.  Strings are copied: the program may
 * change its environment later.
 *
 * GODEBUG is Go's: words of others in it are no mistake.  Of PGODEBUG keys,
 * only values that make no sense are told.
 */
#include "runtime/env.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pgo/go.h>

#include "lib/base/options.h"
#include "runtime/outfd.h"
#include "runtime/quota.h"
#include "runtime/sched.h"
#include "runtime/stackmode.h"
#include "runtime/sys.h"

enum {
	STACK_MIN = 1024,
	STACK_MAX = 1 << 30,
};

struct env env = {
	.gomaxprocs = 1,
	.containermaxprocs = true,
	.updatemaxprocs = true,
	.traceback = TRACEBACK_SINGLE,
	.stack_max_bytes = 1000000000,  /* as Go's SetMaxStack */
	.memprofilerate = 512 << 10,    /* as Go's */
};

static char cpuprofile[4096];
static char agent[ENV_LIST];
static char leakcheck_ignore[ENV_LIST];

/* pgo: NAME=VALUE: WANTED */
static void complain(const char *name, const char *value, size_t n,
		     const char *wanted)
{
	char buf[512];
	struct outfd o;

	outfd_begin(&o, STDERR_FILENO, buf, sizeof(buf));
	text_put(&o.sink, "pgo: ");
	text_put(&o.sink, name);
	text_put(&o.sink, "=");
	text_name_of(&o.sink, value, n);
	text_put(&o.sink, ": ignored, must be ");
	text_put(&o.sink, wanted);
	text_put(&o.sink, "\n");
	outfd_flush(&o);
}

static bool is_word(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && !memcmp(s, word, n);
}

/* All of TEXT as a number from LOW to HIGH. */
static bool number(const char *text, int32_t low, int32_t high, int32_t *out)
{
	struct option o = { .value = text, .value_len = strlen(text) };

	return !option_int32(&o, out) && *out >= low && *out <= high;
}

static void read_gomaxprocs(void)
{
	const char *s = secure_getenv("GOMAXPROCS");
	int32_t n = 0;

	if (s && *s && !number(s, 1, INT32_MAX, &n))
		complain("GOMAXPROCS", s, strlen(s), "a positive number");
	env.gomaxprocs_set = n > 0;
	if (n <= 0)
		n = quota_cpus(env.containermaxprocs);
	env.gomaxprocs = n <= MAX_PROCS ? n : MAX_PROCS;
}

static void read_traceback(void)
{
	static const struct {
		const char *text;
		enum traceback_level level;
	} words[] = {
		{ "", TRACEBACK_SINGLE },     { "none", TRACEBACK_NONE },
		{ "0", TRACEBACK_NONE },      { "single", TRACEBACK_SINGLE },
		{ "all", TRACEBACK_ALL },     { "1", TRACEBACK_ALL },
		{ "system", TRACEBACK_SYSTEM }, { "2", TRACEBACK_SYSTEM },
		{ "crash", TRACEBACK_CRASH },
	};
	const char *s = secure_getenv("GOTRACEBACK");
	int32_t n;

	if (!s)
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(s, words[i].text)) {
			env.traceback = words[i].level;
			return;
		}
	}
	if (number(s, 3, INT32_MAX, &n))
		env.traceback = TRACEBACK_SYSTEM;
	else
		complain("GOTRACEBACK", s, strlen(s),
			 "none, single, all, system, crash or a number");
}

/* Go programs' users know it: silence would look like a collector at rest. */
static void say_of_gctrace(void)
{
	static const char line[] =
		"pgo: GODEBUG: gctrace: without effect, there is no garbage "
		"collector yet\n";

	sys_write(STDERR_FILENO, line, sizeof(line) - 1);
}

static void read_godebug(void)
{
	const char *at = secure_getenv("GODEBUG");
	bool gctrace = false;
	struct option o;
	int32_t n;

	while (at && options_next(&at, &o)) {
		if (option_int32(&o, &n))
			continue;
		if (option_is(&o, "schedtrace"))
			env.schedtrace_ms = n > 0 ? n : 0;
		else if (option_is(&o, "scheddetail"))
			env.scheddetail = n > 0;
		else if (option_is(&o, "gctrace"))
			gctrace = n > 0;
		else if (option_is(&o, "containermaxprocs"))
			env.containermaxprocs = n != 0;
		else if (option_is(&o, "updatemaxprocs"))
			env.updatemaxprocs = n != 0;
	}
	if (gctrace)
		say_of_gctrace();
}

/* MS, detail or gs; false for anything else. */
static bool schedtrace_word(const char *s, size_t n)
{
	struct option ms = { .value = s, .value_len = n };
	int32_t number_ms;

	if (is_word(s, n, "detail"))
		env.scheddetail = true;
	else if (is_word(s, n, "gs"))
		env.sched_gs = true;
	else if (!option_int32(&ms, &number_ms) && number_ms >= 0)
		env.schedtrace_ms = number_ms;
	else
		return false;
	return true;
}

/* Overrides GODEBUG: it is the one that was written for us. */
static void read_schedtrace(void)
{
	const char *all = secure_getenv("SCHEDTRACE");
	const char *s = all;

	while (s && *s) {
		size_t n = strcspn(s, ",");

		if (!schedtrace_word(s, n)) {
			complain("SCHEDTRACE", all, strlen(all),
				 "MS[,detail][,gs]");
			return;
		}
		s += n + (s[n] == ',');
	}
}

/* A number from LEAST to MOST; false for anything else, which is told. */
static bool read_number(const struct option *o, const char *name,
			int32_t least, int32_t most, const char *wanted,
			int32_t *out)
{
	if (!option_int32(o, out) && *out >= least && *out <= most)
		return true;
	complain(name, o->value, o->value_len, wanted);
	return false;
}

static void read_stackmin(const struct option *o)
{
	int32_t n;

	if (read_number(o, "PGODEBUG: stackmin", STACK_MIN, STACK_MAX,
			"from 1024 to 1073741824 bytes", &n))
		env.stack_min_bytes = (size_t)n;
}

static void read_stackmax(const struct option *o)
{
	int32_t n;

	if (read_number(o, "PGODEBUG: stackmax", STACK_MIN, INT32_MAX,
			"from 1024 to 2147483647 bytes", &n))
		env.stack_max_bytes = (size_t)n;
}

static void read_maxthreads(const struct option *o)
{
	int32_t n;

	if (read_number(o, "PGODEBUG: maxthreads", 1, INT32_MAX,
			"a positive number", &n))
		env.max_threads = (uint32_t)n;
}

static void read_stack(const struct option *o)
{
	bool split = !stackmode_is_unsplit();

	if (is_word(o->value, o->value_len, "contiguous"))
		env.stack = PGO_STACK_CONTIGUOUS;
	else if (is_word(o->value, o->value_len, "segmented") && split)
		env.stack = PGO_STACK_SEGMENTED;
	else
		complain("PGODEBUG: stack", o->value, o->value_len,
			 split ? "segmented or contiguous" :
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

	for (enum arena_guard g = GUARD_MADVISE; g <= GUARD_NONE; g++) {
		if (is_word(o->value, o->value_len, words[g])) {
			env.guard = g;
			return;
		}
	}
	complain("PGODEBUG: guard", o->value, o->value_len,
		 "madvise, mprotect or none");
}

static void read_switch(const struct option *o, const char *name, bool *out)
{
	bool on = is_word(o->value, o->value_len, "1");

	if (on || is_word(o->value, o->value_len, "0"))
		*out = on;
	else
		complain(name, o->value, o->value_len, "0 or 1");
}

static void read_always(const struct option *o, const char *name, bool *out)
{
	if (is_word(o->value, o->value_len, "always"))
		*out = true;
	else
		complain(name, o->value, o->value_len, "always");
}

static void read_preempt(const struct option *o)
{
	if (is_word(o->value, o->value_len, "off"))
		env.preempt = PREEMPT_OFF;
	else if (is_word(o->value, o->value_len, "always"))
		env.preempt = PREEMPT_ALWAYS;
	else
		complain("PGODEBUG: preempt", o->value, o->value_len,
			 "always or off");
}

static void read_async_preempt(const struct option *o)
{
	if (is_word(o->value, o->value_len, "off"))
		env.async_preempt = ASYNC_PREEMPT_OFF;
	else if (is_word(o->value, o->value_len, "on"))
		env.async_preempt = ASYNC_PREEMPT_ON;
	else if (is_word(o->value, o->value_len, "always"))
		env.async_preempt = ASYNC_PREEMPT_ALWAYS;
	else
		complain("PGODEBUG: asyncpreempt", o->value, o->value_len,
			 "on, off or always");
}

/* Go's word for it. */
static void read_async_preempt_off(const struct option *o)
{
	bool off = false;

	read_switch(o, "PGODEBUG: asyncpreemptoff", &off);
	if (off)
		env.async_preempt = ASYNC_PREEMPT_OFF;
}

static void read_seed(const struct option *o)
{
	int32_t n;

	if (!read_number(o, "PGODEBUG: seed", 0, INT32_MAX,
			 "a number from 0 on", &n))
		return;
	env.seed = (uint32_t)n;
	env.seeded = true;
}

static void read_cpuprofile(const struct option *o)
{
	if (!o->value_len || o->value_len >= sizeof(cpuprofile)) {
		complain("PGODEBUG: cpuprofile", o->value, o->value_len,
			 "the name of a file");
		return;
	}
	memcpy(cpuprofile, o->value, o->value_len);
	cpuprofile[o->value_len] = 0;
	env.cpuprofile = cpuprofile;
}

static void read_memprofilerate(const struct option *o)
{
	int32_t n;

	if (option_int32(o, &n) || n < 0)
		complain("PGODEBUG: memprofilerate", o->value, o->value_len,
			 "from 0 to 2147483647 bytes");
	else
		env.memprofilerate = n;
}

static void read_pgodebug(void)
{
	const char *at = secure_getenv("PGODEBUG");
	struct option o;

	while (at && options_next(&at, &o)) {
		if (option_is(&o, "stackmin"))
			read_stackmin(&o);
		else if (option_is(&o, "stackmax"))
			read_stackmax(&o);
		else if (option_is(&o, "maxthreads"))
			read_maxthreads(&o);
		else if (option_is(&o, "stack"))
			read_stack(&o);
		else if (option_is(&o, "guard"))
			read_guard(&o);
		else if (option_is(&o, "preempt"))
			read_preempt(&o);
		else if (option_is(&o, "asyncpreempt"))
			read_async_preempt(&o);
		else if (option_is(&o, "asyncpreemptoff"))
			read_async_preempt_off(&o);
		else if (option_is(&o, "containermaxprocs"))
			read_switch(&o, "PGODEBUG: containermaxprocs",
				    &env.containermaxprocs);
		else if (option_is(&o, "updatemaxprocs"))
			read_switch(&o, "PGODEBUG: updatemaxprocs",
				    &env.updatemaxprocs);
		else if (option_is(&o, "leakcheck"))
			read_switch(&o, "PGODEBUG: leakcheck",
				    &env.leakcheck);
		else if (option_is(&o, "cpuprofile"))
			read_cpuprofile(&o);
		else if (option_is(&o, "memprofilerate"))
			read_memprofilerate(&o);
		else if (option_is(&o, "seed"))
			read_seed(&o);
		else if (option_is(&o, "yield"))
			read_always(&o, "PGODEBUG: yield", &env.yield_always);
		else if (option_is(&o, "steal"))
			read_always(&o, "PGODEBUG: steal", &env.steal_always);
		else if (option_is(&o, "seg"))
			read_always(&o, "PGODEBUG: seg", &env.seg_always);
	}
}

/* A variable's value, kept in BUF of ENV_LIST bytes; NULL when there is none,
 * or it is too long, which is told. */
static const char *read_list(const char *name, char *buf)
{
	const char *s = secure_getenv(name);
	size_t n = s ? strlen(s) : 0;

	if (!n)
		return NULL;
	if (n >= ENV_LIST) {
		complain(name, s, 60, "shorter than 4096 bytes");
		return NULL;
	}
	return memcpy(buf, s, n + 1);
}

void env_read(void)
{
	read_traceback();
	read_godebug();
	read_schedtrace();
	read_pgodebug();
	read_gomaxprocs();
	env.agent = read_list("PGO_AGENT", agent);
	env.leakcheck_ignore = read_list("PGO_LEAKCHECK_IGNORE",
					 leakcheck_ignore);
}
