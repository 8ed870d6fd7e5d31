/*
 * The server: for another process, which may ask anything about any file.  It
 * goes to no network and leaves no core; a file once opened stays as it was,
 * and one of another build id than asked for is not used.
 */
#include "symbolizer/cmd/server.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "symbolizer/cmd/addrs.h"
#include "symbolizer/cmd/cache.h"
#include "symbolizer/serve.h"

_Static_assert(SERVE_REQUEST_BYTES_MAX <= ADDR_LINE_BYTES_MAX,
	       "a request is a line");

#define ANSWERS_BYTES 65536     /* written when so many are waiting */

static void put_field(struct buf *out, const char *s, char end)
{
	for (; s && *s; s++) {
		switch (*s) {
		case '\t': buf_put_str(out, "\\t"); break;
		case '\n': buf_put_str(out, "\\n"); break;
		case '\\': buf_put_str(out, "\\\\"); break;
		default: buf_put_u8(out, (uint8_t)*s);
		}
	}
	buf_put_u8(out, (uint8_t)end);
}

static void put_frame(struct buf *out, struct sym *s,
		      const struct sym_frame *f)
{
	const char *name = sym_frame_name(s, f);

	if (!name && !f->line)
		return;
	put_field(out, name, '\t');
	put_field(out, !name || f->linkage ? f->linkage :
		  f->func ? f->func : f->symbol, '\t');
	put_field(out, f->file, '\t');
	buf_printf(out, "%u\t%u\t%u\t%d\n", f->line, f->column, f->start_line,
		   f->inlined);
}

static bool id_fits(const struct sym *s, const char *hex)
{
	char own[2 * BUILDID_MAX + 1];

	if (!*hex)
		return true;
	buildid_hex(sym_buildid(s), own);
	return !strcasecmp(own, hex);
}

static void answer(struct cache *cache, struct buf *out, char *line)
{
	static struct sym_frame frames[SYM_FRAMES_MAX];
	char *field[SERVE_REQUEST_FIELDS];
	struct sym *s = NULL;
	uint64_t addr;
	size_t n = 0;

	if (serve_split(line, field, SERVE_REQUEST_FIELDS) ==
		    SERVE_REQUEST_FIELDS &&
	    !addr_parse(field[2], &addr)) {
		serve_unescape(field[0]);
		s = cache_get(cache, field[0], NULL);
	}
	if (s && id_fits(s, field[1]))
		n = sym_lookup(s, addr, frames, SYM_FRAMES_MAX);
	for (size_t i = 0; i < n; i++)
		put_frame(out, s, &frames[i]);
	buf_put_u8(out, '\n');
}

static int flush(int fd, struct buf *out)
{
	int rc = buf_error(out);

	if (!rc)
		rc = fd_write_all(fd, out->data, out->len);
	buf_reset(out);
	return rc;
}

/* Where answers go: where requests come from, but for a pipe. */
static int out_of(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISSOCK(st.st_mode) ? fd : 1;
}

static int serve(struct cache *cache, struct lines_in *in, struct buf *out)
{
	int fd = out_of(in->fd);
	bool wait;
	int rc = 0;

	while (!rc) {
		char *line = lines_in_next(in, &wait);

		if (!line && !wait)
			break;
		if (line)
			answer(cache, out, line);
		if (wait || out->len >= ANSWERS_BYTES)
			rc = flush(fd, out);
		if (wait && !rc)
			rc = lines_fill(in);
	}
	return rc ? rc : flush(fd, out);
}

int server_run(int fd, struct err *e)
{
	const struct rlimit none = { 0, 0 };
	struct lines_in *in = calloc(1, sizeof(*in));
	struct cache *cache = calloc(1, sizeof(*cache));
	struct buf out = { 0 };
	int rc = -ENOMEM;

	unsetenv("DEBUGINFOD_URLS");
	setrlimit(RLIMIT_CORE, &none);
	if (in && cache) {
		in->fd = fd;
		rc = serve(cache, in, &out);
	}
	if (cache)
		cache_release(cache);
	free(cache);
	free(in);
	buf_release(&out);
	return rc ? err_set(e, rc, "requests") : 0;
}
