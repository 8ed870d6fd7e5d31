/* One table of units.  A kind's default comes into play below its smallest. */
#include "pgo-trace/units.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	double factor;
	const char *alias[4];
};

struct kind {
	struct unit units[10];
	struct unit smallest;
};

static const struct kind kinds[] = {
	{ { { "B", 1, { "b", "byte" } },
	    { "kB", 0x1p10, { "kb", "kbyte", "kilobyte" } },
	    { "MB", 0x1p20, { "mb", "mbyte", "megabyte" } },
	    { "GB", 0x1p30, { "gb", "gbyte", "gigabyte" } },
	    { "TB", 0x1p40, { "tb", "tbyte", "terabyte" } },
	    { "PB", 0x1p50, { "pb", "pbyte", "petabyte" } } },
	  { .name = "B", .factor = 1 } },
	{ { { "ns", 1, { "ns", "nanosecond" } },
	    { "us", 1e3, { "us", "\u03bcs", "microsecond" } },
	    { "ms", 1e6, { "ms", "millisecond" } },
	    { "s", 1e9, { "s", "sec", "second" } },
	    { "hrs", 3600e9, { "hour", "hr" } } },
	  { .name = "s", .factor = 1e9 } },
	{ { { "n*GCU", 1e-9, { "nanogcu" } },
	    { "u*GCU", 1e-6, { "microgcu" } },
	    { "m*GCU", 1e-3, { "milligcu" } },
	    { "GCU", 1, { "gcu" } },
	    { "k*GCU", 1e3, { "kilogcu" } },
	    { "M*GCU", 1e6, { "megagcu" } },
	    { "G*GCU", 1e9, { "gigagcu" } },
	    { "T*GCU", 1e12, { "teragcu" } },
	    { "P*GCU", 1e15, { "petagcu" } } },
	  { .name = "GCU", .factor = 1 } },
};

enum {
	KINDS = sizeof(kinds) / sizeof(*kinds),
	UNITS = sizeof(kinds->units) / sizeof(*kinds->units),
	ALIASES = sizeof(kinds->units->alias) / sizeof(char *),
};

static bool is_called(const struct unit *u, const char *name)
{
	for (size_t i = 0; i < ALIASES && u->alias[i]; i++)
		if (!strcmp(u->alias[i], name))
			return true;
	return false;
}

/* The unit of K called NAME, in any case, singular or plural; or NULL. */
static const struct unit *find(const struct kind *k, const char *name)
{
	char lower[32];
	size_t n = strlen(name);

	if (n >= sizeof(lower))
		return NULL;
	for (size_t i = 0; i <= n; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	if (n > 2 && lower[n - 1] == 's')
		lower[n - 1] = '\0';
	for (size_t i = 0; i < UNITS && k->units[i].name; i++)
		if (is_called(&k->units[i], lower))
			return &k->units[i];
	return NULL;
}

/* The largest unit of which V is one or more, else the default. */
static const struct unit *fitting(const struct kind *k, double v)
{
	const struct unit *best = &k->smallest;
	double factor = 0;

	for (size_t i = 0; i < UNITS && k->units[i].name; i++) {
		const struct unit *u = &k->units[i];

		if (u->factor >= factor && v / u->factor >= 1) {
			factor = u->factor;
			best = u;
		}
	}
	return best;
}

static bool is_any(const char *to)
{
	return !strcmp(to, "minimum") || !strcmp(to, "auto");
}

static bool is_count(const char *to)
{
	return is_any(to) || !strcmp(to, "count") || !strcmp(to, "sample") ||
	       !strcmp(to, "unit");
}

const char *unit_scale(int64_t v, const char *from, const char *to, double *out)
{
	const struct unit *f, *t;
	double scaled;

	for (size_t i = 0; i < KINDS; i++) {
		f = find(&kinds[i], from);
		if (!f)
			continue;
		scaled = fabs((double)v) * f->factor;
		t = is_any(to) ? fitting(&kinds[i], scaled) :
		    find(&kinds[i], to);
		if (!t)
			t = &kinds[i].smallest;
		*out = copysign(scaled / t->factor, (double)v);
		return t->name;
	}
	*out = (double)v;
	return is_count(to) ? "" : to;
}

const char *unit_label(char *out, size_t bytes, int64_t v, const char *from,
		       const char *to)
{
	double scaled;
	const char *unit = unit_scale(v, from, to, &scaled);
	char digits[352];
	size_t n = (size_t)snprintf(digits, sizeof(digits), "%.2f", scaled);

	if (n > 3 && !strcmp(digits + n - 3, ".00"))
		digits[n - 3] = '\0';
	if (!strcmp(digits, "0") || !strcmp(digits, "-0"))
		snprintf(out, bytes, "0");
	else
		snprintf(out, bytes, "%s%s", digits, unit);
	return out;
}

const char *unit_percent(char *out, size_t bytes, int64_t v, int64_t total)
{
	double percent = total ? fabs((double)v / (double)total) * 100 : 0;

	if (percent >= 99.95 && percent <= 100.05)
		snprintf(out, bytes, "  100%%");
	else if (percent >= 1)
		snprintf(out, bytes, "%5.2f%%", percent);
	else
		snprintf(out, bytes, "%5.2g%%", percent);
	return out;
}
