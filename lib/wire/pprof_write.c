/*
 * The writing half of pprof.h.
 *
 * Messages go out in the order they come up: a location is written the first
 * time its address is seen, its functions before it.  Strings are kept until
 * the end, because the format wants them in the order of their numbers and
 * nothing says they must come first.  Field numbers are profile.proto's.
 */
#include "lib/wire/pprof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/grow.h"
#include "lib/base/hash.h"

enum {                          /* fields of Profile */
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_MAPPING = 3,
	PROFILE_LOCATION = 4,
	PROFILE_FUNCTION = 5,
	PROFILE_STRING = 6,
	PROFILE_TIME = 9,
	PROFILE_DURATION = 10,
	PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12,
	PROFILE_COMMENT = 13,
	PROFILE_DEFAULT_TYPE = 14,
};

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

struct string {
	size_t at;              /* in texts */
	size_t n;
};

struct function {
	uint64_t name, system_name, file;
	int64_t start_line;
};

struct pprof_writer {
	struct buf *out;
	struct buf message;     /* the one being built */
	struct buf inner;       /* one inside it */
	struct buf texts;       /* all strings, one after the other */
	struct string *strings;
	size_t n_strings, room_strings;
	struct function *functions;
	size_t n_functions, room_functions;
	uint64_t *addresses;    /* of locations */
	size_t n_locations, room_locations;
	struct hash by_text, by_function, by_address;
	uint64_t n_mappings;
	int error;
};

/* Fields ------------------------------------------------------------- */

static void put_int(struct buf *b, unsigned field, int64_t v)
{
	if (!v)
		return;         /* proto3: zero is what a reader assumes */
	buf_put_varint(b, field << 3 | WIRE_VARINT);
	buf_put_varint(b, (uint64_t)v);
}

static void put_bytes(struct buf *b, unsigned field, const void *p, size_t n)
{
	buf_put_varint(b, field << 3 | WIRE_BYTES);
	buf_put_varint(b, n);
	buf_put(b, p, n);
}

/* What stands in the scratch buffer B, as a field of TO; B is empty then, and
 * its error TO's. */
static void put_message(struct buf *to, unsigned field, struct buf *b)
{
	if (!to->error)
		to->error = buf_error(b);
	put_bytes(to, field, b->data, b->len);
	buf_reset(b);
}

/* Tables --------------------------------------------------------------- */

/* Room for one more of SIZE bytes in *ARRAY; false is remembered. */
static bool make_room(struct pprof_writer *w, void **array, size_t n,
		      size_t *room, size_t size)
{
	int rc = grow(array, room, n, size);

	if (rc < 0)
		w->error = rc;
	return rc == 0;
}

static void remember(struct pprof_writer *w, struct hash *t, uint64_t hash,
		     size_t id)
{
	int rc = hash_add(t, hash, (uint32_t)id);

	if (rc)
		w->error = rc;
}

static bool same_text(const void *ctx, uint32_t id, const void *key)
{
	const struct pprof_writer *w = ctx;
	const struct string *s = &w->strings[id];
	const char *text = key;

	return !strncmp((const char *)w->texts.data + s->at, text, s->n) &&
	       !text[s->n];
}

/* The number of TEXT in the string table; NULL is "". */
static uint64_t string_id(struct pprof_writer *w, const char *text)
{
	size_t n = text ? strlen(text) : 0;
	uint64_t hash = hash_bytes(text, n);
	int64_t id;

	if (!n)
		return 0;
	id = hash_find(&w->by_text, hash, same_text, w, text);
	if (id >= 0)
		return (uint64_t)id;
	if (!make_room(w, (void **)&w->strings, w->n_strings,
		       &w->room_strings, sizeof(*w->strings)))
		return 0;
	w->strings[w->n_strings] = (struct string){ w->texts.len, n };
	buf_put(&w->texts, text, n);
	remember(w, &w->by_text, hash, w->n_strings);
	return w->n_strings++;
}

