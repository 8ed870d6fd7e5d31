/* lib/target/go/offsets: the rows that come with pgo are whole, and a row that
 * is not is refused, the line named. */
#include "lib/target/go/offsets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "test/unit/cmocka_all.h"

static struct go_offsets o;

/* Behind what every struct's first member is, less than any size. */
static void put_fields(struct buf *b)
{
	const struct go_field_name *name;

	for (int f = 0; f < GO_FIELD_COUNT; f++) {
		name = &go_field_names[f];
		if (*name->member)
			buf_printf(b, "%s.%.*s %d\n", name->type,
				   (int)strcspn(name->member, "|"),
				   name->member, f);
		else
			buf_printf(b, "%s size 4096\n", name->type);
	}
}

/* A whole row of 1.26 with TEXT, when it is not NULL, in place of the first
 * line that begins with OLD. */
static int parse_patch(int patch, const char *old, const char *text,
		       struct err *e)
{
	struct buf row = { 0 }, with = { 0 };
	const char *all, *at;
	int rc;

	buf_put_str(&row, "# made up\ngo 1.26\nverified yes\n");
	put_fields(&row);
	buf_put_str(&row, "reason 0 \"\"\nreason 1 \"IO wait\"\n");
	all = buf_str(&row);
	for (at = all; old && strncmp(at, old, strlen(old)); at++)
		assert_non_null(at = strchr(at, '\n'));
	buf_put(&with, all, (size_t)(at - all));
	if (text) {
		buf_put_str(&with, text);
		at = strchr(at, '\n') + 1;
	}
	buf_put_str(&with, at);
	rc = go_offsets_parse(&o, 26, patch, (char *)with.data, with.len,
			      "row", e);
	buf_release(&row);
	buf_release(&with);
	return rc;
}

static int parse_with(const char *old, const char *text, struct err *e)
{
	return parse_patch(GO_PATCH_NEWEST, old, text, e);
}

static void every_row_that_comes_with_pgo_is_whole(void **state)
{
	struct err e = { 0 };
	int min, max;

	(void)state;
	assert_int_equal(go_offsets_range(&min, &max), 0);
	assert_true(min <= 19 && max >= 26);
	for (int minor = min; minor <= max; minor++) {
		if (go_offsets_load(&o, minor, GO_PATCH_NEWEST, &e) < 0)
			fail_msg("%s", e.text);
		assert_int_equal(o.minor, minor);
		assert_true(go_offsets_complete(&o));
		assert_true(o.reasons > 20);
		assert_string_equal(o.reason[2], "IO wait");
	}
}

static void a_version_without_a_row_is_enoent(void **state)
{
	(void)state;
	assert_int_equal(go_offsets_load(&o, 998, 0, NULL), -ENOENT);
}

static void a_row_says_where_things_are(void **state)
{
	struct err e = { 0 };

	(void)state;
	if (parse_with(NULL, NULL, &e) < 0)
		fail_msg("%s", e.text);
	assert_true(o.verified);
	assert_int_equal(o.at[GO_G_SIZE], 4096);
	assert_int_equal(o.at[GO_G_GOID], GO_G_GOID);
	assert_int_equal(o.reasons, 2);
	assert_string_equal(o.reason[1], "IO wait");
	assert_int_equal(parse_with("verified", "verified no\n", &e), 0);
	assert_false(o.verified);
}

static void what_a_version_has_not_is_minus_one(void **state)
{
	(void)state;
	assert_int_equal(parse_with("g.goid ", "g.goid -\n", NULL), 0);
	assert_int_equal(o.at[GO_G_GOID], -1);
	assert_false(go_offsets_complete(&o));
}

static void patches_before_a_change_have_the_older_offset(void **state)
{
	static const char rows[] =
		"before 1.26.7 g.goid 300\nbefore 1.26.7 g.m -\n"
		"before 1.26.2 g.goid 200\nbefore 1.26.2 not.yet 4\n"
		"reason 0 \"\"\n";
	static const int32_t goid[] = { 200, 200, 300, 300, 300, 300, 300,
					GO_G_GOID };

	(void)state;
	for (int patch = 0; patch < 8; patch++) {
		assert_int_equal(parse_patch(patch, "reason 0", rows, NULL),
				 0);
		assert_int_equal(o.at[GO_G_GOID], goid[patch]);
		assert_int_equal(o.at[GO_G_M], patch < 7 ? -1 : GO_G_M);
	}
}

static void rows_know_that_m_grew_in_a_patch(void **state)
{
	int32_t newer;

	(void)state;
	assert_int_equal(go_offsets_load(&o, 24, 6, NULL), 0);
	newer = o.at[GO_M_ALLLINK];
	assert_int_equal(go_offsets_load(&o, 24, 5, NULL), 0);
	assert_int_equal(o.at[GO_M_ALLLINK], newer - 24);
}

