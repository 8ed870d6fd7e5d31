/*
 * Who answers at an address: our agents say so in their live view.  A Go
 * program has none and stays unknown.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/buf.h"
#include "lib/target/target.h"

enum { VIEW_BYTES_MAX = 1 << 20 };

/* Of {"target":{"pid":N,"exe":"..."}}; anything else changes nothing. */
static int take(struct target *t, const struct buf *body)
{
	json_t *view = json_loadb((const char *)body->data, body->len, 0, NULL);
	const json_t *who = json_object_get(view, "target");
	json_int_t pid = json_integer_value(json_object_get(who, "pid"));
	const char *exe = json_string_value(json_object_get(who, "exe"));
	int rc = -ENODATA;

	if (pid > 0 && pid <= INT32_MAX && exe &&
	    strlen(exe) < sizeof(t->exe)) {
		t->pid = (pid_t)pid;
		strcpy(t->exe, exe);
		rc = 0;
	}
	json_decref(view);
	return rc;
}

int target_identify(struct target *t, int64_t deadline_ns)
{
	struct target_ask ask = { .deadline_ns = deadline_ns,
				  .max = VIEW_BYTES_MAX };
	struct http_answer a = { 0 };
	int rc = 0;

	if (!t->pid) {
		rc = target_get(t, "/debug/pgo/top", &ask, &a, NULL);
		if (rc == 0)
			rc = take(t, &a.body);
		http_answer_release(&a);
	}
	return rc;
}
