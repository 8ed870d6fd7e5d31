/*
 * The symbolizer over the file of a Go program that lies; the input is changes
 * to the file of go_program.h.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbolizer/gofile.h"
#include "test/fuzz/changes.h"
#include "test/fuzz/go_program.h"

static void look(const char *path, bool untouched)
{
	struct sym_frame frames[8];
	struct gofile *f;
	struct err e = { 0 };
	int rc = gofile_open(&f, path, &e);
	size_t n;

	must(!rc || e.text[0]);
	must(!rc || !untouched);
	if (rc)
		return;
	n = gosym_frames(gofile_sym(f), PTAB_TEXT + 0x65, frames, 8);
	must(!untouched || (n == 2 && frames[0].inlined &&
			    !strcmp(frames[0].func, "main.inlined")));
	for (uint64_t pc = PTAB_TEXT; pc < PTAB_TEXT + 0x110; pc += 9)
		must(gosym_frames(gofile_sym(f), pc, frames, 8) <= 8);
	gofile_close(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct go_program made;
	static char path[64];
	static int fd = -1;
	struct changes changes = { data, size };
	uint8_t bytes[FILE_BYTES];

	if (fd < 0) {
		must(!setenv("PGO_SHARE", "share/pgo", 0));
		program_make(&made);
		fd = memfd_create("go", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	memcpy(bytes, made.bytes, sizeof(bytes));
	while (changes_next(&changes, bytes, sizeof(bytes)))
		;
	must(pwrite(fd, bytes, sizeof(bytes), 0) == sizeof(bytes));
	look(path, size == 0);
	return 0;
}
