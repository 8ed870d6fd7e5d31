#include "pgo-top/frame.h"

#include <errno.h>
#include <stdlib.h>

static void rate(struct frame *f, const struct frame *before)
{
	int64_t ns = f->snapshot.mono_ns - before->snapshot.mono_ns;
	int64_t change = f->groups.goroutines - before->groups.goroutines;

	/* Another process under the same name has nothing to compare. */
	if (ns <= 0 || f->info.pid != before->info.pid)
		return;
	groups_rate(&f->groups, &before->groups);
	f->total_rate = (int64_t)((double)change * 1e12 / (double)ns);
	f->rated = true;
}

int frame_new(struct frame **out, struct source *src,
	      const struct frame *before, struct err *e)
{
	struct frame *f = calloc(1, sizeof(*f));
	int rc;

	if (!f)
		return err_set(e, -ENOMEM, "snapshot");
	snapshot_init(&f->snapshot);
	rc = source_refresh(src, &f->snapshot, e);
	if (rc < 0)
		goto out;
	rc = groups_init(&f->groups, &f->snapshot);
	if (rc < 0) {
		err_set(e, rc, "snapshot");
		goto out;
	}
	source_info(src, &f->info);
	if (before)
		rate(f, before);
	*out = f;
	f = NULL;
out:
	frame_free(f);
	return rc;
}

void frame_free(struct frame *f)
{
	if (!f)
		return;
	groups_release(&f->groups);
	snapshot_release(&f->snapshot);
	free(f);
}
