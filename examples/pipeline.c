/*
 * pipeline - lines of files, counted by four goroutines at a time.
 *
 * usage: pipeline FILE...
 *
 * list() sends the names, four count() fan out, add() collects: one group.  The
 * first that fails ends its context, on which everybody else waits too.
 *
 *     pipeline README.md docs/STYLE.md          their lines together
 *     pipeline README.md nowhere docs/STYLE.md  a line on nowhere, status 1
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pgo/pgo.h>

enum { COUNTERS = 4 };

static struct pgo_chan *names, *counts;

/* One operation on a channel, or the context's end: 0 or -E. */
static int on(struct pgo_ctx *ctx, struct pgo_chan *c, int dir, void *elem)
{
	struct pgo_case cases[] = {
		{ .chan = c, .dir = dir, .elem = elem },
		{ .chan = pgo_ctx_done(ctx), .dir = PGO_RECV },
	};

	return pgo_select(cases, 2, 0) ? pgo_ctx_err(ctx) :
		cases[0].ok ? 0 : -EPIPE;
}

static int list(struct pgo_ctx *ctx, void *arg)
{
	int rc = 0;

	for (char **name = arg; *name && !rc; name++)
		rc = on(ctx, names, PGO_SEND, name);
	pgo_chan_close(names);
	return rc;
}

static int count(struct pgo_ctx *ctx, void *files)
{
	(void)files;
	for (char *name; !on(ctx, names, PGO_RECV, &name);) {
		FILE *stream = fopen(name, "r");
		long c, lines = 0;

		while (stream && (c = getc(stream)) != EOF)
			lines += c == '\n';
		if (!stream || ferror(stream) || fclose(stream)) {
			fprintf(stderr, "pipeline: %s: %m\n", name);
			return -EIO;
		}
		on(ctx, counts, PGO_SEND, &lines);
	}
	return pgo_ctx_err(ctx);
}

static int add(struct pgo_ctx *ctx, void *files)
{
	long n, lines, total = 0;

	for (n = 0; ((char **)files)[n]; n++) {
		if (on(ctx, counts, PGO_RECV, &lines))
			return pgo_ctx_err(ctx);
		total += lines;
	}
	printf("%ld lines in %ld files\n", total, n);
	return 0;
}

static void start(void *files)
{
	struct pgo_group *g = pgo_group_new(pgo_ctx_background(), 0);

	names = pgo_chan_make(sizeof(char *), 0);
	counts = pgo_chan_make(sizeof(long), 0);
	pgo_group_go(g, list, files);
	for (int i = 0; i < COUNTERS; i++)
		pgo_group_go(g, count, files);
	pgo_group_go(g, add, files);
	if (pgo_group_wait(g))
		exit(1);
}

int main(int argc, char **argv)
{
	int help = argc == 2 && !strcmp(argv[1], "--help");

	if (argc < 2 || argv[1][0] == '-') {
		fprintf(help ? stdout : stderr, "usage: pipeline FILE...\n");
		return help ? 0 : 2;
	}
	return pgo_run(start, argv + 1) != 0;
}
