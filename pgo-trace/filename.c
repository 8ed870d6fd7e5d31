#include "pgo-trace/filename.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void name_program(char *out, size_t bytes, const char *exe,
			 const char *host)
{
	const char *base = strrchr(exe, '/');
	size_t n = 0;

	base = base ? base + 1 : exe;
	if (!*base)
		base = *host ? host : "target";
	/* A program that was replaced is "x (deleted)". */
	for (; base[n] && base[n] != ' ' && n + 1 < bytes; n++)
		out[n] = isalnum((unsigned char)base[n]) ||
			 (n && strchr("._-+", base[n])) ? base[n] : '_';
	out[n] = '\0';
}

void filename_make(char *out, size_t bytes, const char *exe, const char *host,
		   pid_t pid, const char *what, const char *suffix)
{
	char program[80], number[16] = "", when[32] = "";
	time_t now = time(NULL);
	struct tm tm;

	name_program(program, sizeof(program), exe, host);
	if (pid)
		snprintf(number, sizeof(number), "-%d", (int)pid);
	if (localtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y%m%dT%H%M%S", &tm);
	snprintf(out, bytes, "%s%s-%s-%s.%s", program, number, what, when,
		 suffix);
}
