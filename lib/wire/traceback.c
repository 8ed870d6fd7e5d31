/*
 * Arguments are "...", as Go writes them for inlined functions: we know none.
 *
 * A place without a file is "??:0".  Not chosen: the module's path in its
 * stead, for readers take only names ending in .go, .c or .s, or "??", for
 * files; the module belongs into the function's name.
 */
#include "lib/wire/traceback.h"

void traceback_header(const struct text_sink *t, uint64_t id,
		      const char *state, uint64_t wait_minutes,
		      const char *extra)
{
	text_put(t, "goroutine ");
	text_uint(t, id);
	text_put(t, " [");
	text_name(t, state);
	if (wait_minutes) {
		text_put(t, ", ");
		text_uint(t, wait_minutes);
		text_put(t, " minutes");
	}
	if (extra && *extra) {
		text_put(t, ", ");
		text_name(t, extra);
	}
	text_put(t, "]:\n");
}

static void place(const struct text_sink *t, const char *file, uint32_t line,
		  uint64_t offset)
{
	text_put(t, "\n\t");
	if (file && *file) {
		text_name(t, file);
		text_put(t, ":");
		text_uint(t, line);
	} else {
		text_put(t, "\?\?:0");
	}
	if (offset) {
		text_put(t, " +");
		text_hex(t, offset);
	}
	text_put(t, "\n");
}

static void name(const struct text_sink *t, const char *function)
{
	text_name(t, function && *function ? function : "\?\?");
}

void traceback_frame(const struct text_sink *t, const char *function,
		     const char *file, uint32_t line, uint64_t offset)
{
	name(t, function);
	text_put(t, "(...)");
	place(t, file, line, offset);
}

void traceback_elided(const struct text_sink *t, uint64_t n)
{
	text_put(t, "...");
	text_uint(t, n);
	text_put(t, " frames elided...\n");
}

void traceback_created_by(const struct text_sink *t, const char *function,
			  uint64_t parent_id, const char *file, uint32_t line,
			  uint64_t offset)
{
	text_put(t, "created by ");
	name(t, function);
	if (parent_id) {
		text_put(t, " in goroutine ");
		text_uint(t, parent_id);
	}
	place(t, file, line, offset);
}
