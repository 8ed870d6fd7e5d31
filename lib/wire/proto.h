/*
 * Protocol buffers: the wire format, without schemas.
 *
 * Written over a struct buf, whose error sticks; a nested message is built in
 * a buffer of its own and put when its length is known.  Read field by field
 * from memory that may hold anything.
 */
#ifndef LIB_WIRE_PROTO_H
#define LIB_WIRE_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

enum proto_type {
	PROTO_VARINT = 0,
	PROTO_FIXED64 = 1,
	PROTO_BYTES = 2,
	PROTO_FIXED32 = 5,
};

/* [any but g: allocate] */
void proto_tag(struct buf *b, uint32_t field, enum proto_type type);

/* A field with its tag, written even when zero. */
void proto_uint(struct buf *b, uint32_t field, uint64_t v);
void proto_bytes(struct buf *b, uint32_t field, const void *p, size_t n);

/* The same, left out when zero, as proto3 does. */
void proto_uint_nonzero(struct buf *b, uint32_t field, uint64_t v);

/* A repeated integer field, packed; nothing when N is 0. */
void proto_packed(struct buf *b, uint32_t field, const uint64_t *v, size_t n);

/* What M holds becomes a message field of B, and M empty.  M's error becomes
 * B's. */
void proto_message(struct buf *b, uint32_t field, struct buf *m);

/* Bytes still to be read. */
struct proto_in {
	const uint8_t *at, *end;
};

struct proto_field {
	uint32_t number;
	enum proto_type type;
	uint64_t value;                 /* of numbers */
	struct proto_in bytes;          /* of PROTO_BYTES; within the input */
};

static inline struct proto_in proto_in(const void *p, size_t n)
{
	const uint8_t *at = p;

	return (struct proto_in){ at, n ? at + n : at };
}

static inline size_t proto_left(const struct proto_in *in)
{
	return (size_t)(in->end - in->at);
}

/* The next field, or varint.  1, 0 at the end, -EBADMSG when the bytes are no
 * protocol buffer (groups, which nobody writes, included).  [any] */
int proto_next(struct proto_in *in, struct proto_field *f);
int proto_next_varint(struct proto_in *in, uint64_t *v);

#endif
