/*
 * The environment.
 *
 * Read once, by secure_getenv(3): nothing in it may steer a program that runs
 * with more rights than who started it.  Strings are copied: the program may
 * change its environment later.
 *
 * GODEBUG is Go's: words of others in it are no mistake.  PGODEBUG is ours, see
 * pgodebug.c.
 */
#include "runtime/env.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/options.h"
#include "runtime/outfd.h"
#include "runtime/pgodebug.h"
#include "runtime/quota.h"
#include "runtime/sched.h"
#include "runtime/sys.h"

struct env env = {
	.gomaxprocs = 1,
	.async_preempt = ASYNC_PREEMPT_ON,
	.containermaxprocs = true,
	.huge_pages = true,
	.updatemaxprocs = true,
	.traceback = TRACEBACK_SINGLE,
	.stack_max_bytes = 1000000000,  /* as Go's SetMaxStack */
	.memprofilerate = 512 << 10,    /* as Go's */
};

static char agent[ENV_LIST];
static char leakcheck_ignore[ENV_LIST];

void env_complain(const char *name, const char *value, size_t n,
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
		env_complain("GOMAXPROCS", s, strlen(s), "a positive number");
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
		env_complain("GOTRACEBACK", s, strlen(s),
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
			env_complain("SCHEDTRACE", all, strlen(all),
				     "MS[,detail][,gs]");
			return;
		}
		s += n + (s[n] == ',');
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
		env_complain(name, s, 60, "shorter than 4096 bytes");
		return NULL;
	}
	return memcpy(buf, s, n + 1);
}

void env_read(void)
{
	read_traceback();
	read_godebug();
	read_schedtrace();
	pgodebug_read();
	read_gomaxprocs();
	env.agent = read_list("PGO_AGENT", agent);
	env.leakcheck_ignore = read_list("PGO_LEAKCHECK_IGNORE",
					 leakcheck_ignore);
}
