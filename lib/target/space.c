/* What is the same whatever the bytes come from. */
#include "lib/target/space.h"

enum { STRING_BYTES_MAX = 1 << 16 };

int space_remap(struct space *s, struct err *e)
{
	struct maps now;
	int rc;

	/* Nothing moves in a core. */
	if (s->kind != SPACE_LIVE)
		return 0;
	rc = maps_read(&now, s->pid, e);
	if (rc < 0)
		return rc;
	maps_release(&s->maps);
	s->maps = now;
	return 0;
}

int space_read_string(struct space *s, uint64_t address, char *out,
		      size_t max)
{
	uint64_t header[2];
	uint32_t n;
	int rc;

	out[0] = '\0';
	rc = space_read(s, address, header, sizeof(header));
	if (rc < 0)
		return rc;
	if (header[1] > STRING_BYTES_MAX)
		return -EFAULT;
	n = (uint32_t)(header[1] < max ? header[1] : max - 1);
	rc = n ? space_read(s, header[0], out, n) : 0;
	out[rc < 0 ? 0 : n] = '\0';
	return rc < 0 ? rc : n < header[1] ? -E2BIG : 0;
}
