/* lib/target/go/coderefs.c: instructions that refer to variables, as Go's
 * compiler writes them. */
#include "lib/target/go/coderefs.h"

#include "test/unit/cmocka_all.h"

#define CODE UINT64_C(0x401000)
#define LO UINT64_C(0x500000)
#define HI UINT64_C(0x600000)

enum { MAX = 8 };

/* DISP32 for the variable at LO + 0x10 from an instruction of N bytes. */
#define TO(n) DISP(0x500010 - 0x401000 - (n))
#define DISP(d) (d) & 255, (d) >> 8 & 255, (d) >> 16 & 255, (d) >> 24

static void every_form_leads_to_its_variable(void **state)
{
	static const struct {
		const char *what;
		uint8_t n;
		uint8_t code[16];
	} forms[] = {
		{ "mov x(rip), %rax", 7, { 0x48, 0x8b, 0x05, TO(7) } },
		{ "mov %r9, x(rip)", 7, { 0x4c, 0x89, 0x0d, TO(7) } },
		{ "lea x(rip), %rbx", 7, { 0x48, 0x8d, 0x1d, TO(7) } },
		{ "mov x(rip), %ecx", 7, { 0x90, 0x8b, 0x0d, TO(7) } },
		{ "cmpl $1, x(rip)", 8, { 0x90, 0x83, 0x3d, TO(8), 1 } },
		{ "cmpb $0, x(rip)", 8, { 0x90, 0x80, 0x3d, TO(8), 0 } },
		{ "movl $7, x(rip)", 11,
		  { 0x90, 0xc7, 0x05, TO(11), 7, 0, 0, 0 } },
		{ "movq $0, x(rip)", 11,
		  { 0x48, 0xc7, 0x05, TO(11), 0, 0, 0, 0 } },
		{ "testb $1, x(rip)", 8, { 0x90, 0xf6, 0x05, TO(8), 1 } },
		{ "lock xadd %eax, x(rip)", 8,
		  { 0xf0, 0x0f, 0xc1, 0x05, TO(8) } },
		{ "btl $3, x(rip)", 8, { 0x0f, 0xba, 0x25, TO(8), 3 } },
		{ "incl x(rip)", 7, { 0x90, 0xff, 0x05, TO(7) } },
	};
	uint64_t out[MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		size_t n = coderefs(forms[i].code, forms[i].n, CODE, LO, HI,
				    out, MAX);

		if (n != 1 || out[0] != LO + 0x10)
			fail_msg("%s: %zu, first 0x%llx", forms[i].what, n,
				 (unsigned long long)(n ? out[0] : 0));
	}
}

static void a_variable_is_told_once_and_others_not_at_all(void **state)
{
	static const uint8_t code[] = {
		0x48, 0x8b, 0x05, TO(7),
		0x48, 0x89, 0x05, TO(14),
		0x48, 0x8b, 0x05, DISP(0x700000 - 0x401000 - 21),
		0x48, 0x8b, 0x05, 1, 2,
	};
	uint64_t out[MAX];

	(void)state;
	assert_int_equal(coderefs(code, sizeof(code), CODE, LO, HI, out, MAX),
			 1);
	assert_int_equal(out[0], LO + 0x10);
	assert_int_equal(coderefs(code, sizeof(code), CODE, 0, UINT64_MAX, out,
				  2), 2);
	assert_int_equal(coderefs(code, 3, CODE, 0, UINT64_MAX, out, MAX), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_leads_to_its_variable),
		cmocka_unit_test(
			a_variable_is_told_once_and_others_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
