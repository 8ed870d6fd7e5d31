/* Of itself: locks need it, and they are in programs without goroutines too. */
#include "runtime/forked.h"

#include <unistd.h>

#include "runtime/sys.h"

bool is_forked;

/* No dump: names and goroutines are behind locks that others may have held. */
void forked_die(void)
{
	static const char text[] =
		"fatal error: pgo used in a child of fork(), where no "
		"goroutine runs (exec or _exit there, use posix_spawn(), or "
		"fork before pgo starts)\n";

	sys_write(STDERR_FILENO, text, sizeof(text) - 1);
	sys_exit_group(2);
}
