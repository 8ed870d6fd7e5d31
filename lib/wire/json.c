/*
 * One byte a level says what may come next; values ask it and nothing else.
 *
 * Numbers are written whole: a reader that keeps doubles loses digits beyond
 * 2^53, which is why addresses are strings.
 */
#include "lib/wire/json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum level {
	DOC,            /* one value to come */
	DOC_DONE,
	ARRAY,          /* a value, or the end */
	ARRAY_MORE,     /* the same, after a comma */
	OBJECT,         /* a key, or the end */
	OBJECT_MORE,    /* the same, after a comma */
	MEMBER,         /* the value of a key */
};

void json_init(struct json *j, struct buf *out)
{
	*j = (struct json){ .out = out };
}

static bool refuse(struct json *j)
{
	j->error = -EINVAL;
	return false;
}

/* Before each value: is it one's turn, and what parts it from the last. */
static bool value_begin(struct json *j)
{
	uint8_t *at = &j->level[j->depth];

	if (j->error)
		return false;
	switch (*at) {
	case DOC:
		*at = DOC_DONE;
		return true;
	case ARRAY:
		*at = ARRAY_MORE;
		return true;
	case ARRAY_MORE:
		buf_put_u8(j->out, ',');
		return true;
	case MEMBER:
		*at = OBJECT_MORE;
		return true;
	}
	return refuse(j);
}

static void begin(struct json *j, enum level level, uint8_t bracket)
{
	if (j->depth == JSON_DEPTH_MAX)
		refuse(j);
	if (!value_begin(j))
		return;
	j->level[++j->depth] = level;
	buf_put_u8(j->out, bracket);
}

static void end(struct json *j, enum level level, uint8_t bracket)
{
	uint8_t at = j->level[j->depth];

	if (j->error || (at != level && at != level + 1)) {
		refuse(j);
		return;
	}
	j->depth--;
	buf_put_u8(j->out, bracket);
}

void json_object_begin(struct json *j)
{
	begin(j, OBJECT, '{');
}

void json_object_end(struct json *j)
{
	end(j, OBJECT, '}');
}

void json_array_begin(struct json *j)
{
	begin(j, ARRAY, '[');
}

void json_array_end(struct json *j)
{
	end(j, ARRAY, ']');
}

/* Strings ------------------------------------------------------------------ */

/* The bytes of the UTF-8 character at S, 0 when it is none: too long a form,
 * a surrogate or beyond U+10FFFF included. */
static size_t utf8_bytes(const uint8_t *s, size_t n)
{
	size_t bytes = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 :
		       s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

	if (bytes > n)
		return 0;
	for (size_t i = 1; i < bytes; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return bytes;
}

/* What must not stand for itself. */
static void escape(struct buf *b, uint8_t c)
{
	switch (c) {
	case '"':
	case '\\':
		buf_put_u8(b, '\\');
		buf_put_u8(b, c);
		return;
	case '\n':
		buf_put_str(b, "\\n");
		return;
	case '\t':
		buf_put_str(b, "\\t");
		return;
	}
	buf_printf(b, "\\u%04x", c);
}

static bool plain(uint8_t c)
{
	return c >= ' ' && c != '"' && c != '\\' && c != 0x7f;
}

static void quoted(struct buf *b, const char *text, size_t n)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t bytes;

	buf_put_u8(b, '"');
	for (size_t i = 0; i < n; i += bytes) {
		bytes = utf8_bytes(s + i, n - i);
		if (bytes == 0) {
			buf_put_str(b, "\xef\xbf\xbd");
			bytes = 1;
		} else if (bytes > 1 || plain(s[i])) {
			buf_put(b, s + i, bytes);
		} else {
			escape(b, s[i]);
		}
	}
	buf_put_u8(b, '"');
}

void json_key(struct json *j, const char *key)
{
	uint8_t *at = &j->level[j->depth];

	if (j->error || (*at != OBJECT && *at != OBJECT_MORE)) {
		refuse(j);
		return;
	}
	if (*at == OBJECT_MORE)
		buf_put_u8(j->out, ',');
	*at = MEMBER;
	quoted(j->out, key, strlen(key));
	buf_put_u8(j->out, ':');
}

void json_str_n(struct json *j, const char *s, size_t n)
{
	if (value_begin(j))
		quoted(j->out, s, n);
}

void json_str(struct json *j, const char *s)
{
	if (s)
		json_str_n(j, s, strlen(s));
	else
		json_nil(j);
}

/* Other values ------------------------------------------------------------- */

void json_int(struct json *j, int64_t v)
{
	if (value_begin(j))
		buf_printf(j->out, "%" PRId64, v);
}

void json_uint(struct json *j, uint64_t v)
{
	if (value_begin(j))
		buf_printf(j->out, "%" PRIu64, v);
}

void json_hex(struct json *j, uint64_t v)
{
	if (value_begin(j))
		buf_printf(j->out, "\"0x%" PRIx64 "\"", v);
}

void json_bool(struct json *j, bool v)
{
	if (value_begin(j))
		buf_put_str(j->out, v ? "true" : "false");
}

void json_nil(struct json *j)
{
	if (value_begin(j))
		buf_put_str(j->out, "null");
}

int json_finish(const struct json *j)
{
	if (j->error || j->level[0] != DOC_DONE || j->depth != 0)
		return -EINVAL;
	return buf_error(j->out);
}
