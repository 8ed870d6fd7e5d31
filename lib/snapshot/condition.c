/*
 * Fields come in kinds: numbers of a row, flags, texts that are a string's id,
 * texts of all frames of a stack.  What asks a string or a stack is answered
 * once for each id, so a million goroutines cost a table look-up each.
 */
#include "lib/snapshot/condition.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/snapshot/labels.h"

#define IN_ROW(member) offsetof(struct snap_row, member)

/* Besides the numbers of a row, which fields.h names. */
static const struct cond_field fields[] = {
	{ "state", COND_STATE, UNIT_TEXT, 0, 0 },
	{ "reason", COND_REASON, UNIT_TEXT, 0, IN_ROW(reason) },
	{ "fn", COND_FUNC, UNIT_TEXT, 0, 0 },
	{ "file", COND_FILE, UNIT_TEXT, 0, 0 },
	{ "created", COND_STRING, UNIT_TEXT, 0, IN_ROW(created_func) },
	{ "entry", COND_STRING, UNIT_TEXT, 0, IN_ROW(entry) },
	{ "creator", COND_CREATOR, UNIT_ID, 0, 0 },
	{ "locked", COND_FLAG, UNIT_COUNT, 0, IN_ROW(locked) },
	{ "moving", COND_FLAG, UNIT_COUNT, 0, IN_ROW(moving) },
	{ "system", COND_FLAG, UNIT_COUNT, 0, IN_ROW(system) },
};

static const struct cond_field label_field = { "label", COND_LABEL, UNIT_TEXT,
					       0, IN_ROW(labels) };
static const struct cond_field word_field = { "", COND_WORD, UNIT_TEXT, 0, 0 };

#define LABEL "label."

static bool find_field(struct cond_field *out, const char *name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!strcasecmp(fields[i].name, name)) {
			*out = fields[i];
			return true;
		}
	for (int i = 0; i < ROW_NUMBERS; i++)
		if (!strcasecmp(row_fields[i].name, name)) {
			*out = (struct cond_field){ row_fields[i].name,
						    COND_NUMBER,
						    row_fields[i].unit, i, 0 };
			return true;
		}
	if (strncasecmp(name, LABEL, strlen(LABEL)) || !name[strlen(LABEL)])
		return false;
	*out = label_field;
	return true;
}

/* Values --------------------------------------------------------------------*/

struct scale {
	const char *name;
	double factor;
};

static const struct scale times[] = {
	{ "ns", 1 }, { "us", 1e3 }, { "µs", 1e3 }, { "ms", 1e6 }, { "s", 1e9 },
	{ "m", 60e9 }, { "h", 3600e9 }, { "d", 86400e9 }, { NULL, 0 },
};
static const struct scale sizes[] = {
	{ "", 1 }, { "b", 1 }, { "k", 1024 }, { "kb", 1024 }, { "kib", 1024 },
	{ "m", 1 << 20 }, { "mb", 1 << 20 }, { "mib", 1 << 20 },
	{ "g", 1 << 30 }, { "gb", 1 << 30 }, { "gib", 1 << 30 }, { NULL, 0 },
};
static const struct scale counts[] = { { "", 1 }, { NULL, 0 } };

static const struct scale *scales_of(enum unit unit)
{
	return unit == UNIT_NS ? times : unit == UNIT_BYTES ? sizes : counts;
}

/* The scale whose name is the N bytes at S, in any case. */
static const struct scale *find_scale(const struct scale *in, const char *s,
				      size_t n)
{
	for (; in->name; in++)
		if (strlen(in->name) == n && !strncasecmp(in->name, s, n))
			return in;
	return NULL;
}

