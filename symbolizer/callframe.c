#include "symbolizer/callframe.h"

#include <dwarf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <elfutils/libdw.h>

enum { REG_FP = 6, REG_SP = 7, REG_RA = 16 };

struct callframe_file {
	int fd;
	Elf *elf;
	Dwarf_CFI *cfi;         /* the elf's */
};

int callframe_open(struct callframe_file **out, const char *path,
		   struct err *e)
{
	struct callframe_file *f = calloc(1, sizeof(*f));

	if (!f)
		return err_set(e, -ENOMEM, "%s", path);
	elf_version(EV_CURRENT);
	/* The file is the target's: it may be no file, and may shrink. */
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (f->fd < 0) {
		free(f);
		return err_set(e, -errno, "%s", path);
	}
	f->elf = elf_begin(f->fd, ELF_C_READ, NULL);
	f->cfi = f->elf ? dwarf_getcfi_elf(f->elf) : NULL;
	if (!f->cfi) {
		callframe_close(f);
		return err_say(e, -ENODATA, "%s: no .eh_frame", path);
	}
	*out = f;
	return 0;
}

void callframe_close(struct callframe_file *f)
{
	if (!f)
		return;
	elf_end(f->elf);
	close(f->fd);
	free(f);
}

static bool take_cfa(Dwarf_Frame *frame, struct callframe *out)
{
	Dwarf_Op *ops;
	size_t n;

	if (dwarf_frame_cfa(frame, &ops, &n) || n != 1 ||
	    ops[0].atom != DW_OP_bregx)
		return false;
	out->by_fp = ops[0].number == REG_FP;
	out->cfa = (int64_t)ops[0].number2;
	return out->by_fp || ops[0].number == REG_SP;
}

/* Where register REG of the caller was saved, from the CFA.  False: it is
 * elsewhere; *SAME then says that it is in its register. */
static bool take_saved(Dwarf_Frame *frame, int reg, int64_t *off, bool *same)
{
	Dwarf_Op mem[3], *ops;
	size_t n;

	if (dwarf_frame_register(frame, reg, mem, &ops, &n))
		return false;
	*same = !n && !ops;
	if (!n || n > 2 || ops[0].atom != DW_OP_call_frame_cfa)
		return false;
	*off = n == 2 ? (int64_t)ops[1].number : 0;
	return n == 1 || ops[1].atom == DW_OP_plus_uconst;
}

bool callframe_at(struct callframe_file *f, uint64_t addr,
		  struct callframe *out)
{
	Dwarf_Frame *frame;
	bool same = false, good;

	if (dwarf_cfi_addrframe(f->cfi, addr, &frame))
		return false;
	good = take_cfa(frame, out) &&
	       take_saved(frame, REG_RA, &out->ra, &same);
	if (good) {
		out->saves_fp = take_saved(frame, REG_FP, &out->fp, &same);
		good = out->saves_fp || same;
	}
	free(frame);
	return good;
}
