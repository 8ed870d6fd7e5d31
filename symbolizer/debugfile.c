/*
 * Opening by libdwfl, which knows every place where Linux keeps debug files.
 * It looks for them when they are needed only: Go programs have it all in
 * their pclntab.
 *
 * The file is laid out as it says itself (bias 0); only objects, whose
 * sections all start at 0, are given places one behind the other.
 */
#include "symbolizer/debugfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Objects are laid out from here: address 0 would look thrown away. */
#define OBJECT_BASE 0x10000

static char *default_path = NULL;       /* libdwfl: its own default */

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
	.debuginfo_path = &default_path,
};

/* Opens PATH when it is a plain ELF file: never waits for a FIFO. */
static int open_elf(const char *path, struct err *e)
{
	char magic[4] = "";
	struct stat st;
	int fd, rc = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return err_set(e, -errno, "%s", path);
	if (fstat(fd, &st))
		rc = err_set(e, -errno, "%s", path);
	else if (S_ISDIR(st.st_mode))
		rc = err_set(e, -EISDIR, "%s", path);
	else if (!S_ISREG(st.st_mode))
		rc = err_say(e, -EINVAL, "%s: not a plain file", path);
	else if (st.st_size == 0)
		rc = err_say(e, -ENOEXEC, "%s: empty file", path);
	else if (pread(fd, magic, 4, 0) != 4 || memcmp(magic, "\177ELF", 4))
		rc = err_say(e, -ENOEXEC, "%s: not an ELF file", path);
	if (rc)
		close(fd);
	return rc ? rc : fd;
}

/* Whether FD is what a compiler made, no linker. */
static bool is_object(int fd)
{
	uint8_t type[2];

	return pread(fd, type, 2, offsetof(Elf64_Ehdr, e_type)) == 2 &&
	       type[0] + type[1] == ET_REL;
}

static int dwfl_err(struct err *e, const char *path)
{
	int code = dwfl_errno();

	return err_say(e, -ENOEXEC, "%s: damaged ELF file: %s", path,
		       code ? dwfl_errmsg(code) : "no such part");
}

static int load_elf(struct debugfile *d, const char *path, int fd,
		    struct err *e)
{
	GElf_Addr bias;

	d->object = is_object(fd);
	d->dwfl = dwfl_begin(&callbacks);
	if (!d->dwfl) {
		close(fd);
		return err_set(e, -ENOMEM, "%s", path);
	}
	dwfl_report_begin(d->dwfl);
	d->mod = dwfl_report_elf(d->dwfl, path, path, fd,
				 d->object ? OBJECT_BASE : 0, true);
	if (!d->mod) {
		dwfl_err(e, path);
		close(fd);
		return -ENOEXEC;
	}
	dwfl_report_end(d->dwfl, NULL, NULL);
	d->elf = dwfl_module_getelf(d->mod, &bias);
	return d->elf ? 0 : dwfl_err(e, path);
}

static void load_buildid(struct debugfile *d)
{
	const unsigned char *bytes;
	GElf_Addr at;
	int n = dwfl_module_build_id(d->mod, &bytes, &at);

	if (n <= 0 || n > BUILDID_MAX)
		return;
	d->id.n = (size_t)n;
	memcpy(d->id.bytes, bytes, d->id.n);
}

void debugfile_look(struct debugfile *d)
{
	const char *debug = NULL;
	Dwarf_Addr bias = 0;

	if (d->looked)
		return;
	d->looked = true;
	d->dw = dwfl_module_getdwarf(d->mod, &bias);
	d->dw_bias = bias;
	if (!d->dw) {
		snprintf(d->why, sizeof(d->why), "%s", dwfl_errmsg(-1));
		return;
	}
	dwfl_module_info(d->mod, NULL, NULL, NULL, NULL, NULL, NULL, &debug);
	d->debug_path = strdup(debug ? debug : d->path);
}

int debugfile_open(struct debugfile *d, const char *path, struct err *e)
{
	int fd, rc;

	*d = (struct debugfile){ 0 };
	fd = open_elf(path, e);
	if (fd < 0)
		return fd;
	rc = load_elf(d, path, fd, e);
	if (!rc && !(d->path = strdup(path)))
		rc = err_set(e, -ENOMEM, "%s", path);
	if (rc) {
		debugfile_close(d);
		return rc;
	}
	load_buildid(d);
	return 0;
}

void debugfile_close(struct debugfile *d)
{
	if (d->dwfl)
		dwfl_end(d->dwfl);
	free(d->debug_path);
	free(d->path);
	*d = (struct debugfile){ 0 };
}
