/*
 * The ladder.  Each rung is offsets from somewhere; all that hangs on offsets,
 * modules, variables found by code, is made anew for each, and validation says
 * whether to stop there.
 *
 * DWARF comes before the rows of other versions: it costs 11 ms and is right,
 * while a neighbour's row may pass for right in what validation can see and
 * yet have, say, the table of inlined calls elsewhere.
 */
#include "lib/target/go/attach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/safe_text.h"
#include "lib/target/go/buildinfo.h"
#include "lib/target/go/image.h"
#include "lib/target/go/module.h"
#include "lib/target/go/roots.h"
#include "lib/target/go/validate.h"
#include "lib/target/procs.h"

enum {
	MINOR_MIN = 16,         /* pclntabs before are of another kind */
	NEIGHBOURS_MAX = 6,     /* rows tried beside the version's own */
	FAR_MAX = 64,           /* versions away */
	LOOKS = 4,              /* at a target that moves, or just begins */
	NAP_NS = 5000000,
	YOUNG_NS = 1000000000,
};

static const struct timespec nap = { .tv_nsec = NAP_NS };

/* Offsets are judged; all else ends the climb. */
static bool goes_on(int rc)
{
	return rc == -EBADMSG || rc == -EAGAIN || rc == -ENOENT ||
	       rc == -ENODATA;
}

/* Whether S may not have come as far as its first goroutines. */
static bool is_young(const struct space *s)
{
	int64_t age_ns = s->kind == SPACE_LIVE ? procs_age_ns(s->pid) : -1;

	return age_ns >= 0 && age_ns < YOUNG_NS;
}

/* With go->offsets as they are. */
static int try_offsets(struct go *go, const struct go_roots *by_symbols,
		       struct err *e)
{
	int rc;

	go_modules_close(go);
	go->roots = *by_symbols;
	rc = go_modules_open(go, e);
	if (rc < 0)
		return rc;
	if (!go->roots.allgs)
		go_roots_by_code(go);
	if (!go->roots.allgs)
		return err_say(e, -EBADMSG, "its goroutines are not found");
	rc = go_validate(go, e);
	for (int i = 1; rc == -EAGAIN && i < LOOKS; i++) {
		nanosleep(&nap, NULL);
		rc = go_validate(go, e);
	}
	return rc;
}

static int try_row(struct go *go, const struct go_roots *by_symbols,
		   int minor, int patch, struct err *e)
{
	int rc = go_offsets_load(&go->offsets, minor, patch, e), min, max;

	/* Of no version at all, says E already. */
	if (rc == -ENOENT && go_offsets_range(&min, &max) == 0)
		err_say(e, rc, "its offsets are not known");
	return rc < 0 ? rc : try_offsets(go, by_symbols, e);
}

static int try_own_row(struct go *go, const struct go_roots *by_symbols,
		       struct err *e)
{
	int patch = go_version_patch(go->version);
	int rc = try_row(go, by_symbols, go->minor, patch, e);

	for (int i = 1; goes_on(rc) && rc != -ENOENT && i < LOOKS &&
	     is_young(go->space); i++) {
		nanosleep(&nap, NULL);
		rc = try_row(go, by_symbols, go->minor, patch, e);
	}
	return rc;
}

static int try_neighbours(struct go *go, const struct go_roots *by_symbols)
{
	int min, max, tried = 0, rc = -ENOENT;

	if (go_offsets_range(&min, &max) < 0)
		return -ENOENT;
	for (int far = 1; far <= FAR_MAX; far++) {
		const int minors[2] = { go->minor - far, go->minor + far };

		for (int i = 0; i < 2 && tried < NEIGHBOURS_MAX; i++) {
			if (minors[i] < min || minors[i] > max)
				continue;
			tried++;
			rc = try_row(go, by_symbols, minors[i],
				     GO_PATCH_NEWEST, NULL);
			if (rc == 0 || !goes_on(rc))
				return rc;
		}
	}
	return rc;
}

static int try_dwarf(struct go *go, const struct go_roots *by_symbols)
{
	const struct space *s = go->space;
	int rc = go_offsets_by_dwarf(&go->offsets,
				     s->exe_open[0] ? s->exe_open : s->exe,
				     go->minor, NULL);

	return rc < 0 ? rc : try_offsets(go, by_symbols, NULL);
}

