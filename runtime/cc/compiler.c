/* PGO_CC may be several words, "ccache gcc-13", and is one for both languages:
 * C++ gets the twin of each word that has one. */

#include "runtime/cc/compiler.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/cc/args.h"

static int is_clang(const char *cc)
{
	char *real = args_which(cc);

	return strstr(str_base(cc), "clang") ||
	       (real && strstr(str_base(real), "clang"));
}

/*
 * A C compiler's twin for C++: "x86_64-linux-gnu-gcc-13" has a g++.  PGO_CC is
 * one word for both languages, and gcc links without the library of C++.
 */
static const char *twin(const char *cc)
{
	static const struct {
		const char *c, *cxx;
	} twins[] = {
		{ "gcc", "g++" }, { "clang", "clang++" }, { "cc", "c++" },
	};
	const char *base = str_base(cc);

	for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++) {
		const char *at = strstr(base, twins[i].c);
		const char *end = at ? at + strlen(twins[i].c) : NULL;

		if (at && (at == base || at[-1] == '-') &&
		    (!*end || *end == '-'))
			return str_form("%.*s%s%s", (int)(at - cc), cc,
					twins[i].cxx, end);
	}
	return cc;
}

/* It would call itself, and so on. */
static void refuse_self(const char *word)
{
	const char *file = args_which(word);
	const char *self = realpath("/proc/self/exe", NULL);

	if (file && self && !strcmp(file, self))
		die("PGO_CC=%s: is pgo's own (PGO_CC=gcc)", word);
}

void compiler_add(struct strs *cmd, struct mode *m)
{
	const char *cc = getenv("PGO_CC");
	char *words, *word;

	if (!cc || !*cc)
		cc = m->cxx ? "g++" : "gcc";
	words = str_copy(cc);
	while ((word = strsep(&words, " \t")))
		if (*word) {
			refuse_self(word);
			strs_add(cmd, m->cxx ? twin(word) : word);
			m->clang |= is_clang(word);
		}
	if (!cmd->n)
		die("PGO_CC: names no compiler (PGO_CC=gcc)");
}
