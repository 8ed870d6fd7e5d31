/* What the answers below /debug/pgo/ share. */
#ifndef LIB_SERVE_LIVE_H
#define LIB_SERVE_LIVE_H

#include "lib/serve/goroutines.h"
#include "lib/wire/json.h"

enum { LIVE_SCHEMA = 1 };

/* Begins the document's object, with its first keys. */
void live_begin(struct json *j, struct buf *out);

/* The key NAME with V. */
void live_int(struct json *j, const char *name, int64_t v);
void live_uint(struct json *j, const char *name, uint64_t v);
/* The same, unless V is UNKNOWN. */
void live_known(struct json *j, const char *name, uint64_t v, uint64_t unknown);
void live_string(struct json *j, const char *name, const char *v);

/* The key "frames" with the functions of a stack, leaf first. */
void live_frames(struct json *j, const struct provider *p,
		 const uint64_t *pcs, size_t n);

#endif
