/*
 * The user's arguments stay in their order; what is pgo's stands before them,
 * behind them, or in place of what the compiler's driver put there.
 */

#include "runtime/cc/linkcmd.h"

#include <string.h>

#include "runtime/cc/args.h"
#include "runtime/cc/folder.h"
#include "runtime/cc/script.h"
#include "runtime/cc/where.h"
#include "runtime/cc/wraps.h"

const char *linkcmd_ld(void)
{
	char *bfd = args_which("ld.bfd");

	if (!bfd)
		die("ld.bfd: not found by PATH (GNU binutils are needed)");
	return bfd;
}

/* A program tells gdb where pgo's script is. */
static void add_script(const struct link *l, struct strs *cmd)
{
	struct bytes object = { 0 };
	const char *path = where()->script;

	if (l->shared || !path)
		return;
	script_object(&object, path);
	path = folder_file("script.o");
	file_write(path, object.p, object.n);
	strs_add(cmd, path);
	strs_add(cmd, "-u" SCRIPT_SYMBOL);
}

static void add_wraps(struct strs *cmd, const struct check *c)
{
	struct names skip = { 0 };
	struct bytes text = { 0 };
	const char **s;
	char *line;
	size_t i;

	if (c->unwrapped.n == 0) {
		strs_add(cmd, str_form("@%s/pgo/wrap.rsp", where()->lib));
		return;
	}
	for (i = 0; i < c->unwrapped.n; i++) {
		names_get(&skip, c->unwrapped.v[i]);
		strs_add(cmd, str_form("--defsym=__real_%s=%s",
				       c->unwrapped.v[i], c->unwrapped.v[i]));
	}
	for (s = names_sorted(&c->wraps); *s; s++) {
		if (names_find(&skip, *s))
			continue;
		line = str_form("--wrap=%s\n", *s);
		bytes_add(&text, line, strlen(line));
	}
	line = (char *)folder_file("wrap.rsp");
	file_write(line, text.p, text.n);
	strs_add(cmd, str_form("@%s", line));
}

static void add_thunks(const struct link *l, struct strs *cmd,
		       const struct check *c)
{
	struct bytes object = { 0 };
	const char *path;
	size_t i;

	if (c->n_thunks == 0)
		return;
	for (i = 0; i < c->n_thunks; i++)
		c->thunks[i].direct = link_is_renamed(l);
	thunk_object(&object, c->thunks, c->n_thunks);
	path = folder_file("thunks.o");
	file_write(path, object.p, object.n);
	strs_add(cmd, path);
	for (i = 0; !link_is_renamed(l) && i < c->n_thunks; i++)
		if (!names_find(&c->wraps, c->thunks[i].name))
			strs_add(cmd, str_form("--wrap=%s",
					       c->thunks[i].name));
}

/* With -z defs too a library may leave to the program what the runtime has. */
static void allow_runtime(struct strs *cmd)
{
	const char *lib = str_form("%s/libpgo.a", where()->lib);
	struct input *in = input_open(lib, "libpgo.o", 0);
	struct names defs = { 0 };
	const char **s;

	if (!in)
		die("%s: has no libpgo.o (make, or make install)", lib);
	input_defs(in, &defs);
	for (s = names_sorted(&defs); *s; s++)
		strs_add(cmd, str_form("--ignore-unresolved-symbol=%s", *s));
}

/*
 * A library takes the runtime from the program that loads it: the calls of
 * __morestack become undefined ones of __wrap___morestack, or libgcc's would
 * be linked in, and thunks come without the runtime.  What the thunks call
 * may be all that the library needs of libc, libm and libgcc_s.
 */
static void add_shared(const struct link *l, struct strs *cmd)
{
	strs_add(cmd, "--wrap=__morestack");
	strs_add(cmd, "--wrap=__morestack_non_split");
	strs_add(cmd, "--wrap=__morestack_large_model");
	strs_add(cmd, "--wrap=__morestack_allocate_stack_space");
	strs_add(cmd, str_form("%s/pgo/pgo-plugin.o", where()->lib));
	if (l->unsplit)
		strs_add(cmd, str_form("%s/pgo/pgo-plugin_unsplit.o",
				       where()->lib));
	strs_add(cmd, str_form("%s/pgo/libpgo-thunks.a", where()->lib));
	strs_add(cmd, "--as-needed");
	strs_add(cmd, "-lm");
	strs_add(cmd, "-lgcc_s");
	strs_add(cmd, "-lc");
	strs_add(cmd, "--ignore-unresolved-symbol=pgo_stack_contiguous");
	allow_runtime(cmd);
}

