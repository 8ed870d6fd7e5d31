/*
 * Offsets from DWARF, for a Go that there is no row of.
 *
 * Go's linker puts all types of a program into one unit called "runtime", as
 * children of its root.  They are read in their order, nothing below functions
 * is entered, and the search ends with the last structure wanted.
 *
 * What takes the time is not the search but unpacking: libdw unpacks every
 * debug section of a file when it opens it.  All but the two that are read are
 * hidden from it: 11 ms for net/http's server, with lines and locations 23.
 *
 * A file may say anything: sections unpack to a bounded size, siblings only
 * lead forwards, chains of types end.
 */
#include "lib/target/go/offsets.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	TYPEDEFS_MAX = 8,       /* on the way to a struct; Go uses one */
	PATH_PARTS = 4,
	PART_BYTES = 64,
};

#define UNPACKED_MAX (256u << 20)       /* bytes of one section */

struct search {
	struct go_offsets *o;
	bool found[GO_FIELD_COUNT];     /* its struct was */
	int left;                       /* fields whose struct was not */
};

/* Sections ---------------------------------------------------------------- */

/* Bytes of section S when unpacked, in either way sections are packed. */
static uint64_t unpacked_bytes(Elf_Scn *s, const GElf_Shdr *h,
			       const char *name)
{
	Elf_Data *raw;
	uint64_t bytes;
	GElf_Chdr c;

	if (h->sh_flags & SHF_COMPRESSED)
		return gelf_getchdr(s, &c) ? c.ch_size : UINT64_MAX;
	if (strncmp(name, ".zdebug", 7))
		return h->sh_size;
	raw = elf_rawdata(s, NULL);
	if (!raw || raw->d_size < 12)
		return UINT64_MAX;
	memcpy(&bytes, (const char *)raw->d_buf + 4, sizeof(bytes));
	return __builtin_bswap64(bytes);
}

static bool is_wanted(const char *name)
{
	return !strcmp(name, "info") || !strcmp(name, "abbrev");
}

/* Makes section S look empty when it is debug information of no use here.
 * False when it cannot be read or is too large. */
static bool hide(Elf *elf, Elf_Scn *s, size_t names)
{
	const char *name, *what;
	GElf_Shdr h;

	if (!gelf_getshdr(s, &h))
		return false;
	name = elf_strptr(elf, names, h.sh_name);
	what = name ? strstr(name, "debug_") : NULL;
	if (!what)
		return true;
	if (is_wanted(what + strlen("debug_")))
		return unpacked_bytes(s, &h, name) <= UNPACKED_MAX;
	h.sh_type = SHT_NOBITS;
	return gelf_update_shdr(s, &h);
}