/* "1m30s", "64k", "17": numbers with units, added up; 0 needs none. */
static bool read_value(const char *s, enum unit unit, int64_t *out)
{
	static const char digits[] = "0123456789.";
	double sum = 0;

	if (!*s)
		return false;
	if (!strcmp(s, "0")) {
		*out = 0;
		return true;
	}
	while (*s) {
		size_t n = strspn(s, digits), unit_n = strcspn(s + n, digits);
		const struct scale *by = find_scale(scales_of(unit), s + n,
						    unit_n);
		char *end;

		if (!n || !by)
			return false;
		sum += strtod(s, &end) * by->factor;
		/* Not "1.2.3", nor "1e9", of which strtod() would take all. */
		if (end != s + n)
			return false;
		s += n + unit_n;
	}
	*out = sum < 9e18 ? (int64_t)sum : INT64_MAX;
	return true;
}

static int bad_value(const struct cond *c, const char *value, struct err *e)
{
	const char *what = c->field.unit == UNIT_NS ?
			   "a time like 90s or 1m30s" :
			   c->field.unit == UNIT_BYTES ?
			   "a size like 64k" : "a number";

	return err_say(e, -EINVAL, "%.40s: %s wants %s", value, c->field.name,
		       what);
}

static int bad_regex(const regex_t *re, int code, const char *value,
		     struct err *e)
{
	char why[80];

	regerror(code, re, why, sizeof(why));
	return err_say(e, -EINVAL, "%.80s: %s", value, why);
}

/* Making --------------------------------------------------------------------*/

static bool is_numeric(const struct cond *c)
{
	return c->field.kind == COND_NUMBER || c->field.kind == COND_CREATOR;
}

static bool is_regex(enum cond_op op)
{
	return op == COND_MATCH || op == COND_NO_MATCH;
}

/* Whether a field of this kind says something without an operator. */
static bool stands_alone(enum cond_kind kind)
{
	return kind == COND_FLAG || kind == COND_LABEL;
}

/* Whether fields of C's kind can be asked by its operator. */
static bool op_fits(const struct cond *c)
{
	if (c->field.kind == COND_FLAG)
		return c->op == COND_NONE;
	if (is_numeric(c))
		return c->op != COND_NONE && !is_regex(c->op);
	return c->op < COND_LT;
}

static int set_value(struct cond *c, const char *value, struct err *e)
{
	int flags = REG_EXTENDED | REG_NOSUB, rc;

	if (is_numeric(c))
		return read_value(value, c->field.unit, &c->value) ? 0 :
		       bad_value(c, value, e);
	if (c->field.kind == COND_STATE && !is_regex(c->op) &&
	    snap_state_of(value) == SNAP_STATE_UNKNOWN)
		return err_say(e, -EINVAL, "%.40s: state is running, runnable, "
			       "syscall or waiting", value);
	c->text = strdup(value);
	if (!c->text)
		return err_set(e, -ENOMEM, "filter");
	if (!is_regex(c->op))
		return 0;
	if (c->field.kind == COND_REASON)
		flags |= REG_ICASE;
	rc = regcomp(&c->re, value, flags);
	c->has_re = rc == 0;
	return rc ? bad_regex(&c->re, rc, value, e) : 0;
}

static int no_field(const char *name, struct err *e)
{
	return err_say(e, -EINVAL, "%.40s: no such field (id state reason wait "
		       "fn file created creator entry label.KEY stack locked "
		       "...)", name);
}

int cond_init(struct cond *c, const char *field, bool quoted, enum cond_op op,
	      const char *value, bool *at_value, struct err *e)
{
	*c = (struct cond){ .op = op };
	*at_value = false;
	if (op == COND_NONE) {
		if (quoted || !find_field(&c->field, field) ||
		    !stands_alone(c->field.kind)) {
			c->field = word_field;
			value = field;
		} else if (c->field.kind == COND_FLAG) {
			return 0;
		}
	} else if (quoted || !find_field(&c->field, field)) {
		return no_field(field, e);
	}
	if (!op_fits(c))
		return err_say(e, -EINVAL, "%s cannot be compared so",
			       c->field.name);
	if (c->field.kind == COND_LABEL) {
		c->key = strdup(field + strlen(LABEL));
		if (!c->key)
			return err_set(e, -ENOMEM, "filter");
	}
	*at_value = op != COND_NONE;
	return op == COND_NONE && c->field.kind != COND_WORD ? 0 :
	       set_value(c, value, e);
}

