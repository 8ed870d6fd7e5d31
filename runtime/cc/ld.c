/*
 * pgo-cc under the name LIB/pgo/ld.
 *
 * gcc -B finds it there.  It runs GNU ld with every call of libc wrapped and
 * --trace on, then looks at what was taken in.  C that calls libc only is
 * done after this one link.  Where more is found (an unsplit object or
 * library that is called, a function of libc's name in the program, foreign
 * code that asks for larger first segments) it links once more, with what is
 * missing.  A static link is always done twice: first as it would be without
 * pgo, then with copies of the user's objects.  A refused link leaves no file.
 */

#include "runtime/cc/ld.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cc/args.h"
#include "runtime/cc/check.h"
#include "runtime/cc/copies.h"
#include "runtime/cc/folder.h"
#include "runtime/cc/run.h"
#include "runtime/cc/script.h"
#include "runtime/cc/where.h"
#include "runtime/cc/wraps.h"

struct link {
	struct strs args;		/* the user's, @files opened */
	const char *out;
	int shared, traced, bare;	/* bare: without shared libraries */
	int contiguous, unsplit;	/* stacks; code without checks there */
	int sanitized;			/* a sanitizer's runtime is linked */
};

/* Whether thunks are reached by names in copies of the user's objects, for ld
 * --wrap would send others there too. */
static int is_renamed(const struct link *l)
{
	return l->bare || l->sanitized;
}

/* A refusal after the first link leaves no file. */
static const char *unlink_at_exit;

static void unlink_refused(void)
{
	if (unlink_at_exit)
		unlink(unlink_at_exit);
}

static const char *real_ld(void)
{
	char *bfd = args_which("ld.bfd");

	if (!bfd)
		die("ld.bfd: not found by PATH (GNU binutils are needed)");
	return bfd;
}

/* What is no link of ours: questions, ld -r, and links without inputs. */
static int is_plain(const struct link *l)
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

static void look(struct link *l)
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
		c->thunks[i].direct = is_renamed(l);
	thunk_object(&object, c->thunks, c->n_thunks);
	path = folder_file("thunks.o");
	file_write(path, object.p, object.n);
	strs_add(cmd, path);
	for (i = 0; !is_renamed(l) && i < c->n_thunks; i++)
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

	if (!is_renamed(l) && !strcmp(a, "-lgcc_eh"))
		a = str_form("%s/pgo/gcc_eh.a", where()->lib);
	if (l->shared && !strcmp(a, "-upgo_stack_contiguous"))
		return;
	if (runtime && !l->shared)
		strs_add(cmd, runtime_of(l));
	else if (!runtime &&
		 !(is_renamed(l) && !strcmp(a, "--wrap=pthread_create")))
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

static void make_command(const struct link *l, struct strs *cmd,
			 const struct check *c, int foreign)
{
	strs_add(cmd, real_ld());
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
	if (!is_renamed(l))
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

/* Objects of the LTO plug-in may be gone when their line is read. */
static int is_trace(const char *line)
{
	return *line == '(' || (*line == '/' && str_ends(line, ".o")) ||
	       (*line && !access(line, F_OK));
}

/* Lines of the trace go to C, all others to OTHER. */
static void read_trace(struct check *c, char *text, struct bytes *other)
{
	struct names seen = { 0 };
	struct name *e;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		size_t n = strlen(line);

		if (is_trace(line)) {
			e = names_get(&seen, line);
			if (!e->v)
				check_add(c, line);
			e->v = 1;
		} else if (text || n) {
			bytes_add(other, line, n);
			bytes_add(other, "\n", text != NULL);
		}
	}
}

static int once(const struct link *l, const struct check *c, int foreign,
		struct said *said)
{
	struct strs cmd = { 0 };

	make_command(l, &cmd, c, foreign);
	return run(&cmd, said);
}

static void speak(const struct link *l, const struct said *said,
		  const char *trace, const struct bytes *other)
{
	fputs(said->err, stderr);
	if (l->traced)
		fputs(trace, stdout);
	else if (other->n)
		fwrite(other->p, 1, other->n, stdout);
	fflush(stdout);
}

/* It is a second link, of copies; see copies.h. */
static int link_copies(const struct link *l, const struct check *c,
		       int foreign, struct said *said)
{
	struct link copied = *l;
	struct check taken = { 0 };
	struct bytes other = { 0 };
	int status;

	copied.args = (struct strs){ 0 };
	copies_make(&copied.args, &l->args, c);
	status = once(&copied, c, foreign, said);
	if (!status) {
		read_trace(&taken, said->out, &other);
		copies_check(&taken);
	}
	return status;
}

static int link_checked(struct link *l)
{
	struct check c = { 0 };
	struct bytes other = { 0 };
	struct said said;
	char *trace;
	const char *bad;
	int status, foreign;

	wraps_read(&c.wraps);
	c.contiguous = l->contiguous;
	c.stays = l->sanitized;
	status = once(l, &c, 0, &said);
	trace = str_copy(said.out);
	read_trace(&c, said.out, &other);
	if (status) {
		speak(l, &said, trace, &other);
		return status;
	}
	/* From here to the last line a refusal must leave no file. */
	unlink_at_exit = l->out;
	check_calls(&c);
	foreign = !l->shared && (c.n_plain || check_needs_foreign(&c, l->out));
	l->unsplit = l->contiguous && c.n_plain;
	if (is_renamed(l))
		status = link_copies(l, &c, foreign, &said);
	else if (foreign || l->unsplit || c.n_thunks || c.unwrapped.n)
		status = once(l, &c, foreign, &said);
	speak(l, &said, trace, &other);
	bad = status ? NULL : check_linked(&c, l->out);
	if (bad)
		die("%s: %s", l->out, bad);
	unlink_at_exit = NULL;
	return status;
}

int ld_main(int argc, char **argv)
{
	struct strs given = { 0 };
	struct link l = { 0 };
	int i;

	for (i = 1; i < argc; i++)
		strs_add(&given, argv[i]);
	args_expand(&l.args, &given);
	if (is_plain(&l)) {
		argv[0] = (char *)real_ld();
		execv(argv[0], argv);
		die("%s: cannot run", argv[0]);
	}
	look(&l);
	atexit(unlink_refused);
	return link_checked(&l);
}
