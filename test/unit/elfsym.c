/*
 * lib/base/elfsym and buildid: names of a file made by hand and of this very
 * program; and that no cut, no flipped bit and no wild number breaks them.
 */
#include "lib/base/elfsym.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/buildid.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/maps.h"

/* A file made by hand ------------------------------------------------------ */

enum { NULL_S, TEXT_S, SYMTAB_S, STRTAB_S, DYNSYM_S, DYNSTR_S, SECTIONS };
enum { SYMS = 16, DYNS = 4, STRINGS = 256 };

struct note {
	Elf64_Nhdr head;
	char name[4];
	uint8_t desc[20];
};

/* It lies in memory as in the file. */
struct file {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[4];
	struct note notes[2];
	Elf64_Sym sym[SYMS], dyn[DYNS];
	char str[STRINGS], dynstr[STRINGS];
	Elf64_Shdr sh[SECTIONS];
	size_t syms, dyns, strings, dynstrings;
};

static uint32_t add_string(char *table, size_t *used, const char *s)
{
	size_t at = *used;

	strcpy(table + at, s);
	*used += strlen(s) + 1;
	return (uint32_t)at;
}

static void add(struct file *f, const char *name, int bind, int type,
		uint64_t value, uint64_t size)
{
	assert_true(f->syms < SYMS);
	f->sym[f->syms++] = (Elf64_Sym){
		.st_name = add_string(f->str, &f->strings, name),
		.st_info = ELF64_ST_INFO(bind, type),
		.st_shndx = TEXT_S,
		.st_value = value,
		.st_size = size,
	};
}

static void add_dyn(struct file *f, const char *name, uint64_t value,
		    uint64_t size)
{
	assert_true(f->dyns < DYNS);
	f->dyn[f->dyns++] = (Elf64_Sym){
		.st_name = add_string(f->dynstr, &f->dynstrings, name),
		.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
		.st_shndx = TEXT_S,
		.st_value = value,
		.st_size = size,
	};
}

static void section(struct file *f, int i, uint32_t type, size_t off,
		    size_t size, uint32_t link)
{
	f->sh[i] = (Elf64_Shdr){
		.sh_type = type,
		.sh_offset = off,
		.sh_size = size,
		.sh_link = link,
		.sh_entsize = link ? sizeof(Elf64_Sym) : 0,
	};
}

static void set_headers(struct file *f)
{
	memcpy(f->eh.e_ident, ELFMAG, SELFMAG);
	f->eh.e_ident[EI_CLASS] = ELFCLASS64;
	f->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	f->eh.e_type = ET_DYN;
	f->eh.e_machine = EM_X86_64;
	f->eh.e_phoff = offsetof(struct file, ph);
	f->eh.e_phnum = 4;
	f->eh.e_phentsize = sizeof(Elf64_Phdr);
	f->eh.e_shoff = offsetof(struct file, sh);
	f->eh.e_shnum = SECTIONS;
	f->eh.e_shentsize = sizeof(Elf64_Shdr);
	section(f, TEXT_S, SHT_PROGBITS, 0, 0x1000, 0);
	f->sh[TEXT_S].sh_addr = 0x1000;
	section(f, SYMTAB_S, SHT_SYMTAB, offsetof(struct file, sym),
		sizeof(f->sym), STRTAB_S);
	section(f, STRTAB_S, SHT_STRTAB, offsetof(struct file, str), STRINGS,
		0);
	section(f, DYNSYM_S, SHT_DYNSYM, offsetof(struct file, dyn),
		sizeof(f->dyn), DYNSTR_S);
	section(f, DYNSTR_S, SHT_STRTAB, offsetof(struct file, dynstr),
		STRINGS, 0);
}

