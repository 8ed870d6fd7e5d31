/*
 * Words for errors.
 *
 * strerrordesc_np() gives constant text: strerror() may load a translation
 * and allocate.
 */
#include "lib/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Appends to the text of E what fits. */
static void append(struct err *e, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
static void append(struct err *e, const char *fmt, va_list ap)
{
	size_t len = strlen(e->text);

	vsnprintf(e->text + len, sizeof(e->text) - len, fmt, ap);
}

static void append_text(struct err *e, const char *text)
{
	size_t len = strlen(e->text);

	snprintf(e->text + len, sizeof(e->text) - len, "%s", text);
}

int err_set(struct err *e, int rc, const char *fmt, ...)
{
	const char *meaning;
	va_list ap;

	if (!e)
		return rc;
	e->code = rc;
	e->text[0] = '\0';
	va_start(ap, fmt);
	append(e, fmt, ap);
	va_end(ap);
	meaning = strerrordesc_np(-rc);
	append_text(e, ": ");
	append_text(e, meaning ? meaning : "Unknown error");
	return rc;
}

int err_say(struct err *e, int rc, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return rc;
	e->code = rc;
	e->text[0] = '\0';
	va_start(ap, fmt);
	append(e, fmt, ap);
	va_end(ap);
	return rc;
}

int err_way_out(struct err *e, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return 0;
	append_text(e, " (");
	va_start(ap, fmt);
	append(e, fmt, ap);
	va_end(ap);
	append_text(e, ")");
	return e->code;
}

int err_of(struct err *e, const char *fmt, ...)
{
	struct err old;
	va_list ap;

	if (!e)
		return 0;
	old = *e;
	e->text[0] = '\0';
	va_start(ap, fmt);
	append(e, fmt, ap);
	va_end(ap);
	append_text(e, ": ");
	append_text(e, old.text);
	return e->code;
}

void err_named(struct err *e, const char *thing)
{
	size_t n = strlen(thing);

	if (e && (strncmp(e->text, thing, n) || e->text[n] != ':'))
		err_of(e, "%s", thing);
}
