/*
 * Segmented where it can be.  A contiguous stack asks nothing of the code on
 * it, so everything else gets that: clang, which cannot make split prologues
 * of variadic functions; sanitizers, whose own functions take more stack than
 * a segment has; C++, whose virtual functions no linker sees.
 *
 * gcc's split prologues stay all the same: by them a goroutine is preempted.
 */

#include "runtime/cc/mode.h"

#include <string.h>

/* Memory of the program that was written by uninstrumented code. */
static const char memory[] =
	"-fsanitize=memory: libc and pgo would have to be built with it "
	"(valgrind finds the same, see pgo-cc(1))";

int mode_take(struct mode *m, const char *arg)
{
	static const char option[] = "--stack=";

	if (!str_begins(arg, option))
		return 0;
	m->stack = arg + strlen(option);
	if (strcmp(m->stack, "segmented") && strcmp(m->stack, "contiguous"))
		die("%s: no such stack (segmented, contiguous)", arg);
	return 1;
}

static void one_sanitizer(struct mode *m, const char *name)
{
	static const char *const watch_stacks[] = {
		"address", "thread", "leak", "hwaddress",
	};
	size_t i;

	for (i = 0; i < sizeof(watch_stacks) / sizeof(*watch_stacks); i++)
		if (!strcmp(name, watch_stacks[i])) {
			m->sanitizer = str_form("-fsanitize=%s", name);
			return;
		}
	if (!strcmp(name, "memory"))
		die("%s", memory);
	m->undefined = 1;
}

static void no_sanitizer(struct mode *m, const char *name)
{
	int all = !strcmp(name, "all");

	if (all || !strcmp(name, "undefined"))
		m->undefined = 0;
	if (all || (m->sanitizer && !strcmp(name, strchr(m->sanitizer, '=') +
					    1)))
		m->sanitizer = NULL;
}

void mode_look(struct mode *m, const char *arg)
{
	static const char yes[] = "-fsanitize=", no[] = "-fno-sanitize=";
	int on = str_begins(arg, yes);
	char *names, *name;

	if (!on && !str_begins(arg, no))
		return;
	names = str_copy(strchr(arg, '=') + 1);
	while ((name = strsep(&names, ","))) {
		if (on)
			one_sanitizer(m, name);
		else
			no_sanitizer(m, name);
	}
}

static void refuse_segments(const struct mode *m)
{
	if (m->clang)
		die("--stack=segmented: clang cannot make segmented stacks of "
		    "variadic functions (use gcc, or --stack=contiguous)");
	if (m->sanitizer)
		die("--stack=segmented: %s takes more stack than a segment "
		    "has (leave the option out; -fsanitize=undefined works)",
		    m->sanitizer);
}

void mode_decide(struct mode *m)
{
	if (m->stack && !strcmp(m->stack, "segmented")) {
		refuse_segments(m);
		return;
	}
	m->contiguous = m->stack || m->clang || m->cxx || m->sanitizer ||
			m->undefined;
}

void mode_add_cflags(struct strs *to, const struct mode *m)
{
	/* Without a check, a frame must touch every page on its way to the
	 * guard. */
	strs_add(to, m->clang ? "-fstack-clash-protection" : "-fsplit-stack");
	strs_add(to, "-fno-omit-frame-pointer");
	/* A goroutine whose last call waits would not be on its own stack. */
	strs_add(to, "-fno-optimize-sibling-calls");
	strs_add(to, "-g");
}

void mode_add_libs(struct strs *to, const struct mode *m)
{
	if (m->contiguous)
		strs_add(to, "-Wl,-upgo_stack_contiguous");
}
