#include "lib/snapshot/fields.h"

#include <string.h>
#include <strings.h>

const struct field row_fields[ROW_FIELDS] = {
	[ROW_ID] = { "id", "id", "ID", "number", UNIT_ID, 8, false },
	[ROW_SINCE] = { "wait", "since_ns", "SINCE",
			"time in its state", UNIT_NS, 8, true },
	[ROW_STACK_BYTES] = { "stack", "stack_bytes", "STACK",
			      "memory of its stack", UNIT_BYTES, 7, true },
	[ROW_STACK_USED] = { "used", "stack_used", "USED",
			     "of it in use", UNIT_BYTES, 7, true },
	[ROW_SEGMENTS] = { "segments", "segments", "SEGS",
			   "segments of its stack", UNIT_COUNT, 5, true },
	[ROW_GROWS] = { "grows", "grows", "GROWS",
			"times its stack grew", UNIT_COUNT, 6, true },
	[ROW_SHRINKS] = { "shrinks", "shrinks", "SHRNK",
			  "times its stack shrank", UNIT_COUNT, 6, true },
	[ROW_ENTERS] = { "enters", "enters", "ENTERS",
			 "times a segment was entered", UNIT_COUNT, 7, true },
	[ROW_M] = { "m", "m", "M", "thread it is on", UNIT_ID, 4, false },
	[ROW_P] = { "p", "p", "P", "processor it is on", UNIT_ID, 4, false },
	[ROW_PARKS] = { "parks", "parks", "PARKS",
			"times it left its thread", UNIT_COUNT, 7, true },
	[ROW_RUNS] = { "runs", "runs", "RUNS", "times it began to run",
		       UNIT_COUNT, 7, true },
	[ROW_LAST_P] = { "last_p", "last_p", "LAST-P",
			 "processor it ran on last", UNIT_ID, 6, false },
	[ROW_WOKEN_BY] = { "woken_by", "woken_by", "WOKEN-BY",
			   "goroutine that woke it last", UNIT_ID, 8, false },
	[ROW_RUN] = { "run", "run_ns", "RUN", "time it ran, if that is kept",
		      UNIT_NS, 8, true },
	[ROW_READY] = { "ready", "ready_ns", "READY",
			"time it was ready to run, if kept", UNIT_NS, 8, true },
	[ROW_BLOCKED] = { "blocked", "blocked_ns", "BLOCKED",
			  "time it was blocked, if kept", UNIT_NS, 8, true },
	[ROW_STATE] = { "state", "state", "STATE", "what it does", UNIT_TEXT, 8,
			false },
	[ROW_REASON] = { "reason", "reason", "REASON", "what it waits for",
			 UNIT_TEXT, 14, false },
	[ROW_WHERE] = { "where", "frames", "WHERE",
			"where it stands, callers behind <", UNIT_TEXT, 0,
			false },
	[ROW_CREATED] = { "created", "created_by", "CREATED BY",
			  "the function that created it", UNIT_TEXT, 24,
			  false },
	[ROW_LABELS] = { "labels", "labels", "LABELS", "pprof labels",
			 UNIT_TEXT, 24, false },
};

const struct field group_fields[GROUP_FIELDS] = {
	[GROUP_COUNT] = { "count", "count", "COUNT",
			  "goroutines with this stack", UNIT_COUNT, 8, true },
	[GROUP_RATE] = { "rate", "rate", "+/s",
			 "change of count a second", UNIT_MILLI, 7, true },
	[GROUP_WAIT_MAX] = { "wait", "wait_max_ns", "WAIT-MAX",
			     "longest time in this state", UNIT_NS, 8, true },
	[GROUP_WAIT_P50] = { "p50", "wait_p50_ns", "WAIT-P50",
			     "median time in this state", UNIT_NS, 8, true },
	[GROUP_STACK_BYTES] = { "stack", "stack_bytes", "STACK",
				"stack memory of all of them", UNIT_BYTES, 7,
				true },
	[GROUP_REASON] = { "reason", "reason", "REASON",
			   "what they wait for, or their state", UNIT_TEXT, 14,
			   false },
	[GROUP_WHERE] = { "where", "frames", "WHERE",
			  "where they stand, callers behind <", UNIT_TEXT, 0,
			  false },
};

/* Whether NAME is TEXT (2), its beginning (1) or neither. */
static int likeness(const char *text, const char *name)
{
	if (strcasecmp(text, name) == 0)
		return 2;
	return strncasecmp(text, name, strlen(name)) == 0;
}

int field_find(const struct field *fields, int n, const char *name)
{
	int found = -1, near = 0;

	if (*name == 0)
		return -1;
	for (int i = 0; i < n; i++) {
		int like = likeness(fields[i].name, name);

		if (like == 2 || likeness(fields[i].column, name) == 2)
			return i;
		if (like) {
			found = i;
			near++;
		}
	}
	return near == 1 ? found : -1;
}
