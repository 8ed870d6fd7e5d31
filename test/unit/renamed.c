/* Copies of objects with their undefined symbols renamed. */
#include "cmocka_all.h"

#include <elf.h>
#include <string.h>

#include "runtime/cc/mem.h"
#include "runtime/cc/renamed.h"
#include "runtime/cc/thunk.h"

/* What the build tools take they keep until they exit. */
__attribute__((visibility("default")))
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* Defines __wrap_puts, refers to __real_puts and pgo_thunk_regs. */
static struct bytes an_object(void)
{
	struct thunk t = { .name = "puts", .real = "puts" };
	struct bytes b = { 0 };

	thunk_object(&b, &t, 1);
	return b;
}

/* The INDEXth symbol's name. */
static const char *name_of(const struct bytes *b, size_t index)
{
	const Elf64_Ehdr *eh = (const void *)b->p;
	const Elf64_Shdr *sh = (const void *)(b->p + eh->e_shoff);
	const Elf64_Sym *sym;

	while (sh->sh_type != SHT_SYMTAB)
		sh++;
	sym = (const Elf64_Sym *)(b->p + sh->sh_offset) + index;
	sh = (const Elf64_Shdr *)(b->p + eh->e_shoff) + sh->sh_link;
	return (const char *)b->p + sh->sh_offset + sym->st_name;
}

static size_t index_of(const struct bytes *b, const char *name)
{
	size_t i = 1;

	while (strcmp(name_of(b, i), name))
		i++;
	return i;
}

static void references_are_renamed_and_definitions_are_not(void **state)
{
	struct bytes in = an_object(), out = { 0 };
	size_t real = index_of(&in, "__real_puts");
	struct names wraps = { 0 };

	(void)state;
	names_get(&wraps, "__real_puts");
	names_get(&wraps, "__wrap_puts");
	bytes_add(&out, "before", 6);
	bytes_pad(&out, 8, 0);
	assert_int_equal(renamed_object(&out, in.p, in.n, &wraps), 0);
	out.p += 8;
	assert_string_equal(name_of(&out, real), "__wrap___real_puts");
	assert_int_equal(index_of(&out, "__wrap_puts"),
			 index_of(&in, "__wrap_puts"));
	assert_int_equal(index_of(&out, "pgo_thunk_regs"),
			 index_of(&in, "pgo_thunk_regs"));
}

static void an_object_cut_short_is_refused(void **state)
{
	struct bytes in = an_object(), out = { 0 };
	struct names wraps = { 0 };
	size_t n;

	(void)state;
	names_get(&wraps, "__real_puts");
	for (n = 0; n < in.n; n++) {
		unsigned char *cut = mem_get(n + 1);

		memcpy(cut, in.p, n);
		assert_int_equal(renamed_object(&out, cut, n, &wraps), -1);
		assert_int_equal(out.n, 0);
	}
}

static void no_changed_word_leads_outside(void **state)
{
	struct bytes in = an_object(), out = { 0 };
	struct names wraps = { 0 };
	size_t at;

	(void)state;
	names_get(&wraps, "__real_puts");
	for (at = 0; at + 8 <= in.n; at += 4) {
		uint64_t old, bad = 0x7fffffffffffffff;

		memcpy(&old, in.p + at, 8);
		memcpy(in.p + at, &bad, 8);
		renamed_object(&out, in.p, in.n, &wraps);
		memcpy(in.p + at, &old, 8);
		out.n = 0;
	}
	assert_int_equal(renamed_object(&out, in.p, in.n, &wraps), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			references_are_renamed_and_definitions_are_not),
		cmocka_unit_test(an_object_cut_short_is_refused),
		cmocka_unit_test(no_changed_word_leads_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
