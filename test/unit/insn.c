/* Lengths of instructions, and which reach for thread-locals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/sample/insn.h"

#define BYTES(s) (const uint8_t *)(s), sizeof(s) - 1

static const struct {
	const char *text;
	const uint8_t *bytes;
	size_t n;
} plain[] = {
	{ "ret", BYTES("\xc3") },
	{ "endbr64", BYTES("\xf3\x0f\x1e\xfa") },
	{ "push %r12", BYTES("\x41\x54") },
	{ "mov $1,%ax", BYTES("\x66\xb8\x01\x00") },
	{ "mov $1,%eax", BYTES("\xb8\x01\x00\x00\x00") },
	{ "movabs $1,%rax", BYTES("\x48\xb8\x01\0\0\0\0\0\0\0") },
	{ "movabs 1,%al", BYTES("\xa0\x01\0\0\0\0\0\0\0") },
	{ "mov $-1,%rax", BYTES("\x48\xc7\xc0\xff\xff\xff\xff") },
	{ "movw $1,2(%rax)", BYTES("\x66\xc7\x40\x02\x01\x00") },
	{ "add $1000,%ax", BYTES("\x66\x05\xe8\x03") },
	{ "lea (%rsp),%rax", BYTES("\x48\x8d\x04\x24") },
	{ "mov 8(%rsp),%rax", BYTES("\x48\x8b\x44\x24\x08") },
	{ "mov 1(,%rax,8),%rax", BYTES("\x48\x8b\x04\xc5\x01\0\0\0") },
	{ "mov 1(%rip),%rax", BYTES("\x48\x8b\x05\x01\0\0\0") },
	{ "mov 0x400(%rbx),%rax", BYTES("\x48\x8b\x83\0\x04\0\0") },
	{ "cmpb $100,(%rax)", BYTES("\x80\x38\x64") },
	{ "testb $1,(%rax)", BYTES("\xf6\x00\x01") },
	{ "test $1,%eax", BYTES("\xf7\xc0\x01\x00\x00\x00") },
	{ "negq (%rax)", BYTES("\x48\xf7\x18") },
	{ "imul $100,%rax,%rax", BYTES("\x48\x6b\xc0\x64") },
	{ "enter $8,$0", BYTES("\xc8\x08\x00\x00") },
	{ "jne far", BYTES("\x0f\x85\x01\x02\x03\x04") },
	{ "call", BYTES("\xe8\x01\x02\x03\x04") },
	{ "lock cmpxchg16b", BYTES("\xf0\x48\x0f\xc7\x0f") },
	{ "long nop", BYTES("\x66\x2e\x0f\x1f\x84\0\0\0\0\0") },
	{ "pshufd $1", BYTES("\x66\x0f\x70\xc1\x01") },
	{ "pshufb", BYTES("\x66\x0f\x38\x00\xc1") },
	{ "palignr $8", BYTES("\x66\x0f\x3a\x0f\xc1\x08") },
	{ "vzeroupper", BYTES("\xc5\xf8\x77") },
	{ "vmovaps", BYTES("\xc5\xfc\x28\xc1") },
	{ "vfmadd", BYTES("\xc4\xe2\xf5\xb8\xc2") },
	{ "vperm2f128 $1", BYTES("\xc4\xe3\x75\x06\xc2\x01") },
	{ "vmovups zmm", BYTES("\x62\xf1\x7c\x48\x10\x44\x24\x01") },
	{ "vpternlogq $1", BYTES("\x62\xf3\xf5\x48\x25\xc2\x01") },
	{ "fldt 16(%rax)", BYTES("\xdb\x68\x10") },
	{ "lfence", BYTES("\x0f\xae\xe8") },
	{ "incsspq %rax", BYTES("\xf3\x48\x0f\xae\xe8") },
	{ "stmxcsr (%rcx)", BYTES("\x0f\xae\x19") },
	{ "xbegin", BYTES("\xc7\xf8\x01\x02\x03\x04") },
	{ "data16 mov %gs:8", BYTES("\x65\x48\x8b\x04\x25\x08\0\0\0") },
};

static void an_instruction_is_as_long_as_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		struct insn in;

		if (!insn_read(plain[i].bytes, plain[i].n, &in) ||
		    in.bytes != plain[i].n)
			fail_msg("%s: %zu bytes, not %zu", plain[i].text,
				 plain[i].n, in.bytes);
		if (in.fs || in.base || in.tls_call)
			fail_msg("%s: touches no thread-local", plain[i].text);
		if (insn_read(plain[i].bytes, plain[i].n - 1, &in))
			fail_msg("%s: was cut off", plain[i].text);
	}
}

static struct insn read_of(const uint8_t *bytes, size_t n)
{
	struct insn in;

	assert_true(insn_read(bytes, n, &in));
	assert_int_equal(in.bytes, n);
	return in;
}

static void what_belongs_to_the_thread_is_told(void **state)
{
	struct insn in;

	(void)state;
	/* cmp %fs:0x70,%rsp */
	in = read_of(BYTES("\x64\x48\x3b\x24\x25\x70\0\0\0"));
	assert_true(in.fs && in.absolute);
	assert_int_equal(in.disp, 0x70);
	/* mov %fs:0xfffffffffffffffc,%eax */
	in = read_of(BYTES("\x64\x8b\x04\x25\xfc\xff\xff\xff"));
	assert_true(in.fs && in.absolute);
	assert_int_equal(in.disp, -4);
	/* mov %fs:0x70(,%rax,4),%eax and mov %fs:(%rax),%eax */
	in = read_of(BYTES("\x64\x8b\x04\x85\x70\0\0\0"));
	assert_true(in.fs && !in.absolute);
	in = read_of(BYTES("\x64\x8b\x00"));
	assert_true(in.fs && !in.absolute);
	/* rdfsbase %rax and wrgsbase %ecx */
	in = read_of(BYTES("\xf3\x48\x0f\xae\xc0"));
	assert_true(in.base);
	in = read_of(BYTES("\xf3\x0f\xae\xd9"));
	assert_true(in.base);
	/* data16 data16 rex.W call __tls_get_addr */
	in = read_of(BYTES("\x66\x66\x48\xe8\0\0\0\0"));
	assert_true(in.tls_call);
	/* data16 rex.W call *__tls_get_addr@GOTPCREL(%rip) */
	in = read_of(BYTES("\x66\x48\xff\x15\0\0\0\0"));
	assert_true(in.tls_call);
}

static void what_is_no_instruction_is_not_read(void **state)
{
	static const uint8_t none[][2] = {
		{ 0x06, 0 }, { 0x0f, 0x04 }, { 0x82, 0 }, { 0xea, 0 },
	};
	static const uint8_t prefixes[16] = "ffffffffffffffff";
	struct insn in;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(insn_read(none[i], sizeof(none[i]), &in));
	assert_false(insn_read(prefixes, sizeof(prefixes), &in));
	assert_false(insn_read(prefixes, 0, &in));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instruction_is_as_long_as_it_is),
		cmocka_unit_test(what_belongs_to_the_thread_is_told),
		cmocka_unit_test(what_is_no_instruction_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
