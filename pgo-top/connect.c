#include "pgo-top/connect.h"

#include <errno.h>

#include "lib/snapshot/source_url.h"

int connect_open(struct source **out, const char *target,
		 const atomic_bool *stop, struct err *e)
{
	struct http_url url;
	int rc;

	rc = http_url_parse(&url, target, e);
	if (rc < 0)
		return rc;
	rc = source_url_open(out, &url, stop);
	return rc < 0 ? err_set(e, rc, "%s", target) : 0;
}
