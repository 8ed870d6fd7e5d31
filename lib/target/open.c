/* One kind of target, one kind of source. */
#include "lib/target/open.h"

#include "lib/snapshot/source_url.h"
#include "lib/target/space.h"

int target_space_open(struct space **out, const struct target *t,
		      struct err *e)
{
	if (t->kind == TARGET_CORE)
		return space_open_core(out, t->core,
				       t->core_exe[0] ? t->core_exe : NULL, e);
	return space_open_live(out, t->pid, e);
}

int target_source_open(struct source **out, const struct target *t,
		       const struct source_wants *wants, struct err *e)
{
	struct space *space;
	int rc;

	if (t->agent[0]) {
		rc = source_url_open(out, &t->url, wants->stop,
				     wants->full);
		return rc < 0 ? err_set(e, rc, "%s", t->text) : 0;
	}
	rc = target_space_open(&space, t, e);
	return rc < 0 ? rc : source_target_open(out, space, wants, e);
}
