#include "pgo-trace/sched_live.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/snapshot/snap_schedtrace.h"
#include "lib/target/open.h"

struct sched_live {
	struct source *src;
	struct snapshot snapshot;
	struct sched_lists lists;
};

int sched_live_open(struct sched_live **out, const struct target *t,
		    bool detail, struct err *e)
{
	const struct source_wants wants = { .no_stacks = true,
					    .sched = detail };
	struct sched_live *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return err_set(e, -ENOMEM, "%s", t->text);
	snapshot_init(&s->snapshot);
	rc = target_source_open(&s->src, t, &wants, e);
	if (rc < 0) {
		free(s);
		return rc;
	}
	*out = s;
	return 0;
}

void sched_live_close(struct sched_live *s)
{
	if (!s)
		return;
	source_close(s->src);
	snapshot_release(&s->snapshot);
	free(s);
}

int sched_live_line(struct sched_live *s, struct sched_line *l, struct err *e)
{
	int rc;

	snapshot_release(&s->snapshot);
	rc = source_refresh(s->src, &s->snapshot, e);
	if (rc < 0)
		return rc;
	rc = snap_sched_line(l, &s->lists, &s->snapshot);
	if (rc < 0)
		return err_say(e, rc, "nothing is known of its scheduler");
	return 0;
}

const struct snapshot *sched_live_snapshot(const struct sched_live *s)
{
	return &s->snapshot;
}
