/* /debug/pprof/: what is no profile. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/serve/goroutines.h"
#include "lib/serve/handlers.h"

enum { SYMBOLS_MAX = 65536, WORD_MAX = 31 };

/* Index -------------------------------------------------------------------- */

static int64_t count_goroutines(const struct provider *p)
{
	struct serve_sched sched;

	p->sched(p->ctx, &sched);
	return sched.goroutines;
}

static int64_t count_threads(const struct provider *p)
{
	return p->ms(p->ctx, NULL, 0);
}

static const struct page {
	const char *name;
	int64_t (*count)(const struct provider *p);     /* NULL: 0 */
	const char *text;
	bool heap;              /* where there is a memory profile */
} pages[] = {
	{ "allocs", NULL, "Memory that was allocated; in Go as of the last "
	  "garbage collection. For go tool pprof.", true },
	{ "cmdline", NULL, "The program's arguments, when that is allowed",
	  false },
	{ "goroutine", count_goroutines,
	  "Where all goroutines stand. debug=2 writes them one by one.",
	  false },
	{ "heap", NULL, "The same of what is in use", true },
	{ "profile", NULL,
	  "CPU time, over seconds= seconds (30), hz= samples a second (100). "
	  "For go tool pprof.", false },
	{ "symbol", NULL, "The functions at addresses, by GET or POST", false },
	{ "threadcreate", count_threads, "Threads that were made",
	  false },
};

static const char index_head[] =
	"<html>\n<head>\n<title>/debug/pprof/</title>\n<style>\n"
	".profile-name{\n\tdisplay:inline-block;\n\twidth:6rem;\n}\n"
	"</style>\n</head>\n<body>\n/debug/pprof/\n<br>\n"
	"<p>Set debug=1 as a query parameter to export in legacy text "
	"format</p>\n<br>\nTypes of profiles available:\n<table>\n"
	"<thead><td>Count</td><td>Profile</td></thead>\n";

void handle_index(struct serve *s, const struct http_request *rq,
		  struct http_reply *rp)
{
	const struct provider *p = s->provider;
	const size_t n = sizeof(pages) / sizeof(pages[0]);

	(void)rq;
	if (!look_begin(p, rp))
		return;
	rp->type = HTTP_HTML;
	buf_put_str(&rp->body, index_head);
	for (size_t i = 0; i < n; i++)
		if (p->heap || !pages[i].heap)
			buf_printf(&rp->body, "<tr><td>%" PRId64 "</td><td>"
				   "<a href='%s%s'>%s</a></td></tr>\n",
				   pages[i].count ? pages[i].count(p) : 0,
				   pages[i].name,
				   pages[i].heap ? "" : "?debug=1",
				   pages[i].name);
	buf_put_str(&rp->body, "</table>\n<a href=\"goroutine?debug=2\">full "
		    "goroutine stack dump</a>\n<br>\n<p>\nProfile "
		    "Descriptions:\n<ul>\n");
	for (size_t i = 0; i < n; i++)
		if (p->heap || !pages[i].heap)
			buf_printf(&rp->body, "<li><div class=profile-name>%s: "
				   "</div> %s</li>\n", pages[i].name,
				   pages[i].text);
	buf_put_str(&rp->body, "</ul>\n</p>\n</body>\n</html>\n");
	look_end(p);
}

/* Arguments ---------------------------------------------------------------- */

void handle_cmdline(struct serve *s, const struct http_request *rq,
		    struct http_reply *rp)
{
	int rc;

	(void)rq;
	if (!s->cmdline) {
		http_pprof_error(rp, 403, "arguments may hold secrets and are "
				 "not shown (PGO_AGENT_CMDLINE=1)");
		return;
	}
	rc = s->provider->cmdline(s->provider->ctx, &rp->body);
	if (rc)
		http_pprof_error(rp, 500, "%s", strerror(-rc));
	else if (rp->body.len && !rp->body.data[rp->body.len - 1])
		rp->body.len--;
}

/* Symbols ------------------------------------------------------------------ */

/* As strconv.ParseUint(WORD, 0, 64): 0 when it is no number. */
static uint64_t parse_pc(const char *s, size_t n)
{
	char word[WORD_MAX + 1];
	char *end;
	uint64_t v;

	if (!n || n > WORD_MAX || *s < '0' || *s > '9')
		return 0;
	memcpy(word, s, n);
	word[n] = 0;
	errno = 0;
	v = strtoull(word, &end, 0);
	return *end || errno ? 0 : v;
}

static void put_symbol(const struct provider *p, uint64_t pc, struct buf *out)
{
	const struct serve_frame *f;
	size_t n = pc ? p->frames(p->ctx, pc, &f) : 0;

	if (n)
		buf_printf(out, "0x%" PRIx64 " %s\n", pc, f[n - 1].func);
}

void handle_symbol(struct serve *s, const struct http_request *rq,
		   struct http_reply *rp)
{
	bool post = !strcmp(rq->method, "POST");
	const char *at = post ? rq->body : rq->query;
	size_t left = post ? rq->body_bytes : strlen(rq->query);

	buf_put_str(&rp->body, "num_symbols: 1\n");
	for (int i = 0; left && i < SYMBOLS_MAX; i++) {
		const char *plus = memchr(at, '+', left);
		size_t n = plus ? (size_t)(plus - at) : left;

		put_symbol(s->provider, parse_pc(at, n), &rp->body);
		n += plus != NULL;
		at += n;
		left -= n;
	}
}
