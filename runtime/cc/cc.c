/*
 * The driver.
 *
 * pgo-cc does not compile or link: it puts flags before and after the user's
 * and becomes the compiler.  Its flags come first, so that the user's win
 * (-g0, -fomit-frame-pointer, -fno-split-stack).  The linker is reached
 * through -B LIB/pgo, where `ld` is pgo-cc again: only there everything is
 * known that gets linked, temporary objects and archive members included.
 *
 * -fsplit-stack stands on the link line too: with -flto it decides what code
 * is made there.
 */

#include "runtime/cc/cc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cc/args.h"
#include "runtime/cc/compiler.h"
#include "runtime/cc/mem.h"
#include "runtime/cc/mode.h"
#include "runtime/cc/where.h"
#include "runtime/cc/wraps.h"

static const char usage[] =
	"usage: pgo-cc [--stack=KIND] [gcc's options] FILE...\n"
	"       pgo-cc [--stack=KIND] --cflags\n"
	"       pgo-cc [--stack=KIND] --libs [pgo-agent] [pgo-malloc]\n"
	"       pgo-cc --print-wraps OBJ...\n"
	"       pgo-cc --help | --version\n"
	"\n"
	"Compiles C for goroutines and links it with pgo.\n"
	"  --stack=segmented  stacks begin with 2 KiB and grow: the usual\n"
	"  --stack=contiguous 256 KiB each, touched on use: the usual with\n"
	"                     C++, clang and -fsanitize=\n"
	"  --libs pgo-agent   link the agent (profiles and live view by HTTP)\n"
	"  --libs pgo-malloc  pgo's malloc instead of libc's\n"
	"  --print-wraps      the --wrap options that calls of OBJ... need\n"
	"PGO_CC names the compiler (default gcc).  See pgo-cc(1).\n";

/* What the command line asks for. */
struct job {
	struct strs args;	/* the user's, ours taken out */
	struct strs flat;	/* the same with @files opened */
	struct strs libs;	/* of --libs */
	struct mode mode;
	int asks;		/* --libs stands there */
	int inputs, links, shared, partial, bare, statically;
	int large, no_pic;	/* -mcmodel=large; last said of -fpic */
};

static void refuse_unless_known(const char *lib)
{
	if (strcmp(lib, "pgo-agent") && strcmp(lib, "pgo-malloc"))
		die("--libs %s: no such library (pgo-agent, pgo-malloc)", lib);
}

/* Takes --libs NAME and --stack= out of the arguments. */
static void split_args(struct job *j, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (mode_take(&j->mode, argv[i]))
			continue;
		if (strcmp(argv[i], "--libs")) {
			strs_add(&j->args, argv[i]);
			continue;
		}
		j->asks = 1;
		if (++i == argc)
			break;
		refuse_unless_known(argv[i]);
		strs_add(&j->libs, argv[i]);
	}
}

static void one_flag(struct job *j, const char *a)
{
	static const char *const no_link[] = {
		"-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", NULL
	};
	static const char *const no_libs[] = {
		"-nostdlib", "-nodefaultlibs", NULL
	};

	static const char *const no_pic[] = {
		"-fno-pie", "-fno-PIE", "-fno-pic", "-fno-PIC", NULL
	};
	static const char *const pic[] = {
		"-fpie", "-fPIE", "-fpic", "-fPIC", NULL
	};

	if (args_is_one_of(a, no_link))
		j->links = 0;
	else if (args_is_one_of(a, no_pic))
		j->no_pic = 1;
	else if (args_is_one_of(a, pic))
		j->no_pic = 0;
	else if (str_begins(a, "-mcmodel="))
		j->large = str_ends(a, "=large");
	else if (args_is_one_of(a, no_libs))
		j->bare = 1;
	else if (!strcmp(a, "-shared"))
		j->shared = 1;
	else if (!strcmp(a, "-r"))
		j->partial = 1;
	else if (!strcmp(a, "-static") || !strcmp(a, "-static-pie"))
		j->statically = 1;
	else if (str_begins(a, "-fuse-ld=") && strcmp(a, "-fuse-ld=bfd"))
		die("%s: only GNU ld wraps every call as pgo needs it "
		    "(leave the option out)", a);
	else
		mode_look(&j->mode, a);
}

static int is_cxx(const char *file)
{
	static const char *const ends[] = {
		".cc", ".cp", ".cxx", ".cpp", ".c++", ".C", ".CPP", ".ii"
	};
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (str_ends(file, ends[i]))
			return 1;
	return 0;
}

static void look(struct job *j)
{
	size_t i;

	args_expand(&j->flat, &j->args);
	j->links = 1;
	for (i = 0; i < j->flat.n; i++) {
		const char *a = j->flat.v[i];

		if (*a != '-' || !a[1] || str_begins(a, "-l")) {
			j->inputs++;
			j->mode.cxx |= is_cxx(a);
		} else
			one_flag(j, a);
		j->mode.cxx |= !strcmp(a, "-xc++") || (!strcmp(a, "-x") &&
			  j->flat.v[i + 1] && !strcmp(j->flat.v[i + 1], "c++"));
		if (args_takes_value(a) && i + 1 < j->flat.n)
			i++;
	}
}

static const char *libpgo(void)
{
	const char *lib = str_form("%s/libpgo.a", where()->lib);

	if (access(lib, R_OK))
		die("%s: not there (make, or make install)", lib);
	return lib;
}

/* A sanitizer's malloc would win, or the sanitizer watch nothing. */
static int is_left_out(const struct job *j, const char *lib)
{
	return j->mode.sanitizer && !strcmp(lib, "pgo-malloc");
}

