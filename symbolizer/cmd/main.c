/*
 * pgo-sym: addresses in, functions, files and lines out.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "symbolizer/cmd/addrs.h"
#include "symbolizer/cmd/answer.h"
#include "symbolizer/cmd/options.h"
#include "symbolizer/cmd/place.h"
#include "symbolizer/cmd/server.h"

#define OUT_BYTES 65536         /* written when so much is waiting */

struct run {
	struct sym_options options;
	struct places places;
	struct answer answer;
	struct lines_in in;
	struct buf out;
	struct json json;
	int status;             /* 1 when something was no address */
	struct err err;
};

/* Writes what is waiting.  0, or -E and why in R. */
static int flush(struct run *r)
{
	int rc = buf_error(&r->out);

	if (!rc)
		rc = fd_write_all(1, r->out.data, r->out.len);
	buf_reset(&r->out);
	return rc ? err_set(&r->err, rc, "stdout") : 0;
}

static void find(struct run *r, uint64_t addr)
{
	static struct place place;
	struct answer *a = &r->answer;

	places_find(&r->places, addr, &place);
	a->addr = addr;
	a->module = place.module;
	a->sym = place.sym;
	a->n = 0;
	a->loaded = false;
	a->reason = place.err.text;
	if (!place.sym)
		return;
	a->n = sym_lookup(place.sym, place.addr, a->frames, SYM_FRAMES_MAX);
	a->loaded = sym_has_addr(place.sym, place.addr);
	a->reason = sym_reason(place.sym);
}

static int say(struct run *r)
{
	if (r->options.json)
		answer_json(&r->json, &r->answer);
	else
		answer_text(&r->out, &r->answer, &r->options);
	if (r->options.why && r->answer.reason)
		fprintf(stderr, "%s: 0x%lx: %s\n", prog_name, r->answer.addr,
			r->answer.reason);
	return r->out.len < OUT_BYTES ? 0 : flush(r);
}

/* Of a line that is no address the answer is that of an unknown one, so that
 * who counts answers does not lose step. */
static int take_line(struct run *r, const char *line)
{
	uint64_t addr;

	if (!addr_parse(line, &addr)) {
		find(r, addr);
		return say(r);
	}
	fprintf(stderr, "%s: %.80s: not an address (hexadecimal, as "
		"0x401136)\n", prog_name, line);
	r->status = 1;
	r->answer = (struct answer){ .reason = "not an address" };
	return say(r);
}

static int take_lines(struct run *r)
{
	bool wait;
	int rc = 0;

	while (!rc) {
		char *line = lines_in_next(&r->in, &wait);

		if (!line && !wait)
			break;
		if (line)
			rc = take_line(r, line);
		if (wait)
			rc = flush(r);
		if (wait && !rc) {
			rc = lines_fill(&r->in);
			if (rc)
				err_set(&r->err, rc, "stdin");
		}
	}
	return rc;
}

static int take_all(struct run *r)
{
	const struct sym_options *o = &r->options;
	int rc = 0;

	if (o->json) {
		json_init(&r->json, &r->out);
		json_array_begin(&r->json);
	}
	for (size_t i = 0; !rc && i < o->naddrs; i++)
		rc = take_line(r, o->addrs[i]);
	if (!o->naddrs)
		rc = take_lines(r);
	if (o->json && !rc) {
		json_array_end(&r->json);
		rc = json_finish(&r->json);
		if (rc)
			return err_set(&r->err, rc, "output");
		buf_put_u8(&r->out, '\n');
	}
	return rc ? rc : flush(r);
}

static void say_source(struct run *r)
{
	const char *why, *path;

	if (!r->options.why || !r->places.exe)
		return;
	if (sym_has_pclntab(r->places.exe))
		fprintf(stderr, "%s: %s: functions and lines by pclntab\n",
			prog_name, r->options.exe);
	path = sym_debug_file(r->places.exe, &why);
	if (path)
		fprintf(stderr, "%s: %s: debug information in %s\n",
			prog_name, r->options.exe, path);
	else
		fprintf(stderr, "%s: %s: %s\n", prog_name, r->options.exe,
			why);
}

static int run(struct run *r)
{
	int rc;

	if (r->options.serve)
		return server_run(0, &r->err);
	rc = places_open(&r->places, &r->options, &r->err);
	if (rc)
		return rc;
	say_source(r);
	return take_all(r);
}

int main(int argc, char **argv)
{
	struct run *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return 1;
	fd_hold_standard();
	rc = options_parse(&r->options, argc, argv);
	if (rc) {
		free(r);
		return rc == 1 ? log_flush_stdout(0) : rc;
	}
	/* A reader that goes away is no news. */
	signal(SIGPIPE, SIG_IGN);
	rc = run(r);
	if (rc && rc != -EPIPE)
		log_error("%s", r->err.text);
	rc = rc ? 1 : r->status;
	places_close(&r->places);
	buf_release(&r->out);
	free(r);
	return rc;
}
