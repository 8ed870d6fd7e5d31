/*
 * From a prototype to the bytes of its stack arguments.
 *
 * A line of -aux-info is
 *	FILE:LINE:NC extern long double fmal (long double,
 *	long double, long double);
 * in which only typedef names are left.  Of the structs that libc passes by
 * value most travel in registers (in_addr, sigval, ENTRY); the others are a
 * table.
 */

#include "runtime/cc/proto.h"

#include <arpa/nameser.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cc/mem.h"

struct regs {
	int gpr, sse;
	long stack;
};

/* WORD as a word of its own in S. */
static int has_word(const char *s, const char *word)
{
	size_t n = strlen(word);
	const char *p;

	for (p = s; (p = strstr(p, word)); p += n) {
		unsigned char end = (unsigned char)p[n];
		unsigned char before = p == s ? ' ' : (unsigned char)p[-1];

		if (!isalnum(before) && before != '_' &&
		    !isalnum(end) && end != '_')
			return 1;
	}
	return 0;
}

static int is_pointer(const char *s)
{
	return strpbrk(s, "*([") != NULL;
}

static int is_x87(const char *s)
{
	return strstr(s, "long double") || has_word(s, "_Float64x");
}

static int is_sse(const char *s)
{
	static const char *const words[] = {
		"float", "double", "_Float32", "_Float64", "_Float32x",
		"_Float128", "__float128",
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (has_word(s, words[i]))
			return 1;
	return 0;
}

/* Bytes of a struct that goes on the stack, 0 for all else. */
static long in_memory(const char *s)
{
	static const struct {
		const char *type;
		long bytes;
	} structs[] = {
		{ "cookie_io_functions_t", sizeof(cookie_io_functions_t) },
		{ "ns_msg", sizeof(ns_msg) },
	};

	for (size_t i = 0; i < sizeof(structs) / sizeof(*structs); i++)
		if (has_word(s, structs[i].type))
			return (structs[i].bytes + 7) & ~7L;
	return 0;
}

static void take(struct regs *r, const char *s)
{
	int is_complex = has_word(s, "complex") || has_word(s, "_Complex");
	int is_single = has_word(s, "float") || has_word(s, "_Float32");

	if (is_pointer(s)) {
		r->gpr++;
	} else if (is_x87(s) ||
		   (is_complex && strstr(s, "loat128"))) {
		r->stack = (r->stack + 15) & ~15L;
		r->stack += is_complex ? 32 : 16;
	} else if (is_sse(s)) {
		r->sse += is_complex && !is_single ? 2 : 1;
	} else if (in_memory(s)) {
		r->stack += in_memory(s);
	} else {
		r->gpr++;
	}
}

long proto_stack_bytes(const char *params)
{
	char *copy = str_copy(params), *s = copy, *p;
	struct regs r = { 0 };
	int depth = 0;

	if (!strcmp(copy, "") || !strcmp(copy, "void"))
		return 0;
	for (p = s; ; p++) {
		depth += (*p == '(') - (*p == ')');
		if (*p && (*p != ',' || depth))
			continue;
		if (!*p) {
			take(&r, s);
			break;
		}
		*p = '\0';
		take(&r, s);
		s = p + 1;
	}
	free(copy);
	r.stack += 8 * (r.gpr > 6 ? r.gpr - 6 : 0);
	return r.stack + 8 * (r.sse > 8 ? r.sse - 8 : 0);
}

/* NAME (PARAMS); cut out of LINE in place; NULL when it is not so. */
static char *cut(char *line, char **params)
{
	char *open, *close, *name;

	line = strstr(line, "*/ ");
	if (!line)
		return NULL;
	open = strstr(line, " (");
	close = strrchr(line, ')');
	if (!open || !close || close < open + 2 || strcmp(close, ");"))
		return NULL;
	*open = *close = '\0';
	*params = open + 2;
	for (name = open; isalnum((unsigned char)name[-1]) ||
	     name[-1] == '_'; name--)
		;
	return *name ? name : NULL;
}

void proto_read(struct names *protos, const char *path)
{
	char *text = file_read(path, 64u << 20, NULL), *line, *rest = text;
	char *name, *params;
	struct name *e;

	if (!text)
		die("%s: cannot read: make it with gcc -aux-info", path);
	while ((line = strsep(&rest, "\n"))) {
		name = cut(line, &params);
		if (!name)
			continue;
		e = names_get(protos, name);
		if (!e->v)
			e->v = strstr(params, "...") ? PROTO_VARIADIC :
			       proto_stack_bytes(params) + 1;
	}
}
