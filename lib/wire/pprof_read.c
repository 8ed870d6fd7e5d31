/*
 * Reading a profile of any writer.
 *
 * Fields may come in any order, and references point forwards and backwards.
 * So the file is gone over once for each kind of thing, in the order in which
 * they need each other: strings, mappings, functions, locations, samples.
 * Skipping a message costs as much as reading its length; in return nothing is
 * ever kept that is not yet resolved.
 *
 * Each array grows in a buffer whose cap is that of the header.
 */
#include "lib/wire/pprof_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/wire/gzip.h"
#include "lib/wire/proto.h"

/* The ids of things, in the order of these. */
struct ids {
	struct hash by_id;
	struct buf id;
};

struct reader {
	struct pprof *p;
	const char *name;
	struct err *e;
	struct ids mapping_ids, function_ids, location_ids;
	struct buf text, strings, comments, types, mappings, functions;
	struct buf lines, locations, samples, stack, values, labels;
};

#define FIELDS 16                       /* more than any message has */

typedef int read_fn(struct reader *r, struct proto_in in);

static int damaged(struct reader *r, const char *what)
{
	return err_say(r->e, -EBADMSG,
			"%s: not a valid profile: %s (is it whole?)", r->name,
			what);
}

static int full(struct reader *r, const struct buf *b)
{
	return err_set(r->e, buf_error(b), "%s: profile", r->name);
}

/* One more of an array. */
static int add(struct reader *r, struct buf *to, const void *one, size_t bytes)
{
	buf_put(to, one, bytes);
	return buf_error(to) ? full(r, to) : 0;
}

/* Pieces of messages ------------------------------------------------------- */

/* Calls FN for each message (or string) that is field NUMBER. */
static int each(struct reader *r, struct proto_in in, uint32_t number,
		read_fn *fn)
{
	struct proto_field f;
	int rc, more;

	while ((more = proto_next(&in, &f)) == 1) {
		if (f.number != number)
			continue;
		if (f.type != PROTO_BYTES)
			return damaged(r, "a field of another type");
		rc = fn(r, f.bytes);
		if (rc < 0)
			return rc;
	}
	return more < 0 ? damaged(r, "not protocol buffers") : 0;
}

/* The numbers of a message whose fields are in MASK; those not there are 0. */
static int scalars(struct reader *r, struct proto_in in, uint32_t mask,
		   uint64_t v[FIELDS])
{
	struct proto_field f;
	int more;

	memset(v, 0, FIELDS * sizeof(*v));
	while ((more = proto_next(&in, &f)) == 1) {
		if (f.number >= FIELDS || !(mask & 1u << f.number))
			continue;
		if (f.type != PROTO_VARINT)
			return damaged(r, "a field of another type");
		v[f.number] = f.value;
	}
	return more < 0 ? damaged(r, "not protocol buffers") : 0;
}

typedef int number_fn(struct reader *r, uint64_t v);

static int each_packed(struct reader *r, struct proto_in in, number_fn *fn)
{
	uint64_t v;
	int rc = 0, more = 0;

	while (rc == 0 && (more = proto_next_varint(&in, &v)) == 1)
		rc = fn(r, v);
	return more < 0 ? damaged(r, "a list that is cut off") : rc;
}

/* Calls FN for each number of a repeated field, packed or not. */
static int each_number(struct reader *r, struct proto_in in, uint32_t number,
		       number_fn *fn)
{
	struct proto_field f;
	int rc = 0, more = 0;

	while (rc == 0 && (more = proto_next(&in, &f)) == 1) {
		if (f.number != number)
			continue;
		if (f.type == PROTO_BYTES)
			rc = each_packed(r, f.bytes, fn);
		else if (f.type == PROTO_VARINT)
			rc = fn(r, f.value);
		else
			rc = damaged(r, "a field of another type");
	}
	return more < 0 ? damaged(r, "not protocol buffers") : rc;
}

/* References --------------------------------------------------------------- */

static int string_at(struct reader *r, uint64_t index, const char **s)
{
	*s = "";
	if (index < r->p->n_strings)
		*s = r->p->strings[index];
	else if (index)
		return damaged(r, "a string beyond the table");
	return 0;
}

/* The N strings of fields FIRST, FIRST + 1, ... of V. */
static int strings_at(struct reader *r, const uint64_t *v, const char **s[],
		      size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = string_at(r, v[i], s[i]);
	return rc;
}

static bool same_id(const void *ctx, uint32_t index, const void *key)
{
	const struct ids *ids = ctx;

	return !memcmp(ids->id.data + index * sizeof(uint64_t), key,
		       sizeof(uint64_t));
}

