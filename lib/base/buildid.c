/*
 * The notes are walked header by header out of the file; only the id itself is
 * kept.  A file may claim any number of notes, so their count is bounded.
 */
#include "lib/base/buildid.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/elffile.h"

#define NOTES_MAX 1024          /* of a file; programs have up to ten */

static uint64_t align_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

/* Takes the note at OFF if it is the id; otherwise *LEN is its length. */
static bool take_note(struct buildid *id, const struct elffile *f,
		      uint64_t off, uint64_t align, uint64_t *len)
{
	Elf64_Nhdr note;
	uint64_t desc;
	char name[4];

	*len = 0;
	if (elffile_read(f, off, &note, sizeof(note)) < 0)
		return false;
	desc = align_up(sizeof(note) + (uint64_t)note.n_namesz, align);
	*len = align_up(desc + note.n_descsz, align);
	if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof(name) ||
	    note.n_descsz == 0 || note.n_descsz > BUILDID_MAX ||
	    elffile_read(f, off + sizeof(note), name, sizeof(name)) < 0 ||
	    memcmp(name, "GNU", 4) != 0 ||
	    elffile_read(f, off + desc, id->bytes, note.n_descsz) < 0)
		return false;
	id->n = note.n_descsz;
	return true;
}

static bool take_notes(struct buildid *id, const struct elffile *f,
		       uint64_t off, uint64_t bytes, uint64_t align, int *left)
{
	uint64_t at = 0, len;

	/* Beyond this OFF + AT could wrap. */
	if (off > f->size || bytes > f->size - off)
		return false;
	while (at < bytes && --*left >= 0) {
		if (take_note(id, f, off + at, align == 8 ? 8 : 4, &len))
			return true;
		if (len == 0)
			return false;
		at += len;
	}
	return false;
}

void buildid_of_elf(struct buildid *id, const struct elffile *f)
{
	Elf64_Phdr ph;
	Elf64_Shdr sh;
	int left = NOTES_MAX;

	*id = (struct buildid){ 0 };
	for (uint32_t i = 0; elffile_segment(f, i, &ph) == 0; i++)
		if (ph.p_type == PT_NOTE &&
		    take_notes(id, f, ph.p_offset, ph.p_filesz, ph.p_align,
			       &left))
			return;
	/* Go's linker leaves it out of its segment of notes. */
	for (uint32_t i = 0; elffile_section(f, i, &sh) == 0; i++)
		if (sh.sh_type == SHT_NOTE &&
		    take_notes(id, f, sh.sh_offset, sh.sh_size,
			       sh.sh_addralign, &left))
			return;
}

void buildid_of_image(struct buildid *id, const void *image, size_t size)
{
	struct elffile f;

	*id = (struct buildid){ 0 };
	if (elffile_open_image(&f, image, size, NULL) == 0)
		buildid_of_elf(id, &f);
}

void buildid_of_file(struct buildid *id, const char *path)
{
	struct elffile f;

	*id = (struct buildid){ 0 };
	if (elffile_open(&f, path, NULL) < 0)
		return;
	buildid_of_elf(id, &f);
	elffile_close(&f);
}

char *buildid_hex(const struct buildid *id, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = id->n < BUILDID_MAX ? id->n : BUILDID_MAX;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[id->bytes[i] >> 4];
		out[2 * i + 1] = digits[id->bytes[i] & 15];
	}
	out[2 * n] = 0;
	return out;
}