static bool same_function(const void *ctx, uint32_t id, const void *key)
{
	const struct pprof_writer *w = ctx;

	return !memcmp(&w->functions[id], key, sizeof(struct function));
}

static void write_function(struct pprof_writer *w, const struct function *f)
{
	struct buf *b = &w->inner;

	put_int(b, 1, (int64_t)w->n_functions);
	put_int(b, 2, (int64_t)f->name);
	put_int(b, 3, (int64_t)f->system_name);
	put_int(b, 4, (int64_t)f->file);
	put_int(b, 5, f->start_line);
	put_message(w->out, PROFILE_FUNCTION, b);
}

static uint64_t function_id(struct pprof_writer *w,
			    const struct pprof_frame *frame)
{
	struct function f = {
		.name = string_id(w, frame->function),
		.file = string_id(w, frame->file),
		.start_line = frame->start_line,
	};
	uint64_t hash;
	int64_t id;

	f.system_name = frame->system_name ? string_id(w, frame->system_name) :
					     f.name;
	hash = hash_bytes(&f, sizeof(f));
	id = hash_find(&w->by_function, hash, same_function, w, &f);
	if (id >= 0)
		return (uint64_t)id + 1;
	if (!make_room(w, (void **)&w->functions, w->n_functions,
		       &w->room_functions, sizeof(f)))
		return 0;
	remember(w, &w->by_function, hash, w->n_functions);
	w->functions[w->n_functions++] = f;
	write_function(w, &f);
	return w->n_functions;
}

/* The head ------------------------------------------------------------- */

struct pprof_writer *pprof_writer_new(struct buf *out)
{
	struct pprof_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->out = out;
	if (!make_room(w, (void **)&w->strings, 0, &w->room_strings,
		       sizeof(*w->strings))) {
		free(w);
		return NULL;
	}
	w->strings[w->n_strings++] = (struct string){ 0, 0 };
	return w;
}

void pprof_writer_free(struct pprof_writer *w)
{
	if (!w)
		return;
	buf_release(&w->message);
	buf_release(&w->inner);
	buf_release(&w->texts);
	hash_release(&w->by_text);
	hash_release(&w->by_function);
	hash_release(&w->by_address);
	free(w->strings);
	free(w->functions);
	free(w->addresses);
	free(w);
}

static void put_type(struct pprof_writer *w, unsigned field, const char *type,
		     const char *unit)
{
	struct buf *b = &w->message;

	put_int(b, 1, (int64_t)string_id(w, type));
	put_int(b, 2, (int64_t)string_id(w, unit));
	put_message(w->out, field, b);
}

void pprof_sample_type(struct pprof_writer *w, const char *type,
		       const char *unit)
{
	put_type(w, PROFILE_SAMPLE_TYPE, type, unit);
}

void pprof_period(struct pprof_writer *w, const char *type, const char *unit,
		  int64_t period)
{
	put_type(w, PROFILE_PERIOD_TYPE, type, unit);
	put_int(w->out, PROFILE_PERIOD, period);
}

void pprof_time(struct pprof_writer *w, int64_t wall_ns, int64_t duration_ns)
{
	put_int(w->out, PROFILE_TIME, wall_ns);
	put_int(w->out, PROFILE_DURATION, duration_ns);
}

void pprof_default_type(struct pprof_writer *w, const char *type)
{
	put_int(w->out, PROFILE_DEFAULT_TYPE, (int64_t)string_id(w, type));
}

void pprof_comment(struct pprof_writer *w, const char *text)
{
	put_int(w->out, PROFILE_COMMENT, (int64_t)string_id(w, text));
}

/* Mappings, locations, samples -------------------------------------------- */

