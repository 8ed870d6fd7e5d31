#include "agent/say.h"

#include <stdarg.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"

void say(const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list ap;

	buf_put_str(&b, "pgo: agent: ");
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	buf_put_u8(&b, '\n');
	if (!buf_error(&b))
		fd_write_all(STDERR_FILENO, b.data, b.len);
	buf_release(&b);
}
