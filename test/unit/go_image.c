/*
 * lib/target/go: the ELF file of a made-up program, and the build info in it.
 *
 * The program has one segment of code and one of data; the file lies in /tmp,
 * the memory is this test's.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/target/go/buildinfo.h"
#include "lib/target/go/image.h"
#include "test/unit/cmocka_all.h"

enum {
	TEXT = 0x400000, DATA = 0x500000,       /* in the file */
	DATA_BYTES = 0x48000,           /* more than is read at once */
	DATA_OFFSET = 0x1000, SEAM = 0x40000,
	SYMBOLS = 3,
};

#define BIAS UINT64_C(0x10000000)

static struct program {
	struct space space;
	char path[32];
	uint8_t data[DATA_BYTES];       /* memory at DATA + BIAS */
	size_t reads;
} program;

static int readv_made_up(struct space *s, struct space_piece *at, size_t n)
{
	(void)s;
	program.reads++;
	for (size_t i = 0; i < n; i++) {
		uint64_t off = at[i].address - (DATA + BIAS);

		at[i].ok = off < DATA_BYTES && at[i].bytes <= DATA_BYTES - off;
		if (at[i].ok)
			memcpy(at[i].to, program.data + off, at[i].bytes);
	}
	return 0;
}

static const struct space_ops ops = { .readv = readv_made_up };

/* Everything behind the headers of the file. */
struct tail {
	Elf64_Shdr sections[4];
	char names[64];
	Elf64_Sym symbols[SYMBOLS];
	char strings[64];
};

static const struct tail tail = {
	.sections = {
		[1] = { .sh_name = 1, .sh_type = SHT_STRTAB,
			.sh_offset = DATA_OFFSET + DATA_BYTES +
				     offsetof(struct tail, names),
			.sh_size = 64 },
		[2] = { .sh_name = 11, .sh_type = SHT_SYMTAB, .sh_link = 3,
			.sh_offset = DATA_OFFSET + DATA_BYTES +
				     offsetof(struct tail, symbols),
			.sh_size = SYMBOLS * sizeof(Elf64_Sym) },
		[3] = { .sh_name = 19, .sh_type = SHT_STRTAB,
			.sh_offset = DATA_OFFSET + DATA_BYTES +
				     offsetof(struct tail, strings),
			.sh_size = 64 },
	},
	.names = "\0.shstrtab\0.symtab\0.strtab",
	.symbols = {
		{ .st_name = 1, .st_info = STT_FUNC, .st_shndx = 1,
		  .st_value = TEXT + 8 },
		{ .st_name = 1, .st_info = STT_OBJECT, .st_shndx = 1,
		  .st_value = DATA + 8, .st_size = 24 },
		{ .st_name = 99, .st_info = STT_OBJECT, .st_shndx = 1,
		  .st_value = DATA + 16 },
	},
	.strings = "\0runtime.allgs\0__go_go",
};

struct file {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
};

static struct file good_file(void)
{
	struct file f = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
				     ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64,
			.e_phoff = offsetof(struct file, segments),
			.e_phnum = 2, .e_phentsize = sizeof(Elf64_Phdr),
			.e_shoff = DATA_OFFSET + DATA_BYTES, .e_shnum = 4,
			.e_shentsize = sizeof(Elf64_Shdr), .e_shstrndx = 1,
		},
		.segments = {
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
			  .p_vaddr = TEXT, .p_filesz = 0x1000,
			  .p_memsz = 0x1000 },
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W,
			  .p_vaddr = DATA, .p_offset = DATA_OFFSET,
			  .p_filesz = DATA_BYTES, .p_memsz = DATA_BYTES },
		},
	};

	return f;
}

static void write_file(const struct file *f, const struct tail *t)
{
	FILE *out;
	int fd;

	strcpy(program.path, "/tmp/pgo-image-XXXXXX");
	fd = mkstemp(program.path);
	out = fdopen(fd, "w");
	fwrite(f, sizeof(*f), 1, out);
	fseek(out, DATA_OFFSET, SEEK_SET);
	fwrite(program.data, DATA_BYTES, 1, out);
	fwrite(t, sizeof(*t), 1, out);
	fclose(out);
}

static struct image open_program(const struct file *f, const struct tail *t)
{
	struct err e = { 0 };
	struct image im;