uint64_t pprof_mapping(struct pprof_writer *w, const struct pprof_mapping *m)
{
	struct buf *b = &w->message;

	put_int(b, 1, (int64_t)++w->n_mappings);
	put_int(b, 2, (int64_t)m->start);
	put_int(b, 3, (int64_t)m->limit);
	put_int(b, 4, (int64_t)m->offset);
	put_int(b, 5, (int64_t)string_id(w, m->file));
	put_int(b, 6, (int64_t)string_id(w, m->build_id));
	put_int(b, 7, m->has_functions);
	put_int(b, 8, m->has_filenames);
	put_int(b, 9, m->has_line_numbers);
	put_int(b, 10, m->has_inline_frames);
	put_message(w->out, PROFILE_MAPPING, b);
	return w->n_mappings;
}

static bool same_address(const void *ctx, uint32_t id, const void *key)
{
	const struct pprof_writer *w = ctx;

	return w->addresses[id] == *(const uint64_t *)key;
}

uint64_t pprof_location_find(const struct pprof_writer *w, uint64_t address)
{
	int64_t id = hash_find(&w->by_address, hash_u64(address), same_address,
			       w, &address);

	return (uint64_t)(id + 1);
}

static void put_line(struct pprof_writer *w, const struct pprof_frame *frame)
{
	uint64_t id = function_id(w, frame);

	put_int(&w->inner, 1, (int64_t)id);
	put_int(&w->inner, 2, frame->line);
	put_message(&w->message, 4, &w->inner);
}

uint64_t pprof_location(struct pprof_writer *w, uint64_t address,
			uint64_t mapping_id, const struct pprof_frame *frames,
			size_t n)
{
	uint64_t id = pprof_location_find(w, address);
	struct buf *b = &w->message;

	if (id || !make_room(w, (void **)&w->addresses, w->n_locations,
			     &w->room_locations, sizeof(*w->addresses)))
		return id;
	remember(w, &w->by_address, hash_u64(address), w->n_locations);
	w->addresses[w->n_locations++] = address;
	put_int(b, 1, (int64_t)w->n_locations);
	put_int(b, 2, (int64_t)mapping_id);
	put_int(b, 3, (int64_t)address);
	for (size_t i = 0; i < n; i++)
		put_line(w, &frames[i]);
	put_message(w->out, PROFILE_LOCATION, b);
	return w->n_locations;
}

static void put_label(struct pprof_writer *w, const struct pprof_label *l)
{
	put_int(&w->inner, 1, (int64_t)string_id(w, l->key));
	if (l->str)
		put_int(&w->inner, 2, (int64_t)string_id(w, l->str));
	else
		put_int(&w->inner, 3, l->num);
	put_int(&w->inner, 4, (int64_t)string_id(w, l->unit));
	put_message(&w->message, 3, &w->inner);
}

void pprof_sample(struct pprof_writer *w, const uint64_t *location_ids,
		  size_t n, const int64_t *values, size_t n_values,
		  const struct pprof_label *labels, size_t n_labels)
{
	struct buf *b = &w->message;

	for (size_t i = 0; i < n; i++)
		buf_put_varint(&w->inner, location_ids[i]);
	put_message(b, 1, &w->inner);
	for (size_t i = 0; i < n_values; i++)
		buf_put_varint(&w->inner, (uint64_t)values[i]);
	put_message(b, 2, &w->inner);
	for (size_t i = 0; i < n_labels; i++)
		put_label(w, &labels[i]);
	put_message(w->out, PROFILE_SAMPLE, b);
}

int pprof_finish(struct pprof_writer *w)
{
	for (size_t i = 0; i < w->n_strings; i++) {
		const struct string *s = &w->strings[i];

		put_bytes(w->out, PROFILE_STRING, w->texts.data + s->at, s->n);
	}
	if (!w->error)
		w->error = buf_error(w->out);
	if (!w->error)
		w->error = buf_error(&w->message);
	if (!w->error)
		w->error = buf_error(&w->texts);
	return w->error;
}
