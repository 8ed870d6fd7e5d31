/* One condition of a filter: "wait>1m", "fn~serve", "locked", a word. */
#ifndef LIB_SNAPSHOT_CONDITION_H
#define LIB_SNAPSHOT_CONDITION_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/snapshot/fields.h"
#include "lib/snapshot/match.h"
#include "lib/snapshot/snapshot.h"

enum cond_kind {
	COND_NUMBER,            /* of a row */
	COND_CREATOR,
	COND_FLAG,
	COND_STATE,
	COND_REASON,
	COND_STRING,            /* a string of a row */
	COND_LABEL,
	COND_FUNC,              /* of any frame */
	COND_FILE,
	COND_WORD,              /* as match.h looks for it */
};

struct cond_field {
	const char *name;
	enum cond_kind kind;
	enum unit unit;
	int number;             /* enum snap_number */
	size_t offset;          /* of a string or flag in struct snap_row */
};

enum cond_op {
	COND_NONE,              /* the field alone */
	COND_EQ, COND_NE, COND_MATCH, COND_NO_MATCH,
	COND_LT, COND_LE, COND_GT, COND_GE,
};

struct cond {
	struct cond_field field;
	enum cond_op op;
	char *key;              /* of a label */
	char *text;             /* what to compare with */
	int64_t value;          /* the same of numbers */
	regex_t re;
	bool has_re;
	struct match match;     /* of a word */
	/* What was found out, by id of a stack or string: 0 nothing yet, else
	 * 1 + the answer. */
	uint8_t *known;
	uint32_t known_n;
};

/*
 * FIELD OP VALUE; with COND_NONE a flag or label.KEY, else, also when QUOTED,
 * FIELD is a word to look for.  0; -EINVAL and why in E, *AT_VALUE telling
 * whether it is VALUE's fault; -ENOMEM.  cond_release() in any case.
 */
int cond_init(struct cond *c, const char *field, bool quoted, enum cond_op op,
	      const char *value, bool *at_value, struct err *e);
void cond_release(struct cond *c);

/* As filter_begin() and filter_row(). */
int cond_begin(struct cond *c, const struct snapshot *s);
bool cond_holds(struct cond *c, const struct snapshot *s,
		const struct snap_row *row);

#endif