	write_file(f, t);
	program.space = (struct space){ .ops = &ops, .kind = SPACE_MADE_UP,
					.name = "made-up", .bias = BIAS };
	program.reads = 0;
	strcpy(program.space.exe, program.path);
	if (image_open(&im, &program.space, &e) < 0)
		fail_msg("%s", e.text);
	unlink(program.path);
	return im;
}

static struct image open_good(void)
{
	struct file f = good_file();

	return open_program(&f, &tail);
}

/* Build info -------------------------------------------------------------- */

static uint8_t *put_info(size_t at, uint8_t flags)
{
	uint8_t *p = program.data + at;

	memset(program.data, 0, DATA_BYTES);
	memcpy(p, "\xff Go buildinf:", 14);
	p[14] = 8;
	p[15] = flags;
	return p;
}

static int version_of(char *out, size_t max, struct err *e)
{
	struct image im = open_good();
	int rc = go_buildinfo(&im, out, max, e);

	image_close(&im);
	return rc;
}

static void inline_build_info_is_found_wherever_it_is(void **state)
{
	static const size_t places[] = { 0, 16, SEAM - 32, SEAM - 16, SEAM,
					 DATA_BYTES - 64 };
	struct err e = { 0 };
	char v[64];

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		uint8_t *p = put_info(places[i], 2);

		memcpy(p + 32, "\x08go1.26.8", 9);
		assert_int_equal(version_of(v, sizeof(v), &e), 0);
		assert_string_equal(v, "go1.26.8");
		assert_int_equal(version_of(v, 6, &e), 0);
		assert_string_equal(v, "go1.2");
	}
}

static void the_form_before_go_1_18_leads_to_a_string(void **state)
{
	const uint64_t header = DATA + BIAS + 0x100;
	const uint64_t string[2] = { DATA + BIAS + 0x200, 8 };
	struct err e = { 0 };
	char v[64];
	uint8_t *p = put_info(0, 0);

	(void)state;
	memcpy(p + 16, &header, 8);
	memcpy(program.data + 0x100, string, sizeof(string));
	memcpy(program.data + 0x200, "go1.17.1", 8);
	assert_int_equal(version_of(v, sizeof(v), &e), 0);
	assert_string_equal(v, "go1.17.1");
}

static void damaged_build_info_is_refused(void **state)
{
	const uint64_t nowhere[2] = { 8, UINT64_MAX };
	struct err e = { 0 };
	char v[64];
	uint8_t *p = put_info(0, 0);

	(void)state;
	memcpy(p + 16, nowhere, 8);
	assert_int_equal(version_of(v, sizeof(v), &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "version cannot be read"));
	p = put_info(0, 2);
	memcpy(p + 32, "\xff\xff\xff", 3);
	assert_int_equal(version_of(v, sizeof(v), &e), -ENOTSUP);
	p = put_info(0, 2);
	memcpy(p + 32, "\x04ruby", 5);
	assert_int_equal(version_of(v, sizeof(v), &e), -ENOTSUP);
	/* The magic in the last 16 bytes, nothing behind. */
	put_info(DATA_BYTES - 16, 2);
	assert_int_equal(version_of(v, sizeof(v), &e), -ENOTSUP);
}

static void other_programs_are_told_apart(void **state)
{
	struct err e = { 0 };
	struct tail t = tail;
	struct file f = good_file();
	struct image im;
	char v[64];

	(void)state;
	memset(program.data, 0, DATA_BYTES);
	assert_int_equal(version_of(v, sizeof(v), &e), -ENOENT);
	assert_string_equal(e.text, "made-up: no Go program");
	t.symbols[0].st_name = 15;
	im = open_program(&f, &t);
	assert_int_equal(go_buildinfo(&im, v, sizeof(v), &e), -ENOTSUP);
	assert_non_null(strstr(e.text, "built by gccgo"));
	image_close(&im);
}

