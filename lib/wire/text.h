/*
 * Text in pieces, to whoever takes it: no memory, no stdio, so it can be
 * written where neither may be used.
 */
#ifndef LIB_WIRE_TEXT_H
#define LIB_WIRE_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* PUT is called where the writer is called, any number of times a line. */
struct text_sink {
	void (*put)(void *ctx, const char *p, size_t n);
	void *ctx;
};

/* [any, as far as the sink is] */
void text_put(const struct text_sink *t, const char *s);
void text_uint(const struct text_sink *t, uint64_t v);
void text_int(const struct text_sink *t, int64_t v);
void text_hex(const struct text_sink *t, uint64_t v);   /* 0x1d */

/* A name on one line: control characters become '?'.  NULL is "". */
void text_name(const struct text_sink *t, const char *s);
void text_name_of(const struct text_sink *t, const char *s, size_t n);

/* Memory as a sink: what fits is stored, LEN counts all.  No zero behind. */
struct text_room {
	char *p;
	size_t bytes;
	size_t len;
};

void text_room_put(void *room, const char *p, size_t n);

#endif
