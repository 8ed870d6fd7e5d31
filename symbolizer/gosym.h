/*
 * Go's pclntab: functions, files, lines, inlined calls and stack depths by pc,
 * in every binary Go has linked since 1.16, stripped or not.
 *
 * The table is read lazily, a block when it is first touched, by a callback:
 * out of a file, out of a process, out of a test's array.  Everything in it is
 * hostile; a lookup that meets nonsense finds nothing.
 *
 * Source: src/runtime/symtab.go, src/internal/abi/symtab.go.
 * One thread at a time.  [any but g: allocates]
 */
#ifndef SYMBOLIZER_GOSYM_H
#define SYMBOLIZER_GOSYM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "symbolizer/symbolizer.h"

struct gosym;

/* Where the bytes are and what the module's data says of them.  Addresses are
 * of one kind throughout, the file's or the process's, as the caller likes. */
struct gosym_source {
	/* Copies N bytes at offset OFF of the table; 0 or -E. */
	int (*table)(void *ctx, uint64_t off, void *out, size_t n);
	uint64_t table_bytes;   /* at most so many */
	uint64_t fetch_max;     /* bytes of it that are fetched at most, then
				 * nothing new is known; 0: all */
	/* Copies N bytes at ADDRESS (inline trees lie outside the table). */
	int (*data)(void *ctx, uint64_t address, void *out, size_t n);
	void *ctx;
	uint64_t text;          /* moduledata.text; pcHeader's own is used when
				 * it is not 0 and this is 0 */
	uint64_t etext;         /* 0: not known */
	uint64_t gofunc;        /* moduledata.gofunc; 0: inlined calls are not
				 * known (1.18+) */
	int minor;              /* of Go 1.26: 26; 0: not known.  Names are
				 * printed otherwise up to 26 */
};

struct gosym_func {
	uint64_t entry;
	uint64_t end;
	const char *name;       /* as the table has it: of an instance of a
				 * generic, with its types; lives as long as
				 * the struct gosym */
	const char *file;
	uint32_t start_line;    /* 0: not known (before 1.20) */
	bool top;               /* a stack ends here: goexit, mstart, ... */
	bool sp_write;          /* its depth cannot be known */
	bool asm_code;
	bool wrapper;           /* made by the compiler; dumps leave it out */
};

/* 0; -ENOEXEC when there is no table of a known version; with words in E. */
int gosym_open(struct gosym **out, const struct gosym_source *src,
	       struct err *e);
void gosym_close(struct gosym *g);

/* Whether the N >= 8 bytes at P begin a table we know. */
bool gosym_is_table(const void *p, size_t n);

/* The function that holds PC.  False when there is none. */
bool gosym_func(struct gosym *g, uint64_t pc, struct gosym_func *out);

/* Bytes between the stack pointer at PC and the return address.  False when
 * it is not known. */
bool gosym_depth(struct gosym *g, uint64_t pc, int32_t *out);

/*
 * Fills at most MAX frames at PC, innermost first; how many there are.  For a
 * return address pass pc - 1.  Wrappers are among them.
 * Their func is as tracebacks print it, f[...] for each instance of a generic;
 * then linkage is the name with its types.
 */
size_t gosym_frames(struct gosym *g, uint64_t pc, struct sym_frame *out,
		    size_t max);

/* The next function by address, for walks and searches by name: 0 for the
 * first, else the end of the last.  False at the end. */
bool gosym_next(struct gosym *g, uint64_t after, struct gosym_func *out);

/* The function called NAME.  False when there is none.  Reads the names of all
 * functions before it, once: the runtime's come early. */
bool gosym_named(struct gosym *g, const char *name, struct gosym_func *out);

#endif