static void a_field_of_a_newer_row_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(parse_with("# made", "g.not_yet 8\n", NULL), 0);
	assert_int_equal(parse_with("# made", "g.not.yet -\n", NULL), 0);
}

static void nonsense_refuses_the_row_and_names_the_line(void **state)
{
	static const struct {
		const char *line, *with, *why;
	} bad[] = {
		{ "go ", "go 1.25\n", "row:2: another version" },
		{ "go ", "go 2.1\n", "row:2: no version" },
		{ "go ", "\n", "row: no go" },
		{ "verified", "verified maybe\n", "row:3: neither" },
		{ "verified", "verified yes \n", "row:3: neither" },
		{ "verified", "verified yes\nverified no\n", "row:4: said" },
		{ "g.goid ", "g.goid 8\ng.goid 8\n", "said twice" },
		{ "g.goid ", "\n", "row: no line for g.goid" },
		{ "g.goid ", "g.goid\n", "not understood" },
		{ "g.goid ", "g.goid 65536\n", "no offset" },
		{ "g.goid ", "g.goid 99999999999999999999\n", "no offset" },
		{ "g.goid ", "g.goid -1\n", "no offset" },
		{ "g.goid ", "g.goid 0x10\n", "no offset" },
		{ "g.goid ", "g.goid \n", "no offset" },
		{ "g.goid ", "g.goid 4096\n", "outside its struct" },
		{ "g size", "g size 8\n", "outside its struct" },
		{ "# made", "g.not_yet x\n", "row:1: no offset" },
		{ "# made", "anything\n", "row:1: not understood" },
		{ "reason 0", "reason 1 \"\"\n", "not the next" },
		{ "reason 1", "reason 96 \"\"\n", "no reason" },
		{ "reason 1", "reason 1 x\n", "no reason" },
		{ "reason 1", "reason 1 \"\n", "not a short text" },
		{ "reason 1", "reason 1 \"a\033b\"\n", "not plain text" },
		{ "reason 1", "reason 1 \"a\"b\"\n", "not plain text" },
		{ "reason 1", "reason 1 \"                          "
		  "                                \"\n", "not a short text" },
		{ "reason 1", "reason 1 \"IO wait\"", "cut short" },
		{ "reason 1", "before 1.25.1 g.goid 8\n", "no patch" },
		{ "reason 1", "before 1.26 g.goid 8\n", "no patch" },
		{ "reason 1", "before 1.26.x g.goid 8\n", "no patch" },
		{ "reason 1", "before 1.26.1 g.goid x\n", "no offset" },
		{ "g.goid ", "before 1.26.1 g.goid 8\n", "before what" },
		{ "reason 1", "before 1.26.1 g.goid 8\n"
		  "before 1.26.2 g.goid 16\n", "later than" },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (!parse_with(bad[i].line, bad[i].with, &e))
			fail_msg("taken: %s", bad[i].with);
		assert_int_equal(e.code, -EBADMSG);
		if (!strstr(e.text, bad[i].why))
			fail_msg("\"%s\" is said, not \"%s\"", e.text,
				 bad[i].why);
	}
}

static void an_empty_row_is_no_row(void **state)
{
	(void)state;
	assert_int_equal(go_offsets_parse(&o, 26, 0, "", 0, "row", NULL),
			 -EBADMSG);
}

/* The folder that PGO_SHARE names wins over what is beside the program. */
static void pgo_share_says_where_rows_are(void **state)
{
	struct err e = { 0 };
	int min, max;

	(void)state;
	setenv("PGO_SHARE", "/nowhere", 1);
	assert_int_equal(go_offsets_load(&o, 26, 0, &e), -ENOENT);
	assert_string_equal(e.text,
			    "/nowhere/go: no such folder (PGO_SHARE)");
	assert_int_equal(go_offsets_range(&min, &max), -ENOENT);
	unsetenv("PGO_SHARE");
	assert_int_equal(go_offsets_load(&o, 26, 0, &e), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_that_comes_with_pgo_is_whole),
		cmocka_unit_test(a_version_without_a_row_is_enoent),
		cmocka_unit_test(a_row_says_where_things_are),
		cmocka_unit_test(what_a_version_has_not_is_minus_one),
		cmocka_unit_test(a_field_of_a_newer_row_is_left_alone),
		cmocka_unit_test(patches_before_a_change_have_the_older_offset),
		cmocka_unit_test(rows_know_that_m_grew_in_a_patch),
		cmocka_unit_test(nonsense_refuses_the_row_and_names_the_line),
		cmocka_unit_test(an_empty_row_is_no_row),
		cmocka_unit_test(pgo_share_says_where_rows_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
