/*
 * Rows of offsets, from text:
 *
 *     # how it was made
 *     go 1.26
 *     verified yes
 *     g size 456
 *     g.stack 0
 *     g.syscallbp -
 *     before 1.26.3 m.alllink 328
 *     reason 2 "IO wait"
 *
 * One field a line and every field of GO_FIELDS once, "-" for what that
 * version has not; reasons in the order of their numbers.  Structures change
 * in patch releases too: the row is the newest's, and what was elsewhere before
 * is said behind it, latest first.  A field this program does not know is left
 * alone: rows may be newer.
 *
 * A row decides which bytes of another process are taken for what, so it is
 * read as if somebody wanted to mislead: everything has a bound, a member lies
 * within its struct, and what is not understood refuses the whole row.
 */
#include "lib/target/go/offsets.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/target/share.h"

enum {
	ROW_BYTES_MAX = 65536,
	OFFSET_MAX = 65535,     /* the greatest today is some 16000, in p */
	GOBUF_BYTES = 64,       /* 56 at most today */
	VERSION_MAX = 999,      /* of each of its numbers */
};

const struct go_field_name go_field_names[GO_FIELD_COUNT] = {
#define X(id, type, member) [id] = { type, member },
	GO_FIELDS(X)
#undef X
};

/* What every reader needs, whatever else it shows. */
static const enum go_field needed[] = {
	GO_G_SIZE, GO_G_STACK, GO_G_M, GO_G_SCHED, GO_G_SYSCALLSP,
	GO_G_SYSCALLPC, GO_G_STATUS, GO_G_GOID, GO_G_WAITREASON, GO_G_GOPC,
	GO_G_STARTPC, GO_GOBUF_SP, GO_GOBUF_PC, GO_M_G0, GO_M_PROCID,
	GO_M_CURG, GO_MD_SIZE, GO_MD_PCHEADER, GO_MD_FUNCNAMETAB, GO_MD_MINPC,
	GO_MD_MAXPC, GO_MD_TEXT, GO_MD_ETEXT, GO_MD_NEXT,
};

bool go_offsets_complete(const struct go_offsets *o)
{
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (o->at[needed[i]] < 0)
			return false;
	return true;
}

/* Bounds ------------------------------------------------------------------ */

/* Bytes that are read at member F, at most. */
static int32_t width(enum go_field f)
{
	static const struct {
		enum go_field f;
		int32_t bytes;
	} wide[] = {
		{ GO_G_STACK, 16 }, { GO_G_SCHED, GOBUF_BYTES },
		{ GO_HCHAN_RECVQ, 16 }, { GO_HCHAN_SENDQ, 16 },
		{ GO_SUDOG_ELEM, 16 }, { GO_SUDOG_C, 16 },
		{ GO_MD_FUNCNAMETAB, 24 }, { GO_M_PREEMPTOFF, 16 },
		{ GO_P_TIMERS, 16 },
	};

	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
		if (wide[i].f == f)
			return wide[i].bytes;
	return 8;
}

/* The size of TYPE, or the most that is taken for it. */
static int32_t size_of(const struct go_offsets *o, const char *type)
{
	if (!strcmp(type, "gobuf"))
		return GOBUF_BYTES;
	for (int i = 0; i < GO_FIELD_COUNT; i++)
		if (!*go_field_names[i].member && o->at[i] >= 0 &&
		    !strcmp(go_field_names[i].type, type))
			return o->at[i];
	return OFFSET_MAX;
}

const struct go_field_name *go_offsets_outside(const struct go_offsets *o)
{
	const struct go_field_name *name;
	int32_t size;

	for (int f = 0; f < GO_FIELD_COUNT; f++) {
		name = &go_field_names[f];
		size = size_of(o, name->type);
		if (size > OFFSET_MAX ||
		    (*name->member &&
		     o->at[f] > size - width((enum go_field)f)))
			return name;
	}
	return NULL;
}

uint32_t go_offsets_span(const struct go_offsets *o, const enum go_field *f,
			 size_t n)
{
	int32_t end = 0;

	for (size_t i = 0; i < n; i++)
		if (o->at[f[i]] >= 0 && o->at[f[i]] + width(f[i]) > end)
			end = o->at[f[i]] + width(f[i]);
	return (uint32_t)end;
}

