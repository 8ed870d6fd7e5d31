/*
 * Varints are seven bits a byte, least first; at most ten bytes, and of the
 * tenth only one bit.  A decoder that accepts more accepts two spellings of
 * one number, so this one does not.
 */
#include "lib/wire/proto.h"

#include <errno.h>

#define VARINT_BYTES 10
#define FIELD_MAX ((1u << 29) - 1)

void proto_tag(struct buf *b, uint32_t field, enum proto_type type)
{
	buf_put_varint(b, (uint64_t)field << 3 | type);
}

void proto_uint(struct buf *b, uint32_t field, uint64_t v)
{
	proto_tag(b, field, PROTO_VARINT);
	buf_put_varint(b, v);
}

void proto_uint_nonzero(struct buf *b, uint32_t field, uint64_t v)
{
	if (v)
		proto_uint(b, field, v);
}

void proto_bytes(struct buf *b, uint32_t field, const void *p, size_t n)
{
	proto_tag(b, field, PROTO_BYTES);
	buf_put_varint(b, n);
	buf_put(b, p, n);
}

void proto_packed(struct buf *b, uint32_t field, const uint64_t *v, size_t n)
{
	size_t bytes = 0;

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		bytes += varint_bytes(v[i]);
	proto_tag(b, field, PROTO_BYTES);
	buf_put_varint(b, bytes);
	for (size_t i = 0; i < n; i++)
		buf_put_varint(b, v[i]);
}

void proto_message(struct buf *b, uint32_t field, struct buf *m)
{
	if (buf_error(m) && !b->error)
		b->error = buf_error(m);
	proto_bytes(b, field, m->data, m->len);
	buf_reset(m);
}

int proto_next_varint(struct proto_in *in, uint64_t *v)
{
	uint64_t sum = 0;
	uint8_t byte;

	if (in->at == in->end)
		return 0;
	for (unsigned int i = 0; i < VARINT_BYTES; i++) {
		if (in->at == in->end)
			return -EBADMSG;
		byte = *in->at++;
		if (i == VARINT_BYTES - 1 && byte > 1)
			return -EBADMSG;
		sum |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*v = sum;
			return 1;
		}
	}
	return -EBADMSG;
}

/* A little-endian number of N bytes. */
static int next_fixed(struct proto_in *in, size_t n, uint64_t *v)
{
	if (proto_left(in) < n)
		return -EBADMSG;
	*v = 0;
	for (size_t i = 0; i < n; i++)
		*v |= (uint64_t)in->at[i] << (8 * i);
	in->at += n;
	return 1;
}

static int next_bytes(struct proto_in *in, struct proto_in *bytes)
{
	uint64_t n;

	if (proto_next_varint(in, &n) != 1 || n > proto_left(in))
		return -EBADMSG;
	*bytes = (struct proto_in){ in->at, in->at + n };
	in->at += n;
	return 1;
}

int proto_next(struct proto_in *in, struct proto_field *f)
{
	uint64_t tag;
	int rc = proto_next_varint(in, &tag);

	if (rc != 1)
		return rc;
	*f = (struct proto_field){ .number = (uint32_t)(tag >> 3),
				   .type = tag & 7 };
	if (tag >> 3 == 0 || tag >> 3 > FIELD_MAX)
		return -EBADMSG;
	switch (f->type) {
	case PROTO_VARINT:
		return proto_next_varint(in, &f->value) == 1 ? 1 : -EBADMSG;
	case PROTO_FIXED64:
		return next_fixed(in, 8, &f->value);
	case PROTO_BYTES:
		return next_bytes(in, &f->bytes);
	case PROTO_FIXED32:
		return next_fixed(in, 4, &f->value);
	}
	return -EBADMSG;
}
