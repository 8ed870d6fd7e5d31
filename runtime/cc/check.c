/*
 * From what the linker took in to the thunks that are needed.
 *
 * The linker itself tells what it loaded (--trace): no search path, linker
 * script or --as-needed rule is imitated here.  A name that a split object
 * refers to ends, in this order: in an object of the user, in libc behind a
 * prebuilt thunk, in some other shared library.  Where it ends without limit
 * checks it gets a thunk; a thunk too many does no harm, since it jumps
 * straight through when it is not on a goroutine's stack.
 *
 * Indirect calls into tables of foreign code are not seen here; that is what
 * the larger first segment of such programs and the canary are for.
 */

#include "runtime/cc/check.h"

#include <stdio.h>
#include <string.h>

#include "runtime/cc/args.h"
#include "runtime/cc/callers.h"
#include "runtime/cc/dynsyms.h"
#include "runtime/cc/libc.h"
#include "runtime/cc/params.h"

#define STACK_ARGS_MAX 4096	/* bytes pgo_thunk_any copies */

/* Startup files, libc and compiler support: small frames, no calls back. */
static int is_toolchain(const char *path)
{
	static const char *const names[] = {
		"crt1.o", "Scrt1.o", "gcrt1.o", "grcrt1.o", "rcrt1.o",
		"crti.o", "crtn.o", "crtbegin.o", "crtbeginS.o",
		"crtbeginT.o", "crtend.o", "crtendS.o", "crtfastmath.o",
		"libc_nonshared.a", "libgcc.a", "libgcc_eh.a", "gcc_eh.a",
		"libpgo.a", "libpgo-thunks.a", "libpgo-static.a",
		"libpgo-san.a", "libpgo-malloc.a", "libc.a", "libm.a",
		"libmvec.a", "libpthread.a", "libdl.a", "librt.a", "libasan.a",
		"libtsan.a", "liblsan.a", "libubsan.a", "pgo-plugin.o",
		"pgo-plugin_unsplit.o", NULL
	};
	const char *base = str_base(path);

	return args_is_one_of(base, names) || strstr(base, ".ltrans") ||
	       str_begins(base, "libclang_rt.") ||
	       str_ends(base, "san_preinit.o") ||
	       (str_begins(base, "libm-") && str_ends(base, ".a"));
}

static void add_input(struct check *c, struct input *in)
{
	c->in = mem_grow(c->in, (c->n_in + 1) * sizeof(*c->in));
	c->in[c->n_in++] = in;
	if (in->split)
		c->n_split++;
	else
		c->n_plain++;
}

static void add_object(struct check *c, const char *path, const char *member)
{
	struct input *in;
	int nth;

	if (is_toolchain(path))
		return;
	/* The trace does not tell members of one name apart: take all. */
	for (nth = 0; (in = input_open(path, member, nth)); nth++) {
		add_input(c, in);
		if (!member)
			return;
	}
	if (nth == 0)
		die("%s%s%s: was linked but cannot be read, so its calls "
		    "cannot be checked", path, member ? ": " : "",
		    member ? member : "");
}

static int has_magic(const char *path, const char *magic, size_t n, size_t at)
{
	char head[32] = { 0 };
	FILE *f = fopen(path, "re");
	size_t got;

	if (!f)
		return 0;
	got = fread(head, 1, sizeof(head), f);
	fclose(f);
	return got >= at + n && !memcmp(head + at, magic, n);
}

/* "LIB", as a path or as the archive of "(ARCHIVE)MEMBER". */
static int is_cxx_library(const char *line)
{
	const char *base = str_base(line);

	return str_begins(base, "libstdc++.") || str_begins(base, "libc++.");
}

void check_add(struct check *c, const char *line)
{
	const char *close = strchr(line, ')');

	c->cxx |= is_cxx_library(line);
	if (*line == '(' && close && close[1])
		add_object(c, str_form("%.*s", (int)(close - line - 1),
				       line + 1), str_copy(close + 1));
	else if (has_magic(line, "\3\0", 2, 16))
		strs_add(&c->shared, str_copy(line));
	else if (has_magic(line, "\1\0", 2, 16))
		add_object(c, str_copy(line), NULL);
}

static struct thunk *new_thunk(struct check *c, const char *name)
{
	struct thunk *t;

	c->thunks = mem_grow(c->thunks, (c->n_thunks + 1) * sizeof(*t));
	t = &c->thunks[c->n_thunks++];
	*t = (struct thunk){ .name = name, .real = name, .kind = THUNK_ANY };
	return t;
}

/* "main.o: work() calls big()", as far as the object tells. */
static const char *call_text(const char *name, struct input *caller)
{
	const char *func = callers_of(caller, name);

	if (func)
		return str_form("%s: %s() calls %s()", caller->label, func,
				name);
	return str_form("%s: calls %s()", caller->label, name);
}

/* An object that does not check its stack, called by one that does. */
static void cross(struct check *c, const char *name, struct input *caller,
		  struct input *callee)
{
	long bytes = params_stack_bytes(callee->path, callee->member, name);
	struct thunk *t;