static void add_named_lib(struct strs *to, const char *name)
{
	const char *lib = where()->lib;
	const char *ext = strcmp(name, "pgo-agent") ? "a" : "so";
	char *path = str_form("%s/lib%s.%s", lib, name, ext);

	if (access(path, R_OK))
		die("--libs %s: %s is not there (make, or make install)",
		    name, path);
	/* Taken even when only libraries allocate. */
	if (*ext == 'a')
		strs_add(to, "-Wl,-umalloc");
	strs_add(to, path);
	if (*ext == 's' && !str_begins(lib, "/usr/lib") &&
	    !str_begins(lib, "/lib"))
		strs_add(to, str_form("-Wl,-rpath,%s", lib));
}

/* Before libgcc.a, which has a __morestack too. */
static void add_libs(struct strs *to, const struct job *j)
{
	size_t i;

	for (i = 0; i < j->libs.n; i++) {
		const char *lib = j->libs.v[i];

		if (j->statically && !strcmp(lib, "pgo-agent"))
			die("--libs %s: a static program cannot load it (link "
			    "without -static)", lib);
		if (!is_left_out(j, lib))
			add_named_lib(to, lib);
	}
	mode_add_libs(to, &j->mode);
	strs_add(to, libpgo());
	strs_add(to, "-lm");
}

/* Without our linker there gcc would take another and link unchecked code. */
static const char *linker_dir(void)
{
	const char *ld = str_form("%s/pgo/ld", where()->lib);

	if (access(ld, X_OK))
		die("%s: not there (make, or make install)", ld);
	return str_form("-B%s/pgo/", where()->lib);
}

_Noreturn static void become(const struct strs *cmd)
{
	execvp(cmd->v[0], cmd->v);
	die("%s: cannot run: %s (PGO_CC names the compiler)", cmd->v[0],
	    strerror(errno));
}

static int print_flags(const struct strs *flags)
{
	size_t i;

	for (i = 0; i < flags->n; i++)
		printf("%s%s", i ? " " : "", flags->v[i]);
	putchar('\n');
	return fflush(stdout) ? 1 : 0;
}

static int answer_libs(const struct job *j)
{
	struct strs out = { 0 };

	if (!j->mode.clang)
		strs_add(&out, "-fsplit-stack");
	strs_add(&out, linker_dir());
	add_libs(&out, j);
	return print_flags(&out);
}

/*
 * The compiler's own answer comes behind ours: it is what build systems look
 * into to see that this is a gcc.
 */
static int answer_version(int cxx)
{
	struct strs cmd = { 0 };
	struct mode mode = { .cxx = cxx };

	printf("%s %s\n", prog_name, PGO_VERSION);
	if (fflush(stdout))
		return 1;
	compiler_add(&cmd, &mode);
	strs_add(&cmd, "--version");
	become(&cmd);
}

static int answer_cflags(const struct mode *m)
{
	struct strs out = { 0 };

	mode_add_cflags(&out, m);
	strs_add(&out, str_form("-I%s", where()->include));
	return print_flags(&out);
}

/* 1 when the first argument was a question to pgo-cc itself. */
static int answer(struct job *j, int *status)
{
	const char *q = j->args.n ? j->args.v[0] : "";

	*status = 0;
	if (!strcmp(q, "--help"))
		*status = fputs(usage, stdout) < 0;
	else if (!strcmp(q, "--version"))
		*status = answer_version(j->mode.cxx);
	else if (!strcmp(q, "--cflags"))
		*status = answer_cflags(&j->mode);
	else if (!strcmp(q, "--print-wraps"))
		*status = wraps_print((int)j->args.n - 1,
				      (char **)j->args.v + 1);
	else
		return 0;
	return 1;
}

static void add_compiler_args(struct strs *cmd, const struct job *j)
{
	size_t i;

	mode_add_cflags(cmd, &j->mode);
	if (j->links && !j->bare && !j->partial)
		strs_add(cmd, linker_dir());
	for (i = 0; i < j->args.n; i++)
		if (strcmp(j->args.v[i], "-fuse-ld=bfd"))
			strs_add(cmd, j->args.v[i]);
	strs_add(cmd, str_form("-I%s", where()->include));
	/* Our linker hears what a library's code is for. */
	if (j->links && j->shared)
		mode_add_libs(cmd, &j->mode);
	if (!j->links || j->bare || j->partial || j->shared)
		return;
	strs_add(cmd, "-x");
	strs_add(cmd, "none");
	add_libs(cmd, j);
}

int cc_main(int argc, char **argv, int cxx)
{
	struct job j = { 0 };
	struct strs cmd = { 0 };
	int status;
	size_t i;

	j.mode.cxx = cxx;
	split_args(&j, argc, argv);
	compiler_add(&cmd, &j.mode);
	look(&j);
	if (j.large && !j.no_pic)
		die("-mcmodel=large: gcc loses the arguments of variadic "
		    "functions where code is position-independent (-fno-pie "
		    "-no-pie, or -mcmodel=medium)");
	mode_decide(&j.mode);
	if (answer(&j, &status))
		return status;
	if (j.asks && !j.inputs)
		return answer_libs(&j);
	if (j.asks && !j.libs.n)
		die("--libs: needs a name (pgo-agent, pgo-malloc)");
	if (j.inputs)
		add_compiler_args(&cmd, &j);
	else
		for (i = 0; i < j.args.n; i++)
			strs_add(&cmd, j.args.v[i]);
	become(&cmd);
}
