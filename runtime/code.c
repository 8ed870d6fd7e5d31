/*
 * A function that pgo-cc has compiled with gcc looks at the stack limit, and
 * nothing else does: not libc, no plain object, no library of others.  So the
 * look tells the program's own code, in which nothing holds a lock of libc's.
 *
 * clang writes none.  Where the link says that unchecked code runs on
 * goroutines, all of the program's file is taken for it; not in a static
 * program, for its file has libc too.
 *
 * The address of a thread-local is another thread's after a move.  So a
 * function that reaches for one is left alone, from its first instruction to
 * its last.  Words that are the same in every thread do not count.  A library
 * that has some may ask for their address by a mere call: all of it is left
 * alone.
 *
 * Read each time, some ns an instruction: nobody asks more often than every
 * 100 us a thread, and that for long only of code that stays where it is left
 * alone.  Not chosen: a list made at the link, which would have to
 * survive LTO, archives and libraries.
 */
#include "runtime/code.h"

#include <sys/auxv.h>

#include "lib/sample/insn.h"
#include "runtime/amd64/offsets.h"
#include "runtime/names.h"
#include "runtime/stackmode.h"
#include "runtime/stackwalk.h"

enum { TCB_STACK_PROTECTOR = 0x28 };

/* Constant after code_setup(). */
static bool all_of_program;

void code_setup(void)
{
	all_of_program = stackmode_is_unsplit() && getauxval(AT_BASE);
}

static bool is_look_at_limit(const struct insn *in)
{
	return in->fs && in->absolute && in->disp == TCB_LIMIT;
}

static bool is_thread_local(const struct insn *in)
{
	return in->tls_call || in->base ||
	       (in->fs && !(in->absolute && (in->disp == TCB_LIMIT ||
					     in->disp == TCB_STACK_PROTECTOR)));
}

bool code_may_move(uintptr_t pc)
{
	uintptr_t at, high;
	bool looks = all_of_program && stackwalk_is_ours(pc);
	struct insn in;

	if (names_is_runtime(pc) || stackwalk_has_thread_locals(pc) ||
	    !stackwalk_extent(pc, &at, &high))
		return false;
	for (; at < high; at += in.bytes) {
		if (!insn_read((const uint8_t *)at, high - at, &in) ||
		    is_thread_local(&in))
			return false;
		looks |= is_look_at_limit(&in);
	}
	return looks;
}