static int64_t id_find(const struct ids *ids, uint64_t id)
{
	return hash_find(&ids->by_id, hash_u64(id), same_id, ids, &id);
}

static int id_new(struct reader *r, struct ids *ids, uint64_t id)
{
	size_t n = ids->id.len / sizeof(id);
	int rc;

	if (id == 0)
		return damaged(r, "an id of 0");
	if (id_find(ids, id) >= 0)
		return damaged(r, "an id given twice");
	rc = add(r, &ids->id, &id, sizeof(id));
	if (rc < 0)
		return rc;
	rc = hash_add(&ids->by_id, hash_u64(id), (uint32_t)n);
	return rc < 0 ? err_set(r->e, rc, "%s: profile", r->name) : 0;
}

static int index_of(struct reader *r, const struct ids *ids, uint64_t id,
		    uint32_t *index)
{
	int64_t n = id_find(ids, id);

	if (n < 0)
		return damaged(r, "an id of nothing");
	*index = (uint32_t)n;
	return 0;
}

/* As index_of(), but 0 is none. */
static int index_or_none(struct reader *r, const struct ids *ids, uint64_t id,
			 uint32_t *index)
{
	*index = PPROF_NONE;
	return id ? index_of(r, ids, id, index) : 0;
}

/* Strings ------------------------------------------------------------------ */

/* Until all are there, a string is where it begins in TEXT, which moves. */
static int read_string(struct reader *r, struct proto_in in)
{
	size_t at = r->text.len;

	if (r->strings.len == 0 && proto_left(&in))
		return damaged(r, "string 0 is not empty");
	buf_put(&r->text, in.at, proto_left(&in));
	buf_put_u8(&r->text, 0);
	if (buf_error(&r->text))
		return full(r, &r->text);
	return add(r, &r->strings, &at, sizeof(at));
}

static int read_strings(struct reader *r, struct proto_in all)
{
	int rc = each(r, all, 6, read_string);
	size_t n = r->strings.len / sizeof(size_t), at;

	if (rc < 0 || n == 0)
		return rc;
	r->p->strings = calloc(n, sizeof(*r->p->strings));
	if (!r->p->strings)
		return err_set(r->e, -ENOMEM, "%s: profile", r->name);
	for (size_t i = 0; i < n; i++) {
		memcpy(&at, r->strings.data + i * sizeof(at), sizeof(at));
		r->p->strings[i] = (char *)r->text.data + at;
	}
	r->p->n_strings = n;
	return 0;
}

/* Messages ----------------------------------------------------------------- */

static int type_of(struct reader *r, struct proto_in in, struct pprof_type *t)
{
	uint64_t v[FIELDS];
	int rc = scalars(r, in, 1u << 1 | 1u << 2, v);

	if (rc == 0)
		rc = strings_at(r, v + 1,
				(const char **[]){ &t->type, &t->unit }, 2);
	return rc;
}

static int read_type(struct reader *r, struct proto_in in)
{
	struct pprof_type t;
	int rc = type_of(r, in, &t);

	return rc < 0 ? rc : add(r, &r->types, &t, sizeof(t));
}

static int read_period_type(struct reader *r, struct proto_in in)
{
	return type_of(r, in, &r->p->period_type);
}

static int read_comment(struct reader *r, uint64_t index)
{
	const char *s;
	int rc = string_at(r, index, &s);

	return rc < 0 ? rc : add(r, &r->comments, &s, sizeof(s));
}

static int read_heads(struct reader *r, struct proto_in all)
{
	struct pprof *p = r->p;
	uint64_t v[FIELDS];
	int rc;

	rc = scalars(r, all, 1u << 9 | 1u << 10 | 1u << 12 | 1u << 14, v);
	if (rc < 0)
		return rc;
	p->time_ns = (int64_t)v[9];
	p->duration_ns = (int64_t)v[10];
	p->period = (int64_t)v[12];
	rc = string_at(r, v[14], &p->default_type);
	if (rc == 0)
		rc = each(r, all, 11, read_period_type);
	if (rc == 0)
		rc = each(r, all, 1, read_type);
	if (rc == 0)
		rc = each_number(r, all, 13, read_comment);
	p->n_types = r->types.len / sizeof(struct pprof_type);
	return rc;
}