static void minors_of_versions(void **state)
{
	static const struct {
		const char *version;
		int minor;
	} table[] = {
		{ "go1.26.8", 26 }, { "go1.16", 16 }, { "go1.27rc1", 27 },
		{ "devel go1.27-4d3c2b1 Mon Jan  1", 27 },
		{ "go1.21.5-devel-cf X:boringcrypto", 21 },
		{ "go2.0", -1 }, { "go1.", -1 }, { "", -1 },
		{ "go1.99999999999", -1 }, { "devel +a1b2c3", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (go_version_minor(table[i].version) != table[i].minor)
			fail_msg("%s: %d", table[i].version,
				 go_version_minor(table[i].version));
}

/* The file ---------------------------------------------------------------- */

static void symbols_are_where_they_are_in_memory(void **state)
{
	struct image_symbol wanted[] = {
		{ .name = "runtime.allgs" }, { .name = "runtime.allp" },
	};
	struct image im = open_good();

	(void)state;
	assert_int_equal(image_symbols(&im, STT_OBJECT, wanted, 2), 1);
	assert_int_equal(wanted[0].address, DATA + 8 + BIAS);
	assert_int_equal(wanted[0].bytes, 24);
	assert_int_equal(wanted[1].address, 0);
	assert_int_equal(image_symbols(&im, STT_FUNC, wanted, 2), 1);
	assert_int_equal(wanted[0].address, TEXT + 8 + BIAS);
	image_close(&im);
}

/* Section headers of a hostile file cost their tables, no more. */
static void damaged_sections_are_as_none(void **state)
{
	struct image_symbol wanted = { .name = "runtime.allgs" };
	struct image_part part;

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct file f = good_file();
		struct tail t = tail;
		struct image im;

		switch (i) {
		case 0: t.sections[1].sh_size = UINT64_MAX; break;
		case 1: t.sections[1].sh_offset = UINT64_MAX - 8; break;
		case 2: f.header.e_shstrndx = 9; break;
		case 3: t.sections[2].sh_size = UINT64_MAX; break;
		case 4: t.sections[2].sh_link = 1000; break;
		case 5: t.sections[3].sh_size = UINT64_C(1) << 40; break;
		}
		im = open_program(&f, &t);
		assert_int_equal(image_symbols(&im, STT_OBJECT, &wanted, 1),
				 0);
		assert_false(image_section(&im, ".symtab", &part));
		image_close(&im);
	}
}

static void segments_that_wrap_are_left_out(void **state)
{
	struct file f = good_file();
	struct image im;

	(void)state;
	f.segments[0].p_memsz = UINT64_MAX;
	im = open_program(&f, &tail);
	assert_int_equal(im.count, 1);
	assert_null(image_segment(&im, TEXT + BIAS));
	assert_non_null(image_segment(&im, DATA + BIAS + DATA_BYTES - 1));
	assert_null(image_segment(&im, DATA + BIAS + DATA_BYTES));
	image_close(&im);
}

/* Scanning ---------------------------------------------------------------- */

static bool see_three(void *ctx, uint64_t address, const uint64_t *words,
		      size_t n)
{
	uint64_t *found = ctx;

	for (size_t i = 0; i + 2 < n; i++)
		if (words[i] == 7 && words[i + 1] == 8 && words[i + 2] == 9)
			*found = address + i * 8;
	return *found != 0;
}

static void check_found(struct image *im, size_t at)
{
	static const uint64_t three[] = { 7, 8, 9 };
	uint64_t found = 0;

	memset(program.data, 0, DATA_BYTES);
	memcpy(program.data + at, three, sizeof(three));
	assert_true(image_scan(im, &im->segments[1], see_three, &found));
	assert_int_equal(found, DATA + BIAS + at);
}

static void three_words_are_found_at_the_seams_too(void **state)
{
	struct image im = open_good();

	(void)state;
	check_found(&im, 0);
	for (size_t at = SEAM - 64; at < SEAM + 64; at += 8)
		check_found(&im, at);
	check_found(&im, DATA_BYTES - 24);
	image_close(&im);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(inline_build_info_is_found_wherever_it_is),
		cmocka_unit_test(the_form_before_go_1_18_leads_to_a_string),
		cmocka_unit_test(damaged_build_info_is_refused),
		cmocka_unit_test(other_programs_are_told_apart),
		cmocka_unit_test(minors_of_versions),
		cmocka_unit_test(symbols_are_where_they_are_in_memory),
		cmocka_unit_test(damaged_sections_are_as_none),
		cmocka_unit_test(segments_that_wrap_are_left_out),
		cmocka_unit_test(three_words_are_found_at_the_seams_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
