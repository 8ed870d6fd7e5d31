#include "pgo-top/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/snapshot/snapshot.h"

/* 1234567 as "1,234,567". */
static void with_commas(char out[FORMAT_BYTES], int64_t v)
{
	char digits[FORMAT_BYTES];
	int n = snprintf(digits, sizeof(digits), "%" PRId64, v), put = 0;

	for (int i = 0; i < n; i++) {
		out[put++] = digits[i];
		if ((n - 1 - i) % 3 == 0 && i < n - 1)
			out[put++] = ',';
	}
	out[put] = 0;
}

/* V over BASE, once or more, with the letter that says how often. */
static void scaled(char out[FORMAT_BYTES], int64_t v, double base,
		   const char *letters)
{
	double d = (double)v;

	while (d >= base * 0.9995 && letters[1]) {
		d /= base;
		letters++;
	}
	if (*letters == ' ')
		snprintf(out, FORMAT_BYTES, "%" PRId64, v);
	else if (d < 99.95)
		snprintf(out, FORMAT_BYTES, "%.1f%c", d, *letters);
	else
		snprintf(out, FORMAT_BYTES, "%.0f%c", d, *letters);
}

static void count(char out[FORMAT_BYTES], int64_t v, unsigned int width)
{
	with_commas(out, v);
	if (strlen(out) > width)
		scaled(out, v, 1000, " kMGTPE");
}

static void time_ns(char out[FORMAT_BYTES], int64_t ns)
{
	int64_t us = ns / 1000, ms = us / 1000, s = ms / 1000;

	if (us < 1000)
		snprintf(out, FORMAT_BYTES, "%" PRId64 "us", us);
	else if (ms < 10)
		snprintf(out, FORMAT_BYTES, "%.1fms", (double)us / 1e3);
	else if (ms < 1000)
		snprintf(out, FORMAT_BYTES, "%" PRId64 "ms", ms);
	else if (s < 60)
		snprintf(out, FORMAT_BYTES, "%" PRId64 ".%" PRId64 "s", s,
			 ms % 1000 / 100);
	else if (s < 3600)
		snprintf(out, FORMAT_BYTES, "%" PRId64 "m%02" PRId64 "s",
			 s / 60, s % 60);
	else if (s < 86400)
		snprintf(out, FORMAT_BYTES, "%" PRId64 "h%02" PRId64 "m",
			 s / 3600, s / 60 % 60);
	else
		snprintf(out, FORMAT_BYTES, "%" PRId64 "d%02" PRId64 "h",
			 s / 86400, s / 3600 % 24);
}

static void milli(char out[FORMAT_BYTES], int64_t v)
{
	int64_t whole = v / 1000, tenth = llabs(v % 1000) / 100;

	if (whole == 0 && tenth)
		snprintf(out, FORMAT_BYTES, "%c0.%" PRId64, v < 0 ? '-' : '+',
			 tenth);
	else if (whole == 0)
		snprintf(out, FORMAT_BYTES, "0");
	else if (llabs(whole) < 100000)
		snprintf(out, FORMAT_BYTES, "%+" PRId64, whole);
	else
		snprintf(out, FORMAT_BYTES, "%+.0fk", (double)whole / 1e3);
}

void format_number(char out[FORMAT_BYTES], int64_t v, enum unit unit,
		   unsigned int width)
{
	if (unit == UNIT_MILLI)
		milli(out, v);
	else if (v == SNAP_UNKNOWN)
		snprintf(out, FORMAT_BYTES, "-");
	else if (unit == UNIT_NS)
		time_ns(out, v);
	else if (unit == UNIT_BYTES)
		scaled(out, v, 1024, " KMGTPE");
	else if (unit == UNIT_COUNT)
		count(out, v, width);
	else
		snprintf(out, FORMAT_BYTES, "%" PRId64, v);
}
