#include "lib/snapshot/where.h"

#include <string.h>

#define PARK_DEPTH_MAX 8u       /* frames between a park and its pgo_... */

void frame_name(const struct snapshot *s, const struct snap_frame *f,
		struct buf *out)
{
	if (f->func)
		buf_put_str(out, snapshot_string(s, f->func));
	else
		buf_printf(out, "0x%llx", (unsigned long long)f->pc);
}

bool frame_is_runtime(const struct snapshot *s, const struct snap_frame *f)
{
	static const char *const begin[] = {
		"pgo_", "__wrap_", "runtime.", "__morestack",
	};
	const char *name = snapshot_string(s, f->func);

	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		if (strncmp(name, begin[i], strlen(begin[i])) == 0)
			return true;
	/* What Go's runtime lends its library: sync.runtime_Semacquire. */
	return strstr(name, ".runtime_") != NULL;
}

/* Of the runtime's own goroutines: who parks, not how. */
static uint32_t first_working(const struct snapshot *s,
			      const struct snap_frame *f, uint32_t depth)
{
	uint32_t i = 0;

	while (i + 1 < depth && strstr(snapshot_string(s, f[i].func), "park"))
		i++;
	return i;
}

/*
 * The first frame that is the program's own.  Who waits stands below the call
 * of pgo_... that parked it, and frames without a telling name are above that;
 * who does not, below the calls it is in.
 */
static uint32_t first_own(const struct snapshot *s, unsigned int state,
			  const struct snap_frame *f, uint32_t depth)
{
	uint32_t own = 0;

	if (state == SNAP_WAITING)
		while (own < depth && own < PARK_DEPTH_MAX &&
		       !frame_is_runtime(s, &f[own]))
			own++;
	if (own == depth || !frame_is_runtime(s, &f[own]))
		own = 0;
	while (own < depth && frame_is_runtime(s, &f[own]))
		own++;
	return own < depth ? own : first_working(s, f, depth);
}

uint32_t where_frame(const struct snapshot *s, uint32_t stack,
		     unsigned int state)
{
	uint32_t depth;
	const struct snap_frame *f = snapshot_frames(s, stack, &depth);

	return f ? first_own(s, state, f, depth) : 0;
}

uint32_t where_func(const struct snapshot *s, uint32_t stack,
		    unsigned int state)
{
	uint32_t depth;
	const struct snap_frame *f = snapshot_frames(s, stack, &depth);

	return f ? f[first_own(s, state, f, depth)].func : 0;
}

void where_put(const struct snapshot *s, uint32_t stack, unsigned int state,
	       uint32_t max, struct buf *out)
{
	uint32_t depth, from;
	const struct snap_frame *f = snapshot_frames(s, stack, &depth);

	if (!f) {
		buf_put_str(out, "-");
		return;
	}
	from = first_own(s, state, f, depth);
	/* How every goroutine begins tells nothing. */
	while (depth - 1 > from && frame_is_runtime(s, &f[depth - 1]))
		depth--;
	for (uint32_t i = from; i < depth && i - from < max; i++) {
		if (i > from)
			buf_put_str(out, " < ");
		frame_name(s, &f[i], out);
	}
}