/* Segments as lld lays them out: the second begins within a page. */
static void set_segments(struct file *f)
{
	f->ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R,
				 .p_filesz = 0x760, .p_memsz = 0x760 };
	f->ph[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
				 .p_offset = 0x760, .p_vaddr = 0x1760,
				 .p_filesz = 0x2000, .p_memsz = 0x2000 };
	f->ph[2] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W,
				 .p_offset = 0x2760, .p_vaddr = 0x4760,
				 .p_filesz = 0x100, .p_memsz = 0x9000 };
	f->ph[3] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_align = 4,
				 .p_offset = offsetof(struct file, notes),
				 .p_filesz = sizeof(f->notes) };
	for (int i = 0; i < 2; i++) {
		f->notes[i].head = (Elf64_Nhdr){ 4, 20, i ? NT_GNU_BUILD_ID
							  : 77 };
		memcpy(f->notes[i].name, "GNU", 4);
		for (int k = 0; k < 20; k++)
			f->notes[i].desc[k] = (uint8_t)(i * 0x80 + k);
	}
}

static struct file *file_new(void)
{
	struct file *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->syms = f->dyns = f->strings = f->dynstrings = 1;
	set_headers(f);
	set_segments(f);
	return f;
}

static struct elfsym *open_file(const struct file *f)
{
	struct elfsym *s = NULL;
	struct err e;

	if (elfsym_open_image(&s, f, sizeof(*f), &e) < 0)
		fail_msg("%s", e.text);
	return s;
}

static void expect(const struct elfsym *s, uint64_t addr, const char *name,
		   uint64_t start, uint64_t size)
{
	struct elfsym_func fn = { "none", 0, 0 };

	elfsym_find(s, addr, &fn);
	assert_string_equal(fn.name, name ? name : "none");
	assert_int_equal(fn.start, start);
	assert_int_equal(fn.size, size);
}

/* What holds --------------------------------------------------------------- */

static void both_tables_are_one_and_only_functions_count(void **state)
{
	struct file *f = file_new();
	struct elfsym *s;

	(void)state;
	add(f, "late", STB_LOCAL, STT_FUNC, 0x1200, 0x10);
	add(f, "object", STB_GLOBAL, STT_OBJECT, 0x1180, 0x10);
	add(f, "chooser", STB_GLOBAL, STT_GNU_IFUNC, 0x1100, 0x10);
	add(f, "elsewhere", STB_GLOBAL, STT_FUNC, 0x1190, 0x10);
	f->sym[f->syms - 1].st_shndx = SHN_UNDEF;
	add(f, "", STB_GLOBAL, STT_FUNC, 0x11a0, 0x10);
	add_dyn(f, "exported", 0x1000, 0x10);
	s = open_file(f);
	free(f);
	assert_int_equal(elfsym_count(s), 3);
	expect(s, 0xfff, NULL, 0, 0);
	expect(s, 0x1000, "exported", 0x1000, 0x10);
	expect(s, 0x100f, "exported", 0x1000, 0x10);
	expect(s, 0x1010, NULL, 0, 0);
	expect(s, 0x1108, "chooser", 0x1100, 0x10);
	expect(s, 0x1188, NULL, 0, 0);
	expect(s, 0x1198, NULL, 0, 0);
	expect(s, 0x1208, "late", 0x1200, 0x10);
	expect(s, UINT64_MAX, NULL, 0, 0);
	elfsym_close(s);
}

static void at_one_address_the_best_name_wins(void **state)
{
	struct file *f = file_new();
	struct elfsym *s;

	(void)state;
	add(f, "a", STB_LOCAL, STT_FUNC, 0x1000, 0x10);
	add(f, "weak", STB_WEAK, STT_FUNC, 0x1000, 0x10);
	add(f, "global_longer", STB_GLOBAL, STT_FUNC, 0x1000, 0);
	add(f, "glob_b", STB_GLOBAL, STT_FUNC, 0x1000, 0);
	add(f, "glob_a", STB_GLOBAL, STT_FUNC, 0x1000, 0);
	add(f, "l", STB_LOCAL, STT_FUNC, 0x1020, 0x10);
	add(f, "w_long", STB_WEAK, STT_FUNC, 0x1020, 0x18);
	add_dyn(f, "glob_c", 0x1000, 0);
	s = open_file(f);
	free(f);
	assert_int_equal(elfsym_count(s), 2);
	expect(s, 0x1000, "glob_a", 0x1000, 0x10);
	expect(s, 0x1020, "w_long", 0x1020, 0x18);
	elfsym_close(s);
}

