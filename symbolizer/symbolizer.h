/*
 * From an address in an ELF file to the functions it lies in.
 *
 * Names, files and lines come from DWARF 2 to 5, wherever it is: in the file,
 * in the debug file its build id or debuglink names, in split units (.dwo), in
 * what dwz moved out; in Go programs from their pclntab, stripped or not; else
 * from the symbol tables, .gnu_debugdata included.
 * Addresses are those of the file (st_value, DW_AT_low_pc).  For code mapped
 * elsewhere, see sym_addr_of_offset().
 *
 * Opening reads tables of contents only; each compilation unit is indexed when
 * the first address falls into it, and stays so.  Files are hostile: what they
 * claim is checked, capped, and at worst not found.
 *
 * A struct sym serves one thread at a time; different ones are independent.
 * Plain threads only: all of this allocates.
 */
#ifndef SYMBOLIZER_SYMBOLIZER_H
#define SYMBOLIZER_SYMBOLIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buildid.h"
#include "lib/base/err.h"

#define SYM_FRAMES_MAX 256      /* at one address; more are not reported */

struct sym;

/* One function at an address.  Unknown strings are NULL, unknown numbers 0;
 * strings live as long as the struct sym. */
struct sym_frame {
	const char *func;       /* name in the source, without namespace */
	const char *linkage;    /* mangled name, where it has one */
	const char *symbol;     /* outermost frame: the ELF symbol's name */
	const char *file;
	uint32_t line;
	uint32_t column;
	uint32_t start_line;    /* where the function is declared */
	uint32_t discriminator;
	bool inlined;           /* into the next frame */
	bool nearest;           /* symbol ends before the address: a guess */
	bool wrapper;           /* made by Go's compiler, as in gosym.h */
};

/* Reads the file PATH.  0, or -E with words in E; -ENOEXEC when it is no ELF
 * file.  A file without any names is fine. */
int sym_open(struct sym **out, const char *path, struct err *e);
void sym_close(struct sym *s);

/* Fills at most MAX frames at ADDR, innermost first; how many there are, 0
 * when nothing is known: sym_reason() tells why then. */
size_t sym_lookup(struct sym *s, uint64_t addr, struct sym_frame *out,
		  size_t max);

/* Why the last lookup gave no function or no line; NULL when it gave both. */
const char *sym_reason(const struct sym *s);

/* What F should be called when it is shown: its C++ name demangled, else its
 * name, else its symbol's; NULL when it has none of them: a symbol that ends
 * before the address is none. */
const char *sym_frame_name(struct sym *s, const struct sym_frame *f);

/* NAME demangled, or NAME itself when it is no C++ name. */
const char *sym_demangle(struct sym *s, const char *name);

/* Empty (n is 0) when the file has none. */
const struct buildid *sym_buildid(const struct sym *s);

/* Where the byte at offset OFF of the file is loaded: for code mapped at
 * [start, end) from offset O, OFF is pc - start + O.  0 or -ENOENT. */
int sym_addr_of_offset(const struct sym *s, uint64_t off, uint64_t *addr);

/* Where section NAME begins.  0 or -ENOENT. */
int sym_addr_of_section(const struct sym *s, const char *name,
			uint64_t *addr);

/* The address of the byte at OFF in the first section so long, in an object
 * file, where sections have no address yet; of linked files, OFF. */
uint64_t sym_addr_in_object(const struct sym *s, uint64_t off);

/* Whether ADDR lies in a section that is loaded. */
bool sym_has_addr(const struct sym *s, uint64_t addr);

/* Whether it is a Go program that tells functions and lines by itself. */
bool sym_has_pclntab(const struct sym *s);

/* The file that debug information was found in, NULL when there is none, and
 * then WHY (if not NULL) is what the search said. */
const char *sym_debug_file(struct sym *s, const char **why);

#endif
