/*
 * The expression becomes a list in which operators follow what they join, by
 * two stacks (Dijkstra's shunting yard): reading and asking are loops, however
 * deep the parentheses.
 */
#include "lib/snapshot/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/snapshot/condition.h"

enum { TERMS_MAX = 256 };

/* By how close they bind. */
enum kind { OPEN, OR, AND, NOT, COND };

struct term {
	enum kind kind;
	struct cond cond;
};

struct filter {
	struct term at[TERMS_MAX];
	size_t n;
	const struct snapshot *s;
};

struct parser {
	struct filter *f;
	const char *expr, *at;
	enum kind ops[TERMS_MAX];       /* waiting for their right side */
	size_t n_ops;
	struct err *e;
};

/* Says what E holds of the place AT. */
static int at_column(const struct parser *p, const char *at, int rc)
{
	if (rc == -EINVAL)
		err_of(p->e, "column %zu", (size_t)(at - p->expr) + 1);
	return rc;
}

static int wrong(const struct parser *p, const char *at, const char *what)
{
	return at_column(p, at, err_say(p->e, -EINVAL, "%s", what));
}

static int too_long(const struct parser *p)
{
	return err_say(p->e, -E2BIG, "filter of more than %d conditions",
		       TERMS_MAX);
}

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t\n");
}

/* Terms ---------------------------------------------------------------------*/

static int emit(struct parser *p, enum kind kind)
{
	if (p->f->n == TERMS_MAX)
		return too_long(p);
	p->f->at[p->f->n++].kind = kind;
	return 0;
}

/* Those that wait and bind at least as close as KIND come first. */
static int emit_waiting(struct parser *p, enum kind kind)
{
	int rc = 0;

	while (rc == 0 && p->n_ops && p->ops[p->n_ops - 1] >= kind)
		rc = emit(p, p->ops[--p->n_ops]);
	return rc;
}

static int push(struct parser *p, enum kind kind)
{
	if (p->n_ops == TERMS_MAX)
		return too_long(p);
	p->ops[p->n_ops++] = kind;
	return 0;
}

/* Words ---------------------------------------------------------------------*/

static const struct {
	const char *text;
	enum cond_op op;
} ops[] = {
	{ "!=", COND_NE }, { "!~", COND_NO_MATCH }, { "<=", COND_LE },
	{ ">=", COND_GE }, { "==", COND_EQ }, { "=", COND_EQ },
	{ "~", COND_MATCH }, { "<", COND_LT }, { ">", COND_GT },
};

/* The operator S begins with; its bytes in *N, 0 when there is none. */
static enum cond_op op_at(const char *s, size_t *n)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		*n = strlen(ops[i].text);
		if (!strncmp(s, ops[i].text, *n))
			return ops[i].op;
	}
	*n = 0;
	return COND_NONE;
}

struct word {
	const char *at;
	char text[FILTER_BYTES_MAX + 1];
	bool quoted;
};

/* In quotes only a quote needs a backslash: others are a regex's. */
static int read_quoted(struct parser *p, struct word *w)
{
	char quote = *p->at++;
	size_t n = 0;

	while (*p->at && *p->at != quote) {
		if (p->at[0] == '\\' && p->at[1] == quote)
			p->at++;
		w->text[n++] = *p->at++;
	}
	w->text[n] = '\0';
	w->quoted = true;
	return *p->at++ == quote ? 0 : wrong(p, w->at, "the quote has no end");
}

/* Up to a blank, an operator unless it is a VALUE, or a parenthesis that is
 * not opened within: "(*conn).serve" can be written as it is. */
static int read_word(struct parser *p, struct word *w, bool value)
{
	size_t n = 0, op_n, open = 0;

	w->at = p->at;
	w->quoted = false;
	if (*p->at == '"' || *p->at == '\'')
		return read_quoted(p, w);
	for (; *p->at && !strchr(" \t\n", *p->at); p->at++) {
		if (!value && op_at(p->at, &op_n) != COND_NONE)
			break;
		open += *p->at == '(';
		if (*p->at == ')' && open-- == 0)
			break;
		w->text[n++] = *p->at;
	}
	w->text[n] = '\0';
	return 0;
}

static int read_cond(struct parser *p, struct word *field, struct word *value)
{
	struct cond *c = &p->f->at[p->f->n].cond;
	enum cond_op op;
	bool at_value;
	const char *s;
	size_t n;
	int rc;

	s = skip_blanks(p->at);
	op = op_at(s, &n);
	value->text[0] = '\0';
	if (op != COND_NONE) {
		p->at = skip_blanks(s + n);
		rc = read_word(p, value, true);
		if (rc < 0)
			return rc;
		if (!*value->text && !value->quoted)
			return wrong(p, value->at, "a value is missing");
	}
	rc = emit(p, COND);
	if (rc == 0)
		rc = cond_init(c, field->text, field->quoted, op, value->text,
			       &at_value, p->e);
	return rc < 0 ? at_column(p, at_value ? value->at : field->at, rc) : 0;
}

