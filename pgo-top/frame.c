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

static void empty(struct frame *f)
{
	groups_release(&f->groups);
	snapshot_release(&f->snapshot);
}

/* As the target folds it; -EAGAIN when the rows must be read. */
static int read_folded(struct frame *f, struct source *src, struct err *e)
{
	int rc = source_fold(src, &f->snapshot, &f->groups, e);

	f->folded = rc == 0;
	if (rc != -EOPNOTSUPP && rc != -ERANGE)
		return rc;
	empty(f);
	return -EAGAIN;
}

static int read_rows(struct frame *f, struct source *src, struct err *e)
{
	int rc = source_refresh(src, &f->snapshot, e);

	if (rc < 0)
		return rc;
	rc = groups_init(&f->groups, &f->snapshot);
	return rc < 0 ? err_set(e, rc, "snapshot") : 0;
}

int frame_new(struct frame **out, struct source *src, bool rows,
	      const struct frame *before, struct err *e)
{
	struct frame *f = calloc(1, sizeof(*f));
	int rc = -EAGAIN;

	if (!f)
		return err_set(e, -ENOMEM, "snapshot");
	snapshot_init(&f->snapshot);
	if (!rows)
		rc = read_folded(f, src, e);
	if (rc == -EAGAIN)
		rc = read_rows(f, src, e);
	if (rc < 0)
		goto out;
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
	empty(f);
	free(f);
}
