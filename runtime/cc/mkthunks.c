/*
 * pgo-mkthunks: the prebuilt thunks of libpgo.a.
 *
 *	pgo-mkthunks ARCHIVE STATIC WRAPS CLASSES LIB... -- PROTOTYPES...
 *
 * Makes a thunk for every public function of the shared libraries (libc and
 * libm), each a member of ARCHIVE; and of STATIC, for links without --wrap.
 * WRAPS is the --wrap list for ld, CLASSES a table for tests and for people:
 * class, name, bytes.
 */

#include <stdio.h>
#include <string.h>

#include "runtime/cc/archive.h"
#include "runtime/cc/dynsyms.h"
#include "runtime/cc/libc.h"
#include "runtime/cc/mem.h"
#include "runtime/cc/proto.h"
#include "runtime/cc/thunk.h"

static const char *const kind_name[] = {
	[THUNK_REGS] = "regs", [THUNK_STACK] = "stack", [THUNK_ANY] = "any",
	[THUNK_LEAF] = "leaf", [THUNK_VALIST] = "valist",
};

static void add(struct archive *a, const struct thunk *t)
{
	static struct bytes object;

	object.n = 0;
	thunk_object(&object, t, 1);
	archive_symbol(a, str_form("__wrap_%s", t->name));
	archive_add(a, str_form("%s.o", t->name), &object);
}

static void make(const struct names *funcs, const struct names *protos,
		 char **out)
{
	struct bytes wraps = { 0 }, classes = { 0 };
	struct archive wrapped = { 0 }, direct = { 0 };
	const char **name;
	struct thunk t;
	char *line;

	for (name = names_sorted(funcs); *name; name++) {
		if (libc_is_bare(*name))
			continue;
		line = str_form("--wrap=%s\n", *name);
		bytes_add(&wraps, line, strlen(line));
		if (libc_is_own(*name))
			continue;
		libc_thunk(&t, *name, protos, funcs);
		add(&wrapped, &t);
		t.direct = 1;
		add(&direct, &t);
		line = str_form("%s %s %u\n", kind_name[t.kind], *name,
				t.stack_bytes);
		bytes_add(&classes, line, strlen(line));
	}
	archive_write(&wrapped, out[0]);
	archive_write(&direct, out[1]);
	file_write(out[2], wraps.p, wraps.n);
	file_write(out[3], classes.p, classes.n);
}

int main(int argc, char **argv)
{
	struct names funcs = { 0 }, protos = { 0 };
	int i;

	prog_name = "pgo-mkthunks";
	if (argc < 7)
		die("ARCHIVE STATIC WRAPS CLASSES LIB... -- PROTOTYPES...");
	for (i = 5; i < argc && strcmp(argv[i], "--"); i++)
		if (dynsyms_read(&funcs, argv[i]))
			die("%s: not a shared library", argv[i]);
	for (i++; i < argc; i++)
		proto_read(&protos, argv[i]);
	for (i = 0; libc_own[i]; i++)
		names_get(&funcs, libc_own[i]);
	for (i = 0; libc_unwind[i]; i++)
		names_get(&funcs, libc_unwind[i]);
	make(&funcs, &protos, argv + 1);
	return 0;
}