/* What a user should know of where the offsets are from. */
static void write_note(struct go *go)
{
	int row = go->offsets.minor;

	if (go->how == GO_BY_NEIGHBOUR)
		snprintf(go->note, sizeof(go->note),
			 "offsets of Go 1.%d used for %s", row, go->version);
	else if (go->how == GO_BY_DWARF)
		snprintf(go->note, sizeof(go->note),
			 "offsets of %s by its DWARF", go->version);
	else if (!go->offsets.verified)
		snprintf(go->note, sizeof(go->note),
			 "offsets of Go 1.%d are unverified", row);
}

/* WHY its own row did not do, or NULL. */
static int refuse(const struct go *go, int rc, const char *why, struct err *e)
{
	if (!goes_on(rc))
		return err_set(e, rc, "%s", go->space->name);
	err_say(e, -ENOTSUP, "%s: %s is not understood: %s", go->space->name,
		go->version, why);
	err_way_out(e, "a newer pgo, or a program with DWARF");
	return -ENOTSUP;
}

static int climb(struct go *go, const struct go_roots *by_symbols,
		 struct err *e)
{
	struct err why = { 0 };
	int rc = try_own_row(go, by_symbols, &why);

	go->how = GO_BY_TABLE;
	if (goes_on(rc)) {
		go->how = GO_BY_DWARF;
		rc = try_dwarf(go, by_symbols);
	}
	if (goes_on(rc)) {
		go->how = GO_BY_NEIGHBOUR;
		rc = try_neighbours(go, by_symbols);
	}
	if (rc < 0)
		return refuse(go, rc, why.text, e);
	write_note(go);
	return 0;
}

/* The version, and that it is one we can hope for. */
static int read_version(struct go *go, struct err *e)
{
	char *v = go->version;
	int rc = go_buildinfo(go->image, v, sizeof(go->version), e);

	if (rc < 0)
		return rc;
	safe_text(v, sizeof(go->version), v, strlen(v));
	go->minor = go_version_minor(v);
	if (go->minor < MINOR_MIN)
		return err_say(e, -ENOTSUP, "%s: %s is too old: Go 1.%d is the "
			       "oldest that can be read", go->space->name, v,
			       MINOR_MIN);
	return 0;
}

static int attach(struct go *go, struct err *e)
{
	struct go_roots by_symbols;
	int rc = read_version(go, e);

	if (rc < 0)
		return rc;
	go_roots_by_symbols(&by_symbols, go->image);
	by_symbols.firstmoduledata =
		go_module_first(go->image, by_symbols.firstmoduledata);
	if (!by_symbols.firstmoduledata)
		return err_say(e, -ENOTSUP, "%s: %s without a pclntab that can "
			       "be found", go->space->name, go->version);
	rc = climb(go, &by_symbols, e);
	return rc < 0 ? rc : go_reasons_read(go);
}

int go_attach(struct go **out, struct space *s, struct err *e)
{
	struct go *go = calloc(1, sizeof(*go));
	struct image *im = calloc(1, sizeof(*im));
	int rc = -ENOMEM;

	if (!go || !im) {
		free(go);
		free(im);
		return err_set(e, rc, "%s", s->name);
	}
	go->space = s;
	rc = image_open(im, s, e);
	if (rc < 0) {
		free(go);
		free(im);
		return rc;
	}
	go->image = im;
	rc = attach(go, e);
	for (int i = 1; rc == -ENOTSUP && i < LOOKS && is_young(s); i++) {
		nanosleep(&nap, NULL);
		rc = attach(go, e);
	}
	if (rc < 0)
		go_detach(go);
	else
		*out = go;
	return rc;
}

void go_detach(struct go *go)
{
	if (!go)
		return;
	go_modules_close(go);
	image_close(go->image);
	free(go->image);
	free(go->reasons);
	free(go);
}

struct go_module *go_module_at(struct go *go, uint64_t pc)
{
	for (size_t i = 0; i < go->module_count; i++)
		if (pc >= go->modules[i].minpc && pc < go->modules[i].maxpc)
			return &go->modules[i];
	return NULL;
}