static void without_a_size_it_ends_at_the_next_or_the_section(void **state)
{
	struct file *f = file_new();
	struct elfsym *s;

	(void)state;
	add(f, "first", STB_LOCAL, STT_FUNC, 0x1000, 0);
	add(f, "second", STB_LOCAL, STT_FUNC, 0x1100, 0);
	add(f, "absolute", STB_LOCAL, STT_FUNC, 0x9000, 0);
	f->sym[f->syms - 1].st_shndx = SHN_ABS;
	s = open_file(f);
	free(f);
	expect(s, 0x10ff, "first", 0x1000, 0x100);
	expect(s, 0x1fff, "second", 0x1100, 0xf00);
	expect(s, 0x2000, NULL, 0, 0);
	expect(s, 0x9000, "absolute", 0x9000, 1);
	expect(s, 0x9001, NULL, 0, 0);
	elfsym_close(s);
}

static void a_function_may_lie_inside_another(void **state)
{
	struct file *f = file_new();
	struct elfsym *s;

	(void)state;
	add(f, "outer", STB_LOCAL, STT_FUNC, 0x1000, 0x100);
	add(f, "one", STB_LOCAL, STT_FUNC, 0x1010, 0x10);
	add(f, "two", STB_LOCAL, STT_FUNC, 0x1030, 0x20);
	add(f, "deep", STB_LOCAL, STT_FUNC, 0x1038, 8);
	add(f, "next", STB_LOCAL, STT_FUNC, 0x1100, 8);
	s = open_file(f);
	free(f);
	expect(s, 0x1018, "one", 0x1010, 0x10);
	expect(s, 0x1028, "outer", 0x1000, 0x100);
	expect(s, 0x103c, "deep", 0x1038, 8);
	expect(s, 0x1048, "two", 0x1030, 0x20);
	expect(s, 0x1080, "outer", 0x1000, 0x100);
	expect(s, 0x1100, "next", 0x1100, 8);
	expect(s, 0x1108, NULL, 0, 0);
	elfsym_close(s);
}

static void at_the_end_of_memory_nothing_wraps(void **state)
{
	struct file *f = file_new();
	struct elfsym *s;

	(void)state;
	add(f, "wraps", STB_LOCAL, STT_FUNC, UINT64_MAX - 0x10, 0x100);
	add(f, "last", STB_LOCAL, STT_FUNC, UINT64_MAX, 1);
	f->sh[TEXT_S].sh_addr = UINT64_MAX - 0x30;
	add(f, "open", STB_LOCAL, STT_FUNC, UINT64_MAX - 0x20, 0);
	s = open_file(f);
	free(f);
	assert_int_equal(elfsym_count(s), 2);
	expect(s, UINT64_MAX - 0x10, "wraps", UINT64_MAX - 0x10, 1);
	expect(s, UINT64_MAX - 0x20, "open", UINT64_MAX - 0x20, 1);
	expect(s, UINT64_MAX, NULL, 0, 0);
	elfsym_close(s);
}

static void offsets_and_mappings_lead_to_addresses(void **state)
{
	struct file *f = file_new();
	struct elfsym *s = open_file(f);
	const uint64_t base = 0x7f0000000000;
	uint64_t bias;

	(void)state;
	free(f);
	assert_int_equal(elfsym_addr_of_offset(s, 0x75f), 0x75f);
	assert_int_equal(elfsym_addr_of_offset(s, 0x760), 0x1760);
	assert_int_equal(elfsym_addr_of_offset(s, 0x275f), 0x375f);
	assert_int_equal(elfsym_addr_of_offset(s, 0x2860), UINT64_MAX);
	assert_true(elfsym_bias(s, base + 0x1000, 0, true, &bias));
	assert_int_equal(bias, base);
	assert_true(elfsym_bias(s, base, 0, false, &bias));
	assert_int_equal(bias, base);
	assert_true(elfsym_bias(s, base + 0x2000, 0x1000, true, &bias));
	assert_int_equal(bias, base);
	assert_true(elfsym_bias(s, base + 0x4000, 0x2000, false, &bias));
	assert_int_equal(bias, base);
	assert_false(elfsym_bias(s, base, 0x9000, true, &bias));
	elfsym_close(s);
}

