/* What libc computes, deep in its own stack, and errno over a yield. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

CALLED static uint64_t errno_over_a_yield(int n)
{
	char *end;
	uint64_t sum;

	errno = 0;
	strtol("99999999999999999999", &end, 10);
	sum = (uint64_t)errno;
	errno = 1000 + n;
	pgo_yield();
	return mix(sum, (uint64_t)errno);
}

static uint64_t sum_of(const char *text)
{
	uint64_t sum = strlen(text);

	for (; *text; text++)
		sum = mix(sum, (unsigned char)*text);
	return sum;
}

CALLED static uint64_t heap(size_t n)
{
	unsigned char *p = calloc(1, n), *q;
	uint64_t sum;

	if (!p)
		return 0;
	memset(p, 0x5a, n);
	pgo_yield();
	q = realloc(p, 2 * n);
	sum = q ? mix(q[0], q[n - 1]) : 0;
	free(q ? q : p);
	return sum;
}

uint64_t sum_libc(uint64_t seed)
{
	double x = (double)(seed % 1000) / 7;
	time_t when = (time_t)(seed % 1000000000);
	char text[400], date[40];
	struct tm tm;
	uint64_t sum;

	snprintf(text, sizeof(text), "%.9f %d %s %Lf", x, (int)(seed % 77),
		 "text", (long double)x);
	sum = sum_of(text);
	sum = mix(sum, (uint64_t)(strtod(text, NULL) * 1024));
	gmtime_r(&when, &tm);
	strftime(date, sizeof(date), "%F %T %j", &tm);
	sum = mix(sum, sum_of(date));
	sum = mix(sum, (uint64_t)(pow(x, 1.5) * 64));
	sum = mix(sum, errno_over_a_yield((int)(seed % 100)));
	return mix(sum, heap(100 + seed % 5000));
}
