/*
 * A record is a line "COUNT @ 0xPC 0xPC", perhaps "# labels: {...}", a line
 * "#\t0xPC\tFUNC+0xOFFSET\tFILE:LINE" for each frame, and an empty line.  Go
 * leaves out the runtime's frames at the leaf.
 */
#include "lib/snapshot/parse_pprof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"

static const char first_line[] = "goroutine profile: total ";
static const char labels_line[] = "# labels: ";

struct record {
	int64_t count;          /* 0: none begun */
	uint32_t n;             /* frames */
	bool named;             /* they are those of lines, not bare pcs */
	uint32_t labels;        /* string */
	struct snap_frame frames[SNAP_DEPTH_MAX];
};

static void add_frame(struct record *r, struct snap_frame f)
{
	if (r->n < SNAP_DEPTH_MAX)
		r->frames[r->n++] = f;
}

/* "COUNT @ 0xPC 0xPC..." */
static void begin_record(struct snapshot *s, struct record *r, const char *line)
{
	char *end;
	long long count = strtoll(line, &end, 10);

	r->count = 0;
	r->n = 0;
	r->named = false;
	r->labels = 0;
	if (count < 1 || strncmp(end, " @", 2) != 0) {
		s->dropped++;
		return;
	}
	r->count = count;
	for (end += 2; strncmp(end, " 0x", 3) == 0; )
		add_frame(r, (struct snap_frame){
			.pc = strtoull(end + 1, &end, 16),
		});
}

/* Cuts LINE at its last MARK; what is behind it, or NULL. */
static char *cut(char *line, const char *mark)
{
	char *at = NULL;

	for (char *p = line; (p = strstr(p, mark)); p++)
		at = p;
	if (!at)
		return NULL;
	*at = 0;
	return at + strlen(mark);
}

/* "#\t0xPC\tFUNC+0xOFFSET\t\tFILE:LINE" */
static void read_frame(struct snapshot *s, struct record *r, char *line)
{
	char none[] = "", *rest = line, *offset, *number;
	char *field[4] = { none, none, none, none };
	struct snap_frame f = { 0 };

	for (int i = 0; i < 4 && rest; ) {
		char *one = strsep(&rest, "\t");

		if (*one)
			field[i++] = one;
	}
	if (!r->named)
		r->n = 0;
	r->named = true;
	offset = cut(field[2], "+0x");
	number = cut(field[3], ":");
	f.pc = strtoull(field[1], NULL, 16);
	f.func = strtab_put(&s->strings, field[2]);
	f.file = strtab_put(&s->strings, field[3]);
	f.offset = offset ? (uint32_t)strtoul(offset, NULL, 16) : 0;
	f.line = number ? (uint32_t)strtoul(number, NULL, 10) : 0;
	add_frame(r, f);
}

static void end_record(struct snapshot *s, struct record *r)
{
	int64_t room = SNAP_ROWS_MAX - s->row_count;
	uint32_t stack;

	if (r->count > room) {
		s->dropped += r->count - room;
		r->count = room;
	}
	if (r->count == 0)
		return;
	stack = snapshot_stack(s, r->frames, r->n);
	for (; r->count > 0; r->count--) {
		struct snap_row *row = snapshot_row(s);

		if (!row)
			continue;
		row->stack = stack;
		row->labels = r->labels;
		s->torn += stack == SNAP_NONE;
	}
}

static void take_line(struct snapshot *s, struct record *r, char *line)
{
	if (*line == 0)
		end_record(s, r);
	else if (strncmp(line, labels_line, sizeof(labels_line) - 1) == 0)
		r->labels = strtab_put(&s->strings,
				       line + sizeof(labels_line) - 1);
	else if (*line == '#')
		read_frame(s, r, line);
	else
		begin_record(s, r, line);
}

int parse_pprof(struct snapshot *s, const char *body, size_t n, struct err *e)
{
	struct record *r = calloc(1, sizeof(*r));
	char *copy = strndup(body ? body : "", n), *rest = copy, *line;
	int rc = 0;

	if (!r || !copy) {
		rc = err_set(e, -ENOMEM, "goroutines");
		goto out;
	}
	line = strsep(&rest, "\n");
	if (strncmp(line, first_line, sizeof(first_line) - 1) != 0) {
		rc = err_say(e, -EBADMSG, "answer is no goroutine profile");
		goto out;
	}
	s->total = strtoll(line + sizeof(first_line) - 1, NULL, 10);
	if (s->total < 0)
		s->total = SNAP_UNKNOWN;
	while (rest)
		take_line(s, r, strsep(&rest, "\n"));
	end_record(s, r);
out:
	free(copy);
	free(r);
	return rc;
}