static int read_mapping(struct reader *r, struct proto_in in)
{
	struct pprof_mapping m;
	uint64_t v[FIELDS];
	int rc;

	rc = scalars(r, in, 0x7fe, v);
	if (rc < 0)
		return rc;
	m = (struct pprof_mapping){
		.start = v[2], .limit = v[3], .offset = v[4],
		.has_functions = v[7], .has_filenames = v[8],
		.has_line_numbers = v[9], .has_inline_frames = v[10],
	};
	rc = strings_at(r, v + 5, (const char **[]){ &m.file, &m.build_id }, 2);
	if (rc == 0)
		rc = id_new(r, &r->mapping_ids, v[1]);
	return rc < 0 ? rc : add(r, &r->mappings, &m, sizeof(m));
}

static int read_function(struct reader *r, struct proto_in in)
{
	struct pprof_function f;
	uint64_t v[FIELDS];
	int rc;

	rc = scalars(r, in, 0x3e, v);
	if (rc < 0)
		return rc;
	f.start_line = (int64_t)v[5];
	rc = strings_at(r, v + 2, (const char **[]){ &f.name, &f.system_name,
						     &f.file }, 3);
	if (rc == 0)
		rc = id_new(r, &r->function_ids, v[1]);
	return rc < 0 ? rc : add(r, &r->functions, &f, sizeof(f));
}

static int read_line(struct reader *r, struct proto_in in)
{
	struct pprof_line l = { 0 };
	uint64_t v[FIELDS];
	int rc;

	rc = scalars(r, in, 1u << 1 | 1u << 2, v);
	if (rc == 0)
		rc = index_or_none(r, &r->function_ids, v[1], &l.function);
	l.line = (int64_t)v[2];
	return rc < 0 ? rc : add(r, &r->lines, &l, sizeof(l));
}

static uint32_t lines_so_far(const struct reader *r)
{
	return (uint32_t)(r->lines.len / sizeof(struct pprof_line));
}

static int read_location(struct reader *r, struct proto_in in)
{
	struct pprof_location l = { .line = lines_so_far(r) };
	uint64_t v[FIELDS];
	int rc;

	rc = scalars(r, in, 1u << 1 | 1u << 2 | 1u << 3, v);
	l.address = v[3];
	if (rc == 0)
		rc = index_or_none(r, &r->mapping_ids, v[2], &l.mapping);
	if (rc == 0)
		rc = each(r, in, 4, read_line);
	l.n_lines = lines_so_far(r) - l.line;
	if (rc == 0)
		rc = id_new(r, &r->location_ids, v[1]);
	return rc < 0 ? rc : add(r, &r->locations, &l, sizeof(l));
}

/* Samples ------------------------------------------------------------------ */

static int read_stack(struct reader *r, uint64_t id)
{
	uint32_t index;
	int rc = index_of(r, &r->location_ids, id, &index);

	return rc < 0 ? rc : add(r, &r->stack, &index, sizeof(index));
}

static int read_value(struct reader *r, uint64_t value)
{
	return add(r, &r->values, &value, sizeof(value));
}

static int read_label(struct reader *r, struct proto_in in)
{
	struct pprof_label l;
	uint64_t v[FIELDS];
	int rc;

	rc = scalars(r, in, 0x1e, v);
	if (rc == 0)
		rc = strings_at(r, v + 1,
				(const char **[]){ &l.key, &l.str }, 2);
	if (rc == 0)
		rc = string_at(r, v[4], &l.unit);
	if (rc < 0)
		return rc;
	l.num = (int64_t)v[3];
	if (v[2] == 0)
		l.str = NULL;
	return add(r, &r->labels, &l, sizeof(l));
}

static int read_sample(struct reader *r, struct proto_in in)
{
	size_t stack = r->stack.len / sizeof(uint32_t);
	size_t label = r->labels.len / sizeof(struct pprof_label);
	size_t values = r->values.len + r->p->n_types * sizeof(int64_t);
	struct pprof_sample s;
	int rc;

	rc = each_number(r, in, 1, read_stack);
	if (rc == 0)
		rc = each_number(r, in, 2, read_value);
	if (rc == 0 && (r->values.len != values || r->p->n_types == 0))
		rc = damaged(r, "a sample without a value of each type");
	if (rc == 0)
		rc = each(r, in, 3, read_label);
	if (rc < 0)
		return rc;
	s = (struct pprof_sample){
		.stack = (uint32_t)stack, .label = (uint32_t)label,
		.n_stack = (uint32_t)(r->stack.len / sizeof(uint32_t) - stack),
		.n_labels = (uint32_t)(r->labels.len /
				       sizeof(struct pprof_label) - label),
	};
	return add(r, &r->samples, &s, sizeof(s));
}

/* A whole profile ---------------------------------------------------------- */

