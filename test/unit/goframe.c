/* lib/snapshot/goframe: what Go's own tracebacks show. */
#include "lib/snapshot/goframe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void frames_are_hidden_as_go_hides_them(void **state)
{
	static const struct {
		const char *func, *file;
		bool leaf, shown;
	} cases[] = {
		{ "main.main", "/m.go", true, true },
		{ "main.(*T).f", "/m.go", false, true },
		{ "internal/runtime/syscall.Syscall6", "/s.s", true, true },
		{ "runtime.gopark", "/proc.go", true, false },
		{ "runtime.Gosched", "/proc.go", true, true },
		{ "runtime.(*Func).Entry", "/symtab.go", false, true },
		{ "runtime.Frames.Next", "/symtab.go", false, true },
		{ "runtime.(*Func).entry", "/symtab.go", false, false },
		{ "runtime.(*timer).Stop", "/time.go", false, false },
		{ "runtime.", "/x.go", false, false },
		{ "runtime.gopanic", "/panic.go", false, true },
		{ "runtime.gopanic", "/panic.go", true, false },
		{ "runtime.runFinalizers", "/mfinal.go", false, true },
		{ "_rt0_amd64_linux", "/rt0.s", false, false },
		{ "poll_wait", "", true, true },
		{ "", "", true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (goframe_is_shown(cases[i].func, cases[i].file,
				     cases[i].leaf) != cases[i].shown)
			fail_msg("%s is %s", cases[i].func,
				 cases[i].shown ? "hidden" : "shown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_hidden_as_go_hides_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
