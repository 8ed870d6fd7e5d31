#include "pgo-trace/profile.h"

#include <errno.h>

#include "lib/wire/gzip.h"

int profile_begin(struct profile *p, pid_t pid, struct err *e)
{
	int rc = 0;

	*p = (struct profile){ 0 };
	p->w = pprof_writer_new(&p->raw);
	if (!p->w)
		return err_set(e, -ENOMEM, "profile");
	if (pid)
		rc = mappings_read(&p->mappings, pid, e);
	for (size_t i = 0; rc == 0 && i < p->mappings.n; i++) {
		const struct mapping *m = &p->mappings.at[i];

		pprof_mapping(p->w, &(struct pprof_mapping){
			m->start, m->limit, m->offset, m->file, m->build_id,
			.has_functions = true,
		});
	}
	return rc;
}

int profile_end(struct profile *p, struct buf *out, struct err *e)
{
	int rc = pprof_finish(p->w);

	if (rc == 0)
		rc = gzip_deflate(out, p->raw.data, p->raw.len);
	return rc < 0 ? err_set(e, rc, "profile") : 0;
}

void profile_release(struct profile *p)
{
	pprof_writer_free(p->w);
	mappings_release(&p->mappings);
	buf_release(&p->raw);
	*p = (struct profile){ 0 };
}

uint64_t profile_mapping(void *profile, uint64_t pc)
{
	const struct profile *p = profile;

	return (uint64_t)(mappings_find(&p->mappings, pc) + 1);
}
