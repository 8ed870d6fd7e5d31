/* What the arguments of ld say, as far as it matters here. */

#include "runtime/cc/link.h"

#include <string.h>

#include "runtime/cc/args.h"
#include "runtime/cc/input.h"

int link_is_plain(const struct link *l)
{
	static const char *const asks[] = {
		"-r", "--relocatable", "-i", "--version", "-V", "--help",
		"-Ur", NULL
	};
	int outs = 0;
	size_t i;

	for (i = 0; i < l->args.n; i++) {
		if (args_is_one_of(l->args.v[i], asks))
			return 1;
		outs += *l->args.v[i] != '-';
	}
	return !outs;
}

/* Of those that watch stacks: -lasan, libclang_rt.asan-x86_64.a. */
static int is_sanitizer(const char *arg)
{
	static const char *const names[] = {
		"-lasan", "-ltsan", "-llsan", "libasan.", "libtsan.",
		"liblsan.", "libclang_rt.asan", "libclang_rt.tsan",
		"libclang_rt.lsan",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (str_begins(str_base(arg), names[i]))
			return 1;
	return 0;
}

static void look_for_stacks(struct link *l)
{
	size_t i;

	for (i = 0; i < l->args.n; i++) {
		const char *a = l->args.v[i];

		l->contiguous |= !strcmp(a, "-upgo_stack_contiguous");
		l->sanitized |= is_sanitizer(a);
	}
	/* A library finds thunks in the program, which has the right ones. */
	l->sanitized &= !l->shared;
	l->contiguous |= l->sanitized;
}

void link_look(struct link *l)
{
	static const char *const trace[] = {
		"-t", "--trace", "-M", "--print-map", NULL
	};
	static const char *const none[] = {
		"-static", "-Bstatic", "-dn", "-non_shared", NULL
	};
	int loader = 0;
	size_t i;

	l->out = "a.out";
	input_plugin = 0;
	for (i = 0; i < l->args.n; i++) {
		const char *a = l->args.v[i];

		if ((!strcmp(a, "-o") || !strcmp(a, "--output")) &&
		    l->args.v[i + 1])
			l->out = l->args.v[++i];
		else if (str_begins(a, "--output="))
			l->out = a + strlen("--output=");
		else if (!strcmp(a, "-shared") || !strcmp(a, "-Bshareable"))
			l->shared = 1;
		else if (!strcmp(a, "-plugin") || !strcmp(a, "--plugin"))
			input_plugin = 1;
		else if (args_is_one_of(a, none))
			l->bare = 1;
		else if (str_begins(a, "-dynamic-linker") ||
			 str_begins(a, "--dynamic-linker"))
			loader = 1;
		else if (args_is_one_of(a, trace))
			l->traced = 1;
	}
	/* The option may also stand for a few libraries. */
	l->bare &= !loader && !l->shared;
	look_for_stacks(l);
}

int link_is_renamed(const struct link *l)
{
	return l->bare || l->sanitized;
}