/* Lines ------------------------------------------------------------------- */

struct row {
	struct go_offsets *o;
	const char *at, *end;   /* of the line */
	int patch;              /* the offsets of which are wanted */
	int32_t before;         /* what the last such line said */
	bool version, verified;
	bool seen[GO_FIELD_COUNT];
};

static bool take(struct row *r, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n))
		return false;
	r->at += n;
	return true;
}

/* Digits up to the end of the line or UPTO, at most MAX. */
static bool number(struct row *r, int32_t max, char upto, int32_t *v)
{
	const char *first = r->at;

	*v = 0;
	for (; r->at < r->end && *r->at != upto; r->at++) {
		if (*r->at < '0' || *r->at > '9')
			return false;
		*v = *v * 10 + (*r->at - '0');
		if (*v > max)
			return false;
	}
	return r->at > first;
}

static const char *version_line(struct row *r)
{
	int32_t minor;

	if (r->version)
		return "said twice";
	if (!take(r, "1.") || !number(r, VERSION_MAX, '\0', &minor))
		return "no version";
	if (minor != r->o->minor)
		return "another version than the file's name";
	r->version = true;
	return NULL;
}

static const char *verified_line(struct row *r)
{
	if (r->verified)
		return "said twice";
	r->o->verified = take(r, "yes");
	if ((!r->o->verified && !take(r, "no")) || r->at != r->end)
		return "neither yes nor no";
	r->verified = true;
	return NULL;
}

static const char *reason_line(struct row *r)
{
	struct go_offsets *o = r->o;
	int32_t i;
	size_t n;

	if (!number(r, GO_REASONS_MAX - 1, ' ', &i) || !take(r, " \""))
		return "no reason";
	if ((uint32_t)i != o->reasons)
		return "not the next reason";
	n = (size_t)(r->end - r->at);
	if (n == 0 || r->at[--n] != '"' || n >= sizeof(o->reason[0]))
		return "not a short text in quotes";
	for (size_t k = 0; k < n; k++)
		if (r->at[k] < ' ' || r->at[k] > '~' || r->at[k] == '"' ||
		    r->at[k] == '\\')
			return "not plain text";
	memcpy(o->reason[i], r->at, n);
	o->reason[i][n] = '\0';
	o->reasons++;
	return NULL;
}

/* Takes the name of F, as rows have it, and the blank behind it. */
static bool take_name(struct row *r, enum go_field f)
{
	const struct go_field_name *name = &go_field_names[f];
	const char *at = r->at;
	char member[64];

	snprintf(member, sizeof(member), "%.*s",
		 (int)strcspn(name->member, "|"), name->member);
	if (take(r, name->type) &&
	    (*member ? take(r, ".") && take(r, member) : take(r, " size")) &&
	    take(r, " "))
		return true;
	r->at = at;
	return false;
}

/* The field and the offset the line ends with: *F is GO_FIELD_COUNT for one
 * that is not known. */
static const char *field(struct row *r, int *f, int32_t *v)
{
	*f = 0;
	while (*f < GO_FIELD_COUNT && !take_name(r, (enum go_field)*f))
		++*f;
	if (*f == GO_FIELD_COUNT) {
		r->at = memrchr(r->at, ' ', (size_t)(r->end - r->at));
		if (!r->at++)
			return "not understood";
	}
	*v = -1;
	if (r->end - r->at == 1 && *r->at == '-')
		return NULL;
	return number(r, OFFSET_MAX, '\0', v) ? NULL : "no offset";
}

static const char *field_line(struct row *r)
{
	const char *wrong;
	int32_t v;
	int f;

	wrong = field(r, &f, &v);
	if (wrong || f == GO_FIELD_COUNT)
		return wrong;
	if (r->seen[f])
		return "said twice";
	r->o->at[f] = v;
	r->seen[f] = true;
	return NULL;
}