void cond_release(struct cond *c)
{
	if (c->has_re)
		regfree(&c->re);
	free(c->key);
	free(c->text);
	free(c->known);
	match_release(&c->match);
	*c = (struct cond){ 0 };
}

/* Asking --------------------------------------------------------------------*/

/* With the operators that say no taken for those that say yes. */
static bool text_is(const struct cond *c, const char *text)
{
	if (c->has_re)
		return regexec(&c->re, text, 0, NULL, 0) == 0;
	if (c->field.kind == COND_REASON)
		return strcasestr(text, c->text) != NULL;
	return !strcmp(text, c->text);
}

static bool frames_have(const struct cond *c, const struct snapshot *s,
			uint32_t stack)
{
	uint32_t depth;
	const struct snap_frame *f = snapshot_frames(s, stack, &depth);
	bool files = c->field.kind == COND_FILE;

	for (uint32_t i = 0; i < depth; i++)
		if (text_is(c, snapshot_string(s, files ? f[i].file :
					       f[i].func)))
			return true;
	return false;
}

static bool label_is(const struct cond *c, const char *text)
{
	struct labels l;
	const char *value;
	bool is;

	labels_read(&l, text);
	value = labels_find(&l, c->key);
	is = value && (c->op == COND_NONE || text_is(c, value));
	labels_release(&l);
	return is;
}

static bool asks_stack(const struct cond *c)
{
	return c->field.kind == COND_FUNC || c->field.kind == COND_FILE;
}

static bool ask(const struct cond *c, const struct snapshot *s, uint32_t id)
{
	if (asks_stack(c))
		return frames_have(c, s, id);
	if (c->field.kind == COND_LABEL)
		return label_is(c, snapshot_string(s, id));
	return text_is(c, snapshot_string(s, id));
}

static bool ask_once(struct cond *c, const struct snapshot *s, uint32_t id)
{
	if (id >= c->known_n)
		return false;
	if (!c->known[id])
		c->known[id] = 1 + ask(c, s, id);
	return c->known[id] - 1;
}

int cond_begin(struct cond *c, const struct snapshot *s)
{
	if (c->field.kind == COND_WORD) {
		match_release(&c->match);
		return match_init(&c->match, s, c->text);
	}
	free(c->known);
	c->known_n = asks_stack(c) ? s->stack_count : strtab_count(&s->strings);
	c->known = calloc(c->known_n + 1, 1);
	return c->known ? 0 : -ENOMEM;
}

static bool number_is(const struct cond *c, int64_t v)
{
	if (v == SNAP_UNKNOWN)
		return c->op == COND_NE;
	switch (c->op) {
	case COND_EQ:
		return v == c->value;
	case COND_NE:
		return v != c->value;
	case COND_LT:
		return v < c->value;
	case COND_LE:
		return v <= c->value;
	case COND_GT:
		return v > c->value;
	default:
		return v >= c->value;
	}
}

static uint32_t string_of(const struct cond *c, const struct snap_row *row)
{
	uint32_t id;

	memcpy(&id, (const char *)row + c->field.offset, sizeof(id));
	return id;
}

static bool text_holds(struct cond *c, const struct snapshot *s,
		       const struct snap_row *row)
{
	switch (c->field.kind) {
	case COND_STATE:
		return text_is(c, snap_state_name(row->state));
	case COND_FUNC:
	case COND_FILE:
		return ask_once(c, s, row->stack);
	case COND_WORD:
		return match_row(&c->match, row);
	default:
		return ask_once(c, s, string_of(c, row));
	}
}

bool cond_holds(struct cond *c, const struct snapshot *s,
		const struct snap_row *row)
{
	bool no = c->op == COND_NE || c->op == COND_NO_MATCH;

	switch (c->field.kind) {
	case COND_NUMBER:
		return number_is(c, row->number[c->field.number]);
	case COND_CREATOR:
		return number_is(c, row->creator);
	case COND_FLAG:
		return ((const char *)row)[c->field.offset];
	default:
		return text_holds(c, s, row) != no;
	}
}
