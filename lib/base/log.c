/* A message may hold names out of another process, so all of it goes through
 * safe_text().  One write(2): lines of two threads do not mix. */
#include "lib/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/safe_text.h"

#define LINE_BYTES 2048

static const char *prefix = "pgo";      /* log_begin() only */

void log_begin(const char *tool)
{
	prefix = tool;
}

void log_error(const char *fmt, ...)
{
	char text[LINE_BYTES], line[LINE_BYTES];
	int saved = errno;
	va_list args;
	size_t n;

	snprintf(text, sizeof(text), "%s: ", prefix);
	n = strlen(text);
	va_start(args, fmt);
	vsnprintf(text + n, sizeof(text) - n, fmt, args);
	va_end(args);
	/* A byte is kept for the newline. */
	n = safe_text(line, sizeof(line) - 1, text, strlen(text));
	line[n++] = '\n';
	/* With stderr gone there is nobody left to tell. */
	(void)fd_write_all(STDERR_FILENO, line, n);
	errno = saved;
}

int log_flush_stdout(int status)
{
	if (fflush(stdout) == 0) {
		if (!ferror(stdout))
			return status;
		/* Lost earlier, and nobody kept why. */
		errno = EIO;
	}
	log_error("stdout: %s", strerror(errno));
	return 1;
}
