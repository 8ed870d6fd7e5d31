/*
 * An ELF file, and where its debug information is.
 *
 * In this order: the file itself; /usr/lib/debug/.build-id by build id; the
 * file .gnu_debuglink names, when its checksum is right, beside the file, in
 * .debug and under /usr/lib/debug; a debuginfod server when DEBUGINFOD_URLS is
 * set.  What dwz moved out and split units are found by libdw.
 */
#ifndef SYMBOLIZER_DEBUGFILE_H
#define SYMBOLIZER_DEBUGFILE_H

#include <stdbool.h>
#include <stdint.h>

#include <elfutils/libdwfl.h>

#include "lib/base/buildid.h"
#include "lib/base/err.h"

struct debugfile {
	Dwfl *dwfl;
	Dwfl_Module *mod;
	Elf *elf;               /* the file itself */
	Dwarf *dw;              /* NULL: none, or not looked for yet */
	bool looked;            /* debugfile_look() was called */
	uint64_t dw_bias;       /* address in the file - address in dw */
	bool object;            /* not linked: its sections lie nowhere */
	char *path;
	char *debug_path;       /* where dw was found */
	char why[200];          /* why there is none, "" when there is */
	struct buildid id;
};

/* Opens the file alone.  0 or -E with words in E. */
int debugfile_open(struct debugfile *d, const char *path, struct err *e);

/* Looks for debug information, once. */
void debugfile_look(struct debugfile *d);

void debugfile_close(struct debugfile *d);

#endif
