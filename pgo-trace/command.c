#include "pgo-trace/command.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/log.h"

int command_help(const struct command *c)
{
	fputs(c->usage, stdout);
	return EXIT_DONE;
}

int command_misused(const struct command *c, const char *fmt, ...)
{
	char text[300];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	log_error("%s: %s (see pgo-trace %s --help)", c->name, text, c->name);
	return EXIT_USAGE;
}