/* What was elsewhere in earlier patches: the earliest that apply come last. */
static const char *before_line(struct row *r)
{
	const char *wrong;
	int32_t minor, patch, v;
	int f;

	if (!take(r, "1.") || !number(r, VERSION_MAX, '.', &minor) ||
	    minor != r->o->minor || !take(r, ".") ||
	    !number(r, VERSION_MAX, ' ', &patch) || !take(r, " "))
		return "no patch of this version";
	if (r->before && patch > r->before)
		return "later than the line before";
	r->before = patch;
	wrong = field(r, &f, &v);
	if (wrong || f == GO_FIELD_COUNT)
		return wrong;
	if (!r->seen[f])
		return "before what it changes";
	if (r->patch < patch)
		r->o->at[f] = v;
	return NULL;
}

/* NULL, or what is wrong with the line. */
static const char *line(struct row *r)
{
	if (r->at == r->end || *r->at == '#')
		return NULL;
	if (take(r, "go "))
		return version_line(r);
	if (take(r, "verified "))
		return verified_line(r);
	if (take(r, "before "))
		return before_line(r);
	if (take(r, "reason "))
		return reason_line(r);
	return field_line(r);
}

/* Rows -------------------------------------------------------------------- */

static int check(const struct row *r, const char *path, struct err *e)
{
	const struct go_field_name *name;

	if (!r->version || !r->verified || !r->o->reasons)
		return err_say(e, -EBADMSG, "%s: no go, verified or reason",
			       path);
	for (int f = 0; f < GO_FIELD_COUNT; f++) {
		name = &go_field_names[f];
		if (!r->seen[f])
			return err_say(e, -EBADMSG, "%s: no line for %s.%s",
				       path, name->type, name->member);
	}
	name = go_offsets_outside(r->o);
	if (name)
		return err_say(e, -EBADMSG, "%s: %s.%s is outside its struct",
			       path, name->type, name->member);
	return 0;
}

int go_offsets_parse(struct go_offsets *o, int minor, int patch,
		     const char *text, size_t n, const char *path,
		     struct err *e)
{
	struct row r = { .o = o, .at = text, .patch = patch };
	const char *end = text + n, *wrong;

	memset(o, 0, sizeof(*o));
	memset(o->at, 0xff, sizeof(o->at));
	o->minor = minor;
	for (unsigned int i = 1; r.at < end; i++) {
		r.end = memchr(r.at, '\n', (size_t)(end - r.at));
		if (!r.end)
			return err_say(e, -EBADMSG, "%s:%u: cut short", path,
				       i);
		text = r.end + 1;
		wrong = line(&r);
		if (wrong)
			return err_say(e, -EBADMSG, "%s:%u: %s", path, i,
				       wrong);
		r.at = text;
	}
	return check(&r, path, e);
}

int go_offsets_load(struct go_offsets *o, int minor, int patch,
		    struct err *e)
{
	char path[PATH_MAX + 32], folder[PATH_MAX];
	struct buf b = { .cap = ROW_BYTES_MAX };
	int rc;

	rc = share_folder(folder, sizeof(folder), "go", e);
	if (rc < 0)
		return rc;
	snprintf(path, sizeof(path), "%s/1.%d.offsets", folder, minor);
	rc = fd_slurp(path, &b, ROW_BYTES_MAX, e);
	if (rc == -EFBIG)
		rc = -EBADMSG;
	if (!rc)
		rc = go_offsets_parse(o, minor, patch, (const char *)b.data,
				      b.len, path, e);
	buf_release(&b);
	return rc;
}

/* The minor of a row called NAME, -1 when it is none. */
static int minor_of(const char *name)
{
	struct row r = { .at = name, .end = name + strlen(name) };
	int32_t minor;

	if (take(&r, "1.") && number(&r, VERSION_MAX, '.', &minor) &&
	    !strcmp(r.at, ".offsets"))
		return minor;
	return -1;
}

int go_offsets_range(int *min, int *max)
{
	char folder[PATH_MAX];
	struct dirent *d;
	DIR *dir;
	int minor, n = 0;

	if (share_folder(folder, sizeof(folder), "go", NULL) < 0)
		return -ENOENT;
	dir = opendir(folder);
	if (!dir)
		return -ENOENT;
	while ((d = readdir(dir))) {
		minor = minor_of(d->d_name);
		if (minor < 0)
			continue;
		*min = n == 0 || minor < *min ? minor : *min;
		*max = n == 0 || minor > *max ? minor : *max;
		n++;
	}
	closedir(dir);
	return n > 0 ? 0 : -ENOENT;
}
