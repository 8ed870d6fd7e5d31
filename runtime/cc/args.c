/* @files as libiberty reads them, and the options that take a value. */

#include "runtime/cc/args.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RSP_MAX (16u << 20)

/* Cuts the next word out of *S: quotes group, a backslash takes one. */
static char *next_word(char **s)
{
	char *in = *s, *out, *word, quote = 0;

	while (isspace((unsigned char)*in))
		in++;
	if (!*in)
		return NULL;
	for (word = out = in; *in; in++) {
		if (*in == '\\' && in[1])
			*out++ = *++in;
		else if (quote && *in == quote)
			quote = 0;
		else if (!quote && (*in == '"' || *in == '\''))
			quote = *in;
		else if (!quote && isspace((unsigned char)*in))
			break;
		else
			*out++ = *in;
	}
	*s = *in ? in + 1 : in;
	*out = '\0';
	return word;
}

static void expand_one(struct strs *to, const char *a, int depth)
{
	char *text, *word;

	text = *a == '@' && depth < 16 ? file_read(a + 1, RSP_MAX, NULL) : NULL;
	if (!text) {
		strs_add(to, a);
		return;
	}
	while ((word = next_word(&text)))
		expand_one(to, word, depth + 1);
}

void args_expand(struct strs *to, const struct strs *from)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		expand_one(to, from->v[i], 0);
}

int args_is_one_of(const char *a, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(a, *list))
			return 1;
	return 0;
}

int args_takes_value(const char *a)
{
	static const char *const with_value[] = {
		"-o", "-x", "-I", "-L", "-D", "-U", "-B", "-A", "-T", "-u",
		"-z", "-e", "-h", "-G", "-MF", "-MT", "-MQ", "-Xlinker",
		"-Xassembler", "-Xpreprocessor", "-include", "-imacros",
		"-isystem", "-iquote", "-idirafter", "-iprefix",
		"-iwithprefix", "-iwithprefixbefore", "-isysroot",
		"-imultilib", "-aux-info", "-dumpbase", "-dumpbase-ext",
		"-dumpdir", "--param", "-wrapper", "-specs", "--sysroot",
		NULL
	};

	return args_is_one_of(a, with_value);
}

char *args_which(const char *prog)
{
	const char *path = getenv("PATH");
	char *dirs, *dir, *file;

	if (strchr(prog, '/'))
		return realpath(prog, NULL);
	dirs = str_copy(path ? path : "/usr/bin:/bin");
	while ((dir = strsep(&dirs, ":"))) {
		file = str_form("%s/%s", *dir ? dir : ".", prog);
		if (!access(file, X_OK))
			return realpath(file, NULL);
	}
	return NULL;
}