static int read_all(struct reader *r, struct proto_in all)
{
	static const struct {
		uint32_t number;
		read_fn *fn;
	} passes[] = {
		{ 3, read_mapping },
		{ 5, read_function },
		{ 4, read_location },
		{ 2, read_sample },
	};
	int rc = read_strings(r, all);

	if (rc == 0)
		rc = read_heads(r, all);
	for (size_t i = 0; i < sizeof(passes) / sizeof(*passes) && !rc; i++)
		rc = each(r, all, passes[i].number, passes[i].fn);
	return rc;
}

static void reader_init(struct reader *r)
{
	r->text.cap = PPROF_BYTES_MAX + PPROF_STRINGS_MAX;
	r->strings.cap = PPROF_STRINGS_MAX * sizeof(size_t);
	r->comments.cap = PPROF_COMMENTS_MAX * sizeof(char *);
	r->types.cap = PPROF_TYPES_MAX * sizeof(struct pprof_type);
	r->mappings.cap = PPROF_MAPPINGS_MAX * sizeof(struct pprof_mapping);
	r->functions.cap = PPROF_FUNCTIONS_MAX * sizeof(struct pprof_function);
	r->lines.cap = PPROF_LINES_MAX * sizeof(struct pprof_line);
	r->locations.cap = PPROF_LOCATIONS_MAX * sizeof(struct pprof_location);
	r->samples.cap = PPROF_SAMPLES_MAX * sizeof(struct pprof_sample);
	r->stack.cap = PPROF_STACK_MAX * sizeof(uint32_t);
	r->values.cap = PPROF_VALUES_MAX * sizeof(int64_t);
	r->labels.cap = PPROF_LABELS_MAX * sizeof(struct pprof_label);
}

/* The array of B and its length are now another's; free() gives it back. */
static void *array_of(struct buf *b, size_t bytes, size_t *n)
{
	void *data = b->data;

	*n = b->len / bytes;
	*b = (struct buf){ 0 };
	return data;
}

static void ids_release(struct ids *ids)
{
	hash_release(&ids->by_id);
	buf_release(&ids->id);
}

/* The profile owns what was read, whole or not. */
static void hand_over(struct reader *r)
{
	struct pprof *p = r->p;
	size_t bytes;

#define HAND_OVER(a) (p->a = array_of(&r->a, sizeof(*p->a), &p->n_##a))
	HAND_OVER(types);
	HAND_OVER(mappings);
	HAND_OVER(functions);
	HAND_OVER(lines);
	HAND_OVER(locations);
	HAND_OVER(samples);
	HAND_OVER(stack);
	HAND_OVER(values);
	HAND_OVER(labels);
	HAND_OVER(comments);
#undef HAND_OVER
	p->text = array_of(&r->text, 1, &bytes);
	buf_release(&r->strings);
	ids_release(&r->mapping_ids);
	ids_release(&r->function_ids);
	ids_release(&r->location_ids);
}

static int inflated(struct reader *r, struct buf *b, const void *data, size_t n)
{
	int rc = gzip_inflate(b, data, n, PPROF_BYTES_MAX);

	return rc == -EBADMSG ? damaged(r, "damaged gzip") :
	       rc < 0 ? err_set(r->e, rc, "%s: profile", r->name) : 0;
}

int pprof_read(struct pprof *p, const void *data, size_t n, const char *name,
	       struct err *e)
{
	struct reader r = { .p = p, .name = name, .e = e };
	struct proto_in all = proto_in(data, n);
	struct buf plain = { 0 };
	int rc = 0;

	*p = (struct pprof){ .default_type = "", .period_type = { "", "" } };
	reader_init(&r);
	if (gzip_is(data, n)) {
		rc = inflated(&r, &plain, data, n);
		all = proto_in(plain.data, plain.len);
	}
	if (rc == 0 && proto_left(&all) > PPROF_BYTES_MAX)
		rc = err_set(e, -EFBIG, "%s: profile", name);
	if (rc == 0 && proto_left(&all) == 0)
		rc = damaged(&r, "it is empty");
	if (rc == 0)
		rc = read_all(&r, all);
	hand_over(&r);
	buf_release(&plain);
	if (rc < 0)
		pprof_release(p);
	return rc;
}

void pprof_release(struct pprof *p)
{
	free(p->types);
	free(p->mappings);
	free(p->functions);
	free(p->lines);
	free(p->locations);
	free(p->samples);
	free(p->stack);
	free(p->values);
	free(p->labels);
	free(p->comments);
	free(p->strings);
	free(p->text);
	*p = (struct pprof){ 0 };
}