static Dwarf *dwarf_of(Elf *elf)
{
	Elf_Scn *s = NULL;
	size_t names;

	if (!elf || elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((s = elf_nextscn(elf, s)))
		if (!hide(elf, s, names))
			return NULL;
	return dwarf_begin_elf(elf, DWARF_C_READ, NULL);
}

/* Types ------------------------------------------------------------------- */

/* Moves DIE on to its next sibling, which lies behind it. */
static bool next_sibling(Dwarf_Die *die)
{
	Dwarf_Off at = dwarf_dieoffset(die);

	return !dwarf_siblingof(die, die) && dwarf_dieoffset(die) > at;
}

static int32_t number(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attr;
	Dwarf_Word v;

	if (!dwarf_attr(die, name, &attr) || dwarf_formudata(&attr, &v) ||
	    v > INT32_MAX)
		return -1;
	return (int32_t)v;
}

/* The struct that MEMBER is, behind what other names it has. */
static bool struct_of(Dwarf_Die *member, Dwarf_Die *out)
{
	Dwarf_Attribute attr;

	*out = *member;
	for (int i = 0; i < TYPEDEFS_MAX; i++) {
		if (!dwarf_attr(out, DW_AT_type, &attr) ||
		    !dwarf_formref_die(&attr, out))
			return false;
		if (dwarf_tag(out) == DW_TAG_structure_type)
			return true;
		if (dwarf_tag(out) != DW_TAG_typedef)
			return false;
	}
	return false;
}

/* The member called NAME of STRCT. */
static bool member_of(Dwarf_Die *strct, const char *name, Dwarf_Die *out)
{
	const char *its;

	if (dwarf_child(strct, out))
		return false;
	do {
		its = dwarf_diename(out);
		if (dwarf_tag(out) == DW_TAG_member && its &&
		    !strcmp(its, name))
			return true;
	} while (next_sibling(out));
	return false;
}

/* Where the path "a.b" of N bytes leads in STRCT, -1 when nowhere. */
static int32_t follow(Dwarf_Die strct, const char *path, size_t n)
{
	char part[PART_BYTES];
	const char *end = path + n;
	int32_t sum = 0, at;
	Dwarf_Die member;
	size_t len;

	for (int i = 0; i < PATH_PARTS; i++) {
		len = strcspn(path, ".|");
		if (len >= sizeof(part))
			return -1;
		memcpy(part, path, len);
		part[len] = '\0';
		if (!member_of(&strct, part, &member))
			return -1;
		at = number(&member, DW_AT_data_member_location);
		if (at < 0 || __builtin_add_overflow(sum, at, &sum))
			return -1;
		path += len + 1;
		if (path > end)
			return sum;
		if (!struct_of(&member, &strct))
			return -1;
	}
	return -1;
}

/* Where the first of PATHS "a|b.c" that leads somewhere does. */
static int32_t offset_in(Dwarf_Die *strct, const char *paths)
{
	int32_t at = -1;

	if (!*paths)
		return number(strct, DW_AT_byte_size);
	for (size_t n; at < 0 && *paths; paths += n + (paths[n] == '|')) {
		n = strcspn(paths, "|");
		at = follow(*strct, paths, n);
	}
	return at;
}

/* Fills in what is wanted of STRCT, when it is one of the runtime's. */
static void take_struct(struct search *s, Dwarf_Die *strct)
{
	const char *name = dwarf_diename(strct);

	if (!name || strncmp(name, "runtime.", 8))
		return;
	name += 8;
	for (int f = 0; f < GO_FIELD_COUNT; f++) {
		if (s->found[f] || strcmp(go_field_names[f].type, name))
			continue;
		s->o->at[f] = offset_in(strct, go_field_names[f].member);
		s->found[f] = true;
		s->left--;
	}
}

/* Looks through the unit whose root is DIE, when it is called "runtime". */
static void take_unit(struct search *s, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);
	Dwarf_Die child;

	if (!name || strcmp(name, "runtime") || dwarf_child(die, &child))
		return;
	do {
		if (dwarf_tag(&child) == DW_TAG_structure_type)
			take_struct(s, &child);
	} while (s->left > 0 && next_sibling(&child));
}

static void take_units(struct search *s, Dwarf *dw)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Half version;
	Dwarf_Die die;
	uint8_t type;

	while (s->left > 0 &&
	       !dwarf_get_units(dw, cu, &cu, &version, &type, &die, NULL))
		take_unit(s, &die);
}

int go_offsets_by_dwarf(struct go_offsets *o, const char *path, int minor,
			struct err *e)
{
	struct search s = { .o = o, .left = GO_FIELD_COUNT };
	Dwarf *dw;
	Elf *elf;
	int fd;

	memset(o, 0, sizeof(*o));
	memset(o->at, 0xff, sizeof(o->at));
	o->minor = minor;
	o->verified = true;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, -errno, "%s", path);
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	dw = dwarf_of(elf);
	if (dw)
		take_units(&s, dw);
	dwarf_end(dw);
	elf_end(elf);
	close(fd);
	if (!dw)
		return err_say(e, -ENODATA, "%s: no debug information", path);
	if (!go_offsets_complete(o) || go_offsets_outside(o))
		return err_say(e, -ENODATA,
			       "%s: Go's runtime is not in its DWARF", path);
	return 0;
}
