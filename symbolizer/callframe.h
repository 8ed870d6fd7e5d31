/*
 * Call frame information of an ELF file: where, at one exact instruction, the
 * caller of the function that runs there is.  Needed for the innermost frame
 * only, in code that keeps frame pointers.
 */
#ifndef SYMBOLIZER_CALLFRAME_H
#define SYMBOLIZER_CALLFRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

struct callframe_file;

/* The caller's frame: CFA is what the stack pointer was before the call. */
struct callframe {
	bool by_fp;             /* the CFA is rbp + cfa, else rsp + cfa */
	int64_t cfa;
	int64_t ra;             /* the return address is at CFA + ra */
	bool saves_fp;          /* the caller's rbp is at CFA + fp, else still
				 * in its register */
	int64_t fp;
};

/* The information in the file PATH.  0, or -E with words in E; -ENODATA when
 * there is none.  Allocates. */
int callframe_open(struct callframe_file **out, const char *path,
		   struct err *e);
void callframe_close(struct callframe_file *f);

/* At ADDR, an address of the file.  False when it is not covered, or in a way
 * no compiler has for code with frame pointers. */
bool callframe_at(struct callframe_file *f, uint64_t addr,
		  struct callframe *out);

#endif