	if (libc_returns_twice(name))
		die("%s in %s, which was built without -fsplit-stack and "
		    "returns twice: build it with pgo-cc",
		    call_text(name, caller), callee->label);
	if (bytes > STACK_ARGS_MAX)
		die("%s in %s, which was built without -fsplit-stack and "
		    "takes %ld bytes of stack arguments (a thunk copies %d): "
		    "build it with pgo-cc, or pass a pointer",
		    call_text(name, caller), callee->label, bytes,
		    STACK_ARGS_MAX);
	t = new_thunk(c, name);
	if (bytes == 0)
		t->kind = THUNK_REGS;
	else if (bytes > 0)
		t->kind = THUNK_STACK;
	t->stack_bytes = bytes > 0 ? (unsigned)bytes : 0;
}

static void refuse_own_wraps(const struct check *c, const char *name,
			     struct input *caller)
{
	if ((str_begins(name, "__real_") || str_begins(name, "__wrap_")) &&
	    names_find(&c->wraps, name + 7))
		die("%s: --wrap=%s is taken, every call of libc is wrapped "
		    "(interpose %s by defining it)",
		    call_text(name, caller), name + 7, name + 7);
}

/* The agent is a plain C library under a name of ours. */
static int is_runtime(const char *name)
{
	return str_begins(name, "pgo_") && !str_begins(name, "pgo_agent_");
}

/* What the runtime or the compiler's support library defines, or nobody. */
static int is_ours(const char *name)
{
	return is_runtime(name) || str_begins(name, "__morestack") ||
	       str_begins(name, "__wrap_") || libc_is_bare(name) ||
	       !strcmp(name, "_GLOBAL_OFFSET_TABLE_");
}

struct shared_lib {
	struct names funcs;
	int split, read;
};

static struct shared_lib *shared_lib(struct check *c, size_t i)
{
	static struct shared_lib *libs;
	struct shared_lib *l;

	if (!libs)
		libs = mem_get(c->shared.n * sizeof(*libs));
	l = &libs[i];
	if (!l->read) {
		dynsyms_read(&l->funcs, c->shared.v[i]);
		l->split = dynsyms_is_split(c->shared.v[i]);
		l->read = 1;
	}
	return l;
}

static void cross_to_shared(struct check *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->shared.n; i++) {
		struct shared_lib *l = shared_lib(c, i);

		if (!names_find(&l->funcs, name))
			continue;
		if (!l->split)
			new_thunk(c, name);
		return;
	}
}

static void one_call(struct check *c, const char *name, struct input *caller)
{
	struct name *def = names_find(&c->defs, name);

	refuse_own_wraps(c, name, caller);
	/* Only an unwinder calls it, which is in C as far as it has to be. */
	if (str_ends(name, "_personality_v0"))
		return;
	if (def && def->v == DEF_PLAIN && !c->contiguous)
		cross(c, name, caller, def->p);
	else if (!def && !names_find(&c->wraps, name) && !is_ours(name) &&
		 !c->stays)
		cross_to_shared(c, name);
}

static void inner_calls(struct check *c)
{
	const char *caller, *callee;
	size_t i;

	for (i = 0; i < c->n_in; i++)
		if (c->in[i]->split &&
		    callers_inner(c->in[i], &caller, &callee))
			die("%s: %s() calls %s() in the same object, which has "
			    "no stack check there: put %s() in a file of its "
			    "own, or build it without no_split_stack",
			    c->in[i]->label, caller, callee, callee);
}

/* Has IN functions that it could start as goroutines? */
static int has_functions(struct input *in)
{
	struct names funcs = { 0 };
	size_t i;

	input_functions(in, &funcs);
	for (i = 0; i < funcs.room; i++)
		if (funcs.at[i].s && strcmp(funcs.at[i].s, "main"))
			return 1;
	return 0;
}

/* What it starts is most likely its own: a pointer no linker wraps. */
static void refuse_plain_starts(struct input *in)
{
	static const char *const starts[] = { "pgo_go", "pgo_run", NULL };
	struct names calls = { 0 };
	int i;

	input_calls(in, &calls);
	for (i = 0; starts[i]; i++)
		if (names_find(&calls, starts[i]) && has_functions(in))
			die("%s, but was built without -fsplit-stack, so what "
			    "it starts may overrun its stack: build it with "
			    "pgo-cc", call_text(starts[i], in));
}

/* A program may define a function of libc's name; then that is the one. */
static void find_unwrapped(struct check *c)
{
	size_t i;

	for (i = 0; i < c->defs.room; i++) {
		const struct name *d = &c->defs.at[i];

		if (d->s && (d->v != DEF_PLAIN || c->contiguous) &&
		    names_find(&c->wraps, d->s))
			strs_add(&c->unwrapped, d->s);
	}
}

void check_calls(struct check *c)
{
	const char **s;
	size_t i;

	for (i = 0; i < c->n_in; i++) {
		if (c->in[i]->split && !c->in[i]->lto &&
		    c->in[i]->exec_stack)
			die("%s: " NEEDS_EXEC_STACK, c->in[i]->label);
		input_defs(c->in[i], &c->defs);
		if (c->in[i]->split || c->contiguous)
			input_calls(c->in[i], &c->calls);
		else
			refuse_plain_starts(c->in[i]);
	}
	if (!c->contiguous)
		inner_calls(c);
	for (s = names_sorted(&c->calls); *s; s++)
		one_call(c, *s, names_find(&c->calls, *s)->p);
	find_unwrapped(c);
}