/* Expressions ---------------------------------------------------------------*/

/* Whether S begins with the word KEY; its bytes, or 0. */
static size_t key_at(const char *s, const char *key)
{
	size_t n = strlen(key);

	return !strncasecmp(s, key, n) && strchr(" \t\n()!\"'", s[n]) ? n : 0;
}

/* "and" or "or", likewise. */
static size_t joint_at(const char *s, enum kind *kind)
{
	size_t or = key_at(s, "or");

	*kind = or ? OR : AND;
	return or ? or : key_at(s, "and");
}

/* A condition, or what may stand before one; then *MORE is needed. */
static int read_operand(struct parser *p, struct word *w, struct word *value,
			bool *more)
{
	enum kind kind;
	size_t n;
	int rc;

	*more = true;
	if (*p->at == '(') {
		p->at++;
		return push(p, OPEN);
	}
	n = *p->at == '!' ? 1 : key_at(p->at, "not");
	if (n) {
		p->at += n;
		return push(p, NOT);
	}
	if (op_at(p->at, &n) != COND_NONE)
		return wrong(p, p->at, "a field is missing before it");
	if (*p->at == ')' || joint_at(p->at, &kind))
		return wrong(p, p->at, "a condition is missing before it");
	*more = false;
	rc = read_word(p, w, false);
	return rc < 0 ? rc : read_cond(p, w, value);
}

static int close_one(struct parser *p)
{
	int rc = emit_waiting(p, OR);

	if (rc < 0)
		return rc;
	if (!p->n_ops)
		return wrong(p, p->at, "nothing is opened here");
	p->n_ops--;
	p->at++;
	return 0;
}

/* Between two conditions: "and", "or", or nothing, which is "and". */
static int read_joint(struct parser *p)
{
	enum kind kind;
	int rc;

	p->at += joint_at(p->at, &kind);
	rc = emit_waiting(p, kind);
	return rc < 0 ? rc : push(p, kind);
}

static int finish(struct parser *p, bool more)
{
	int rc;

	if (more)
		return wrong(p, p->at, "a condition is missing here");
	rc = emit_waiting(p, OR);
	if (rc == 0 && p->n_ops)
		rc = wrong(p, p->at, "a ) is missing");
	return rc;
}

static int parse(struct parser *p, struct word *w, struct word *value)
{
	bool more = true;
	int rc = 0;

	while (rc == 0 && *(p->at = skip_blanks(p->at))) {
		if (more)
			rc = read_operand(p, w, value, &more);
		else if (*p->at == ')')
			rc = close_one(p);
		else
			more = (rc = read_joint(p)) == 0;
	}
	return rc < 0 ? rc : finish(p, more);
}

int filter_new(struct filter **out, const char *expr, struct err *e)
{
	struct filter *f = calloc(1, sizeof(*f));
	struct word *words = calloc(2, sizeof(*words));
	struct parser p = { .f = f, .expr = expr, .at = expr, .e = e };
	int rc = 0;

	if (!f || !words)
		rc = err_set(e, -ENOMEM, "filter");
	else if (strlen(expr) > FILTER_BYTES_MAX)
		rc = err_say(e, -E2BIG, "filter of more than %d bytes",
			     FILTER_BYTES_MAX);
	else if (*skip_blanks(expr))
		rc = parse(&p, &words[0], &words[1]);
	free(words);
	if (rc < 0) {
		filter_free(f);
		return rc;
	}
	*out = f;
	return 0;
}

void filter_free(struct filter *f)
{
	for (size_t i = 0; f && i < f->n; i++)
		cond_release(&f->at[i].cond);
	free(f);
}

/* Asking --------------------------------------------------------------------*/

int filter_begin(struct filter *f, const struct snapshot *s)
{
	int rc = 0;

	f->s = s;
	for (size_t i = 0; rc == 0 && i < f->n; i++)
		if (f->at[i].kind == COND)
			rc = cond_begin(&f->at[i].cond, s);
	return rc;
}

bool filter_row(struct filter *f, const struct snap_row *row)
{
	bool stack[TERMS_MAX + 1] = { true };
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct term *t = &f->at[i];

		if (t->kind == COND) {
			stack[n++] = cond_holds(&t->cond, f->s, row);
		} else if (t->kind == NOT) {
			stack[n - 1] = !stack[n - 1];
		} else {
			n--;
			stack[n - 1] = t->kind == AND ?
				       stack[n - 1] && stack[n] :
				       stack[n - 1] || stack[n];
		}
	}
	return stack[0];
}

int filter_snapshot(struct filter *f, struct snapshot *s)
{
	uint32_t kept = 0;
	int rc = filter_begin(f, s);

	for (uint32_t i = 0; rc == 0 && i < s->row_count; i++)
		if (filter_row(f, &s->rows[i]))
			s->rows[kept++] = s->rows[i];
	if (rc == 0)
		s->row_count = kept;
	return rc;
}