static const char *runtime_of(const struct link *l)
{
	return str_form("%s/libpgo%s.a", where()->lib, l->bare ? "-static" :
			l->sanitized ? "-san" : "");
}

/*
 * The driver, pgo.pc and the like name the same runtime for every link.  And
 * gcc's -fsplit-stack wraps pthread_create, for libc.a too.  The unwinder of
 * -static-libgcc must call libc past the thunks: see runtime/unwind.c.
 */
static void add_arg(const struct link *l, struct strs *cmd, const char *a)
{
	int runtime = !strcmp(str_base(a), "libpgo.a");

	if (!link_is_renamed(l) && !strcmp(a, "-lgcc_eh"))
		a = str_form("%s/pgo/gcc_eh.a", where()->lib);
	if (l->shared && !strcmp(a, "-upgo_stack_contiguous"))
		return;
	if (runtime && !l->shared)
		strs_add(cmd, runtime_of(l));
	else if (!runtime &&
		 !(link_is_renamed(l) && !strcmp(a, "--wrap=pthread_create")))
		strs_add(cmd, a);
}

/*
 * Once more after all that gcc puts last: libc_nonshared.a, libgcov.a and the
 * like call wrapped functions too.
 */
static void add_program(const struct link *l, struct strs *cmd)
{
	const char *lib = where()->lib;

	/* For libraries that the program loads, the agent among them. */
	strs_add(cmd, "--export-dynamic-symbol=pgo_*");
	strs_add(cmd, "--export-dynamic-symbol=__wrap_*");
	/* Where the runtime finds libpgo-agent.so, and a sanitizer's dlopen(),
	 * which comes from its own library, too. */
	if (l->sanitized)
		strs_add(cmd, "--disable-new-dtags");
	if (!str_begins(lib, "/usr/lib") && !str_begins(lib, "/lib"))
		strs_add(cmd, str_form("-rpath=%s", lib));
	strs_add(cmd, runtime_of(l));
}

/*
 * Thunks that only now are called may be the first to call libc.  gcc leaves
 * the index of unwind tables out, by which the runtime finds its own.
 */
static void add_static(const struct link *l, struct strs *cmd)
{
	strs_add(cmd, "--eh-frame-hdr");
	strs_add(cmd, "--start-group");
	strs_add(cmd, runtime_of(l));
	strs_add(cmd, "-lc");
	strs_add(cmd, "-lgcc");
	strs_add(cmd, "-lgcc_eh");
	strs_add(cmd, "--end-group");
}

/* The last object of all: it ends the unwind tables, which libgcc reads from
 * one end to the other in a static program. */
static int ends_tables(const char *a)
{
	return !strcmp(str_base(a), "crtend.o") ||
	       !strcmp(str_base(a), "crtendS.o");
}

/* The command line, and what comes after the libraries. */
static void add_args(const struct link *l, struct strs *cmd)
{
	int added = !l->bare;
	size_t i;

	for (i = 0; i < l->args.n; i++) {
		if (!added && ends_tables(l->args.v[i])) {
			add_static(l, cmd);
			added = 1;
		}
		add_arg(l, cmd, l->args.v[i]);
	}
	if (!added)
		add_static(l, cmd);
}

void linkcmd_make(struct strs *cmd, const struct link *l,
		  const struct check *c, int foreign)
{
	strs_add(cmd, linkcmd_ld());
	add_script(l, cmd);
	add_thunks(l, cmd, c);
	if (foreign && !l->shared)
		strs_add(cmd, c->cxx ? "-upgo_stack_cxx" :
			      "-upgo_stack_foreign");
	if (l->contiguous && !l->shared)
		strs_add(cmd, "-upgo_stack_contiguous");
	if (l->unsplit && !l->shared)
		strs_add(cmd, "-upgo_stack_unsplit");
	add_args(l, cmd);
	if (!link_is_renamed(l))
		add_wraps(cmd, c);
	strs_add(cmd, "-z");
	strs_add(cmd, "now");
	if (l->shared)
		add_shared(l, cmd);
	else if (!l->bare)
		add_program(l, cmd);
	strs_add(cmd, "-t");
	strs_add(cmd, "-t");
}