/* Of many functions in wild order each is found. */
static void many_are_sorted(void **state)
{
	enum { N = 5000 };
	struct file *f = file_new();
	size_t bytes = sizeof(*f) + N * sizeof(Elf64_Sym) + N * 8;
	char *image = calloc(1, bytes), *names;
	struct elfsym *s;
	Elf64_Sym *sym;

	(void)state;
	f->sh[SYMTAB_S].sh_offset = sizeof(*f);
	f->sh[SYMTAB_S].sh_size = N * sizeof(Elf64_Sym);
	f->sh[STRTAB_S].sh_offset = sizeof(*f) + N * sizeof(Elf64_Sym);
	f->sh[STRTAB_S].sh_size = N * 8;
	memcpy(image, f, sizeof(*f));
	sym = (Elf64_Sym *)(image + sizeof(*f));
	names = (char *)(sym + N);
	for (uint32_t i = 0; i < N; i++) {
		uint64_t k = i * 2741u % N;     /* each once */

		snprintf(names + 8 * i, 8, "f%u", (unsigned)k);
		sym[i] = (Elf64_Sym){ .st_name = 8 * i, .st_info = STT_FUNC,
				      .st_shndx = TEXT_S,
				      .st_value = 0x1000 + 16 * k,
				      .st_size = 16 };
	}
	assert_int_equal(elfsym_open_image(&s, image, bytes, NULL), 0);
	free(image);
	free(f);
	assert_int_equal(elfsym_count(s), N);
	for (uint64_t k = 0; k < N; k++) {
		char name[8];

		snprintf(name, sizeof(name), "f%u", (unsigned)k);
		expect(s, 0x1000 + 16 * k + k % 16, name, 0x1000 + 16 * k, 16);
	}
	elfsym_close(s);
}

/* Real files --------------------------------------------------------------- */

static int own_base(struct dl_phdr_info *info, size_t size, void *out)
{
	(void)size;
	*(uint64_t *)out = info->dlpi_addr;
	return 1;
}

static void this_program_names_its_own_functions(void **state)
{
	struct elfsym *s;
	struct elfsym_func fn;
	struct maps m;
	const struct map *map;
	uint64_t base = 1, bias, pc = (uintptr_t)many_are_sorted;

	(void)state;
	dl_iterate_phdr(own_base, &base);
	assert_int_equal(elfsym_open(&s, "/proc/self/exe", NULL), 0);
	assert_true(elfsym_find(s, pc - base, &fn));
	assert_string_equal(fn.name, "many_are_sorted");
	assert_int_equal(fn.start, pc - base);
	assert_int_equal(maps_read(&m, 0, NULL), 0);
	map = maps_find(&m, pc);
	assert_non_null(map);
	assert_true(elfsym_bias(s, map->start, map->offset, true, &bias));
	assert_int_equal(bias, base);
	maps_release(&m);
	elfsym_close(s);
}

/* The pages of the vdso, as the kernel says. */
static size_t vdso_bytes(uint64_t at)
{
	struct maps m;
	const struct map *map;
	size_t n;

	assert_int_equal(maps_read(&m, 0, NULL), 0);
	map = maps_find(&m, at);
	n = map ? map->end - map->start : 0;
	maps_release(&m);
	return n;
}

static void the_vdso_has_its_clock(void **state)
{
	uint64_t vdso = getauxval(AT_SYSINFO_EHDR);
	struct elfsym *s;
	struct elfsym_func fn;
	bool found = false;

	(void)state;
	if (!vdso)
		skip();
	assert_int_equal(elfsym_open_image(&s, (const void *)vdso,
					   vdso_bytes(vdso), NULL), 0);
	for (uint64_t at = 0; at < vdso_bytes(vdso) && !found; at++)
		found = elfsym_find(s, at, &fn) &&
			strstr(fn.name, "clock_gettime");
	assert_true(found);
	elfsym_close(s);
}

