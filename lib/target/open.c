/* One kind of target, one kind of source. */
#include "lib/target/open.h"

#include "lib/snapshot/source_url.h"

int target_source_open(struct source **out, const struct target *t,
		       const struct source_wants *wants, struct err *e)
{
	int rc = target_need_agent(t, e);

	if (rc < 0)
		return rc;
	rc = source_url_open(out, &t->url, wants->stop);
	return rc < 0 ? err_set(e, rc, "%s", t->text) : 0;
}
