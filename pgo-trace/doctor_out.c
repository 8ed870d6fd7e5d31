#include "pgo-trace/doctor_out.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/safe_text.h"
#include "lib/snapshot/snap_json.h"

static const char *const states[] = {
	[DOCTOR_FINE] = "ok", [DOCTOR_NOTE] = "note",
	[DOCTOR_HINDERS] = "hinders",
};

static void put_remedy(struct buf *out, const char *line)
{
	while (*line) {
		size_t n = strcspn(line, "\n");

		buf_printf(out, "%9s%.*s\n", "", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

void doctor_text(struct buf *out, const struct doctor_finding *at, size_t n)
{
	char what[sizeof(at->what)];

	for (size_t i = 0; i < n; i++) {
		safe_text(what, sizeof(what), at[i].what, strlen(at[i].what));
		buf_printf(out, "%-8s %s: %s\n", states[at[i].state],
			   at[i].check, what);
		put_remedy(out, at[i].remedy);
	}
}

void doctor_json(struct buf *out, const struct doctor_finding *at, size_t n)
{
	struct json j;

	json_init(&j, out);
	json_object_begin(&j);
	snap_json_number(&j, "schema", 1);
	json_key(&j, "checks");
	json_array_begin(&j);
	for (size_t i = 0; i < n; i++) {
		json_object_begin(&j);
		snap_json_text(&j, "name", at[i].check);
		snap_json_text(&j, "state", states[at[i].state]);
		snap_json_text(&j, "what", at[i].what);
		snap_json_text(&j, "remedy", at[i].remedy);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	buf_put_u8(out, '\n');
}