static void what_is_no_program_is_refused(void **state)
{
	struct elfsym *s = NULL;
	struct err e;
	char fifo[] = "/tmp/elfsym-XXXXXX";

	(void)state;
	assert_int_equal(elfsym_open(&s, "/nonexistent", &e), -ENOENT);
	assert_string_equal(e.text, "/nonexistent: No such file or directory");
	assert_int_equal(elfsym_open(&s, "/etc/passwd", &e), -EINVAL);
	assert_string_equal(e.text,
			    "/etc/passwd: no x86-64 program or library");
	assert_int_equal(elfsym_open(&s, "/", &e), -EINVAL);
	assert_int_equal(elfsym_open(&s, "/dev/null", &e), -EINVAL);
	assert_non_null(mkdtemp(fifo));
	assert_int_equal(rmdir(fifo), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(elfsym_open(&s, fifo, &e), -EINVAL);
	unlink(fifo);
	assert_int_equal(elfsym_open_image(&s, "", 0, &e), -EINVAL);
	assert_null(s);
	elfsym_close(NULL);
}

/* Hostile files ------------------------------------------------------------ */

/* Opens it from memory of just that size, so that asan sees each byte too
 * far, and asks all over. */
static int try_image(const void *image, size_t size)
{
	void *copy = malloc(size ? size : 1);
	struct elfsym *s = NULL;
	struct elfsym_func fn;
	struct buildid id;
	char hex[2 * BUILDID_MAX + 1];
	uint64_t bias;
	int rc;

	assert_non_null(copy);
	memcpy(copy, image, size);
	buildid_of_image(&id, copy, size);
	assert_int_equal(strlen(buildid_hex(&id, hex)), 2 * id.n);
	rc = elfsym_open_image(&s, copy, size, NULL);
	free(copy);
	if (rc < 0)
		return rc;
	for (uint64_t at = 0; at < 0x6000; at += 0x123) {
		if (elfsym_find(s, at, &fn)) {
			assert_true(at - fn.start < fn.size);
			assert_true(strlen(fn.name) > 0);
		}
		elfsym_addr_of_offset(s, at);
		elfsym_bias(s, at, at, true, &bias);
	}
	elfsym_close(s);
	return 0;
}

static struct file *file_with_functions(void)
{
	struct file *f = file_new();

	add(f, "one", STB_LOCAL, STT_FUNC, 0x1000, 0x100);
	add(f, "two", STB_WEAK, STT_FUNC, 0x1010, 0);
	add(f, "three", STB_GLOBAL, STT_FUNC, 0x1080, 0x1000);
	add_dyn(f, "three_and_more", 0x1080, 0x20);
	return f;
}

static void no_cut_breaks_it(void **state)
{
	struct file *f = file_with_functions();
	/* The counters behind the sections are not the file's. */
	size_t end = offsetof(struct file, syms);

	(void)state;
	for (size_t n = 0; n < end; n++)
		assert_int_equal(try_image(f, n), -EINVAL);
	assert_int_equal(try_image(f, end), 0);
	free(f);
}

static void no_flipped_bit_breaks_it(void **state)
{
	struct file *f = file_with_functions();
	uint8_t *byte = (uint8_t *)f;
	int good = 0, bad = 0;

	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(*f); bit++) {
		byte[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (try_image(f, sizeof(*f)) < 0)
			bad++;
		else
			good++;
		byte[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(good > 1000);
	assert_true(bad > 100);
	free(f);
}

/* Every aligned word becomes each of the numbers that break arithmetic. */
static void no_wild_number_breaks_it(void **state)
{
	const uint64_t wild[] = { 0, 1, sizeof(struct file), INT64_MAX,
				  UINT32_MAX, UINT64_MAX, UINT64_MAX - 23,
				  UINT64_MAX - 63, (uint64_t)1 << 63 };
	struct file *f = file_with_functions();
	uint64_t *word = (uint64_t *)f;

	(void)state;
	for (size_t i = 0; i < sizeof(*f) / 8; i++) {
		uint64_t saved = word[i];

		for (size_t k = 0; k < sizeof(wild) / sizeof(wild[0]); k++) {
			word[i] = wild[k];
			try_image(f, sizeof(*f));
		}
		word[i] = saved;
	}
	free(f);
}

static void a_real_file_cut_anywhere_is_survived(void **state)
{
	struct buf b = { 0 };
	char path[] = "/tmp/elfsym-XXXXXX";
	int fd = mkstemp(path);
	struct elfsym *s;
	struct buildid id;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fd_slurp("/proc/self/exe", &b, 1 << 28, NULL), 0);
	assert_int_equal(fd_write_all(fd, b.data, b.len), 0);
	assert_int_equal(elfsym_open(&s, path, NULL), 0);
	elfsym_close(s);
	for (size_t n = b.len; n > 64; n = n * 31 / 32 - 1) {
		assert_int_equal(ftruncate(fd, (off_t)n - 1), 0);
		if (elfsym_open(&s, path, NULL) == 0)
			elfsym_close(s);
		buildid_of_file(&id, path);
		assert_true(id.n <= BUILDID_MAX);
	}
	assert_int_equal(elfsym_open(&s, path, NULL), -EINVAL);
	close(fd);
	unlink(path);
	buf_release(&b);
}

/* Build ids ---------------------------------------------------------------- */

static void the_id_is_the_note_of_its_kind(void **state)
{
	struct file *f = file_new();
	struct buildid id;
	char hex[2 * BUILDID_MAX + 1];

	(void)state;
	buildid_of_image(&id, f, sizeof(*f));
	assert_string_equal(buildid_hex(&id, hex),
			    "808182838485868788898a8b8c8d8e8f90919293");
	f->notes[1].head.n_descsz = BUILDID_MAX + 1;
	buildid_of_image(&id, f, sizeof(*f));
	assert_int_equal(id.n, 0);
	assert_string_equal(buildid_hex(&id, hex), "");
	f->notes[1].head.n_descsz = 3;
	buildid_of_image(&id, f, sizeof(*f));
	assert_string_equal(buildid_hex(&id, hex), "808182");
	memcpy(f->notes[1].name, "Go\0", 4);
	buildid_of_image(&id, f, sizeof(*f));
	assert_int_equal(id.n, 0);
	free(f);
}

static void image_and_file_have_the_same_id(void **state)
{
	struct buf b = { 0 };
	struct buildid of_file, of_image;

	(void)state;
	assert_int_equal(fd_slurp("/proc/self/exe", &b, 1 << 28, NULL), 0);
	buildid_of_file(&of_file, "/proc/self/exe");
	buildid_of_image(&of_image, b.data, b.len);
	assert_true(of_file.n > 0);
	assert_memory_equal(&of_file, &of_image, sizeof(of_file));
	buildid_of_file(&of_file, "/nonexistent");
	assert_int_equal(of_file.n, 0);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_tables_are_one_and_only_functions_count),
		cmocka_unit_test(at_one_address_the_best_name_wins),
		cmocka_unit_test(
			without_a_size_it_ends_at_the_next_or_the_section),
		cmocka_unit_test(a_function_may_lie_inside_another),
		cmocka_unit_test(at_the_end_of_memory_nothing_wraps),
		cmocka_unit_test(offsets_and_mappings_lead_to_addresses),
		cmocka_unit_test(many_are_sorted),
		cmocka_unit_test(this_program_names_its_own_functions),
		cmocka_unit_test(the_vdso_has_its_clock),
		cmocka_unit_test(what_is_no_program_is_refused),
		cmocka_unit_test(no_cut_breaks_it),
		cmocka_unit_test(no_flipped_bit_breaks_it),
		cmocka_unit_test(no_wild_number_breaks_it),
		cmocka_unit_test(a_real_file_cut_anywhere_is_survived),
		cmocka_unit_test(the_id_is_the_note_of_its_kind),
		cmocka_unit_test(image_and_file_have_the_same_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
