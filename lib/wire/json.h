/*
 * JSON, written as a stream.
 *
 * Commas and colons come by themselves.  A call that would make no JSON (a
 * value without its key, an end without its begin, a level too many) is an
 * error that sticks, and json_finish() tells.
 *
 * No name here is one of jansson, which may be linked into the same program.
 */
#ifndef LIB_WIRE_JSON_H
#define LIB_WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

#define JSON_DEPTH_MAX 32

struct json {
	struct buf *out;
	int error;                      /* 0 or -EINVAL */
	unsigned int depth;             /* levels open */
	uint8_t level[JSON_DEPTH_MAX + 1];      /* what each of them is at */
};

/* The document goes to OUT, which the caller owns.  [any but g: allocate] */
void json_init(struct json *j, struct buf *out);

void json_object_begin(struct json *j);
void json_object_end(struct json *j);
void json_array_begin(struct json *j);
void json_array_end(struct json *j);

/* Of the next value, which must be one of an object. */
void json_key(struct json *j, const char *key);

/* Bytes that are no UTF-8 become U+FFFD; a string of NULL is null. */
void json_str(struct json *j, const char *s);
void json_str_n(struct json *j, const char *s, size_t n);
void json_int(struct json *j, int64_t v);
void json_uint(struct json *j, uint64_t v);
void json_hex(struct json *j, uint64_t v);      /* "0x1d", a string */
void json_bool(struct json *j, bool v);
void json_nil(struct json *j);

/* 0; -EINVAL when the calls made no document, or what OUT says. */
int json_finish(const struct json *j);

#endif
