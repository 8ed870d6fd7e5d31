/*
 * Symbols say it exactly.  Stripped programs keep the names of functions (for
 * tracebacks) and their code must know the variables: what a function that
 * uses allgs refers to is tested for being a slice of pointers to goroutines
 * of which the first has the id 1, and so on.
 *
 * The tests follow pointers of a hostile target a few steps at most, and each
 * function has few candidates, so all of it is bounded.
 */
#include "lib/target/go/roots.h"

#include <stdlib.h>
#include <string.h>

#include "lib/target/go/coderefs.h"

enum {
	CODE_BYTES_MAX = 16384,         /* of one function */
	REFS_MAX = 256,                 /* of one function */
	FUNCTIONS_MAX = 3,              /* that may know a variable */
	LOOKS_MAX = 8,                  /* elements of a list that are tested */
	GS_MAX = 1 << 28,
	PS_MAX = 1 << 16,
	SEMA_ROOTS = 251,               /* semTabSize */
	SEMA_BYTES = 64,                /* of each, by cache lines */
	MEM_PROFILE = 1,                /* bucketType memProfile */
	BUCKET_STACK_MAX = 1 << 12,
	SCHED_FIELDS_MIN = 4,           /* that tell the struct for sure */
	REASON_BYTES = 48,
	IS_PRINT_MIN = 0x20,
};

#define GOID_MAX (UINT64_C(1) << 40)
#define RATE_MAX (UINT64_C(1) << 40)

/* By symbols -------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t offset;          /* in struct go_roots */
} symbols[] = {
	{ "runtime.allgs", offsetof(struct go_roots, allgs) },
	{ "runtime.allglen", offsetof(struct go_roots, allglen) },
	{ "runtime.allgptr", offsetof(struct go_roots, allgptr) },
	{ "runtime.allp", offsetof(struct go_roots, allp) },
	{ "runtime.allm", offsetof(struct go_roots, allm) },
	{ "runtime.sched", offsetof(struct go_roots, sched) },
	{ "runtime.gomaxprocs", offsetof(struct go_roots, gomaxprocs) },
	{ "runtime.waitReasonStrings",
	  offsetof(struct go_roots, wait_reasons) },
	{ "runtime.mbuckets", offsetof(struct go_roots, mbuckets) },
	{ "runtime.MemProfileRate",
	  offsetof(struct go_roots, mem_profile_rate) },
	{ "runtime.semtable", offsetof(struct go_roots, semtable) },
	{ "runtime.firstmoduledata",
	  offsetof(struct go_roots, firstmoduledata) },
};

enum { SYMBOLS = sizeof(symbols) / sizeof(*symbols) };

static uint64_t *root_at(struct go_roots *roots, size_t offset)
{
	return (uint64_t *)((char *)roots + offset);
}

void go_roots_by_symbols(struct go_roots *roots, const struct image *im)
{
	struct image_symbol wanted[SYMBOLS];

	for (size_t i = 0; i < SYMBOLS; i++)
		wanted[i].name = symbols[i].name;
	image_symbols(im, STT_OBJECT, wanted, SYMBOLS);
	for (size_t i = 0; i < SYMBOLS; i++)
		*root_at(roots, symbols[i].offset) = wanted[i].address;
}

/* Tests ------------------------------------------------------------------- */

/* The word at ADDRESS + the field's offset; 0 when there is none. */
static uint64_t field(const struct go *go, uint64_t address, enum go_field f)
{
	uint64_t v = 0;

	if (!address || go_at(go, f) < 0 ||
	    space_read(go->space, address + (uint64_t)go_at(go, f), &v, 8) < 0)
		return 0;
	return v;
}

static uint32_t field32(const struct go *go, uint64_t address,
			enum go_field f)
{
	return (uint32_t)field(go, address, f);
}

/* Reads the slice of pointers at ADDRESS, at most LOOKS_MAX of them; how many
 * it has, 0 when it is no slice of 1 to MAX. */
static uint64_t slice(const struct go *go, uint64_t address, uint64_t max,
		      uint64_t *first)
{
	uint64_t s[3];
	uint64_t n;

	if (address % 8 || space_read(go->space, address, s, sizeof(s)) < 0 ||
	    !s[0] || s[0] % 8 || !s[1] || s[1] > s[2] || s[2] > max)
		return 0;
	n = s[1] < LOOKS_MAX ? s[1] : LOOKS_MAX;
	memset(first, 0, LOOKS_MAX * sizeof(*first));
	return space_read(go->space, s[0], first, (uint32_t)n * 8) < 0 ? 0 :
	       s[1];
}

/* Whether a []*g with the first goroutine of all in it is at ADDRESS. */
static bool is_allgs(const struct go *go, uint64_t address)
{
	uint64_t g[LOOKS_MAX], n = slice(go, address, GS_MAX, g);

	if (!n || field(go, g[0], GO_G_GOID) != 1)
		return false;
	for (uint64_t i = 0; i < n && i < LOOKS_MAX; i++)
		if (!g[i] || g[i] % 8 ||
		    field(go, g[i], GO_G_GOID) > GOID_MAX ||
		    (field32(go, g[i], GO_G_STATUS) & ~0x1000u) > 15)
			return false;
	return true;
}

static bool is_allp(const struct go *go, uint64_t address)
{
	uint64_t p[LOOKS_MAX], n = slice(go, address, PS_MAX, p);

	for (uint64_t i = 0; i < n && i < LOOKS_MAX; i++)
		if (!p[i] || p[i] % 8 || field32(go, p[i], GO_P_ID) != i ||
		    field32(go, p[i], GO_P_STATUS) > 4)
			return false;
	return n > 0;
}

/* The newest M begins the list; each has a goroutine of its own that knows
 * it. */
static bool is_allm(const struct go *go, uint64_t address)
{
	uint64_t m = 0, g0;

	if (address % 8 || space_read(go->space, address, &m, 8) < 0 || !m)
		return false;
	for (int i = 0; m && i < LOOKS_MAX; i++) {
		g0 = field(go, m, GO_M_G0);
		if (m % 8 || !g0 || field(go, g0, GO_G_M) != m)
			return false;
		m = field(go, m, GO_M_ALLLINK);
	}
	return true;
}

static bool is_text(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < IS_PRINT_MIN ||
		    (unsigned char)*s >= 0x7f)
			return false;
	return true;
}

/* How many strings of an array at ADDRESS were read to OUT: up to the first
 * that is none. */
static size_t read_reasons(const struct go *go, uint64_t address,
			   char (*out)[REASON_BYTES])
{
	struct space_piece at[GO_REASONS_MAX];
	uint64_t strings[GO_REASONS_MAX][2];
	size_t n, max;

	if (space_read(go->space, address, strings, sizeof(strings)) < 0)
		return 0;
	for (max = 0; max < GO_REASONS_MAX; max++) {
		if (strings[max][1] >= REASON_BYTES)
			break;
		at[max] = (struct space_piece){
			.address = strings[max][0], .to = out[max],
			.bytes = (uint32_t)strings[max][1],
		};
		out[max][strings[max][1]] = '\0';
	}
	if (space_readv(go->space, at, max) < 0)
		return 0;
	for (n = 0; n < max; n++)
		if (!at[n].ok || !is_text(out[n]) || (n && !out[n][0]))
			break;
	return n;
}

static bool is_reasons(const struct go *go, uint64_t address)
{
	char words[GO_REASONS_MAX][REASON_BYTES];
	size_t n = address % 8 ? 0 : read_reasons(go, address, words);

	for (size_t i = 1; i < n && !words[0][0]; i++)
		if (!strcmp(words[i], "chan receive"))
			return true;
	return false;
}

/* There is no bucket before the first sample. */
static bool is_mbuckets(const struct go *go, uint64_t address)
{
	uint64_t b = 0;

	if (address % 8 || space_read(go->space, address, &b, 8) < 0 || b % 8)
		return false;
	return !b || (field(go, b, GO_BUCKET_TYP) == MEM_PROFILE &&
		      field(go, b, GO_BUCKET_NSTK) - 1 < BUCKET_STACK_MAX);
}

/* Not much can be said of a number. */
static bool is_rate(const struct go *go, uint64_t address)
{
	uint64_t v;

	return address % 8 == 0 &&
	       space_read(go->space, address, &v, 8) == 0 && v <= RATE_MAX;
}

/* A lock, a tree and a count, on a cache line of its own each. */
static bool is_semtable(const struct go *go, uint64_t address)
{
	uint64_t line[SEMA_ROOTS][SEMA_BYTES / 8];

	if (address % 8 ||
	    space_read(go->space, address, line, sizeof(line)) < 0)
		return false;
	for (size_t i = 0; i < SEMA_ROOTS; i++) {
		if (line[i][1] % 8 || (!line[i][1] && (uint32_t)line[i][2]))
			return false;
		for (size_t k = 3; k < SEMA_BYTES / 8; k++)
			if (line[i][k])
				return false;
	}
	return true;
}

/* By code ----------------------------------------------------------------- */

/* The writable part of the program. */
struct range {
	uint64_t lo, hi;
};

static struct range data_range(const struct image *im)
{
	struct range r = { UINT64_MAX, 0 };

	for (size_t i = 0; i < im->count; i++) {
		const struct image_part *p = &im->segments[i];

		if (!(p->flags & PF_W))
			continue;
		r.lo = p->address < r.lo ? p->address : r.lo;
		r.hi = p->address + p->bytes > r.hi ? p->address + p->bytes :
		       r.hi;
	}
	return r;
}

/* What the function NAME refers to; how many. */
static size_t refs_of(struct go *go, struct range r, const char *name,
		      uint64_t *refs)
{
	uint8_t code[CODE_BYTES_MAX];
	struct gosym_func f;
	uint64_t n;

	if (!gosym_named(go->modules[0].sym, name, &f) || f.end <= f.entry)
		return 0;
	n = f.end - f.entry < sizeof(code) ? f.end - f.entry : sizeof(code);
	if (space_read(go->space, f.entry, code, (uint32_t)n) < 0)
		return 0;
	return coderefs(code, n, f.entry, r.lo, r.hi, refs, REFS_MAX);
}

static const struct {
	size_t offset;          /* in struct go_roots */
	bool (*is)(const struct go *go, uint64_t address);
	const char *functions[FUNCTIONS_MAX];   /* one of them knows it */
	const char *also[FUNCTIONS_MAX];        /* and one of these, if any */
} variables[] = {
	{ .offset = offsetof(struct go_roots, allgs), .is = is_allgs,
	  .functions = { "runtime.allgadd", "runtime.schedtrace",
			 "runtime.forEachG" } },
	{ .offset = offsetof(struct go_roots, allp), .is = is_allp,
	  .functions = { "runtime.schedtrace", "runtime.procresize" } },
	{ .offset = offsetof(struct go_roots, allm), .is = is_allm,
	  .functions = { "runtime.schedtrace", "runtime.mcommoninit",
			 "runtime.checkdead" } },
	{ .offset = offsetof(struct go_roots, wait_reasons), .is = is_reasons,
	  .functions = { "runtime.waitReason.String",
			 "runtime.goroutineheader", "runtime.schedtrace" } },
	{ .offset = offsetof(struct go_roots, mbuckets), .is = is_mbuckets,
	  .functions = { "runtime.mProf_FlushLocked" },
	  .also = { "runtime.stkbucket" } },
	{ .offset = offsetof(struct go_roots, mem_profile_rate), .is = is_rate,
	  .functions = { "runtime.profilealloc", "runtime.nextSample" },
	  .also = { "runtime.parsegodebug", "runtime.parsedebugvars" } },
	{ .offset = offsetof(struct go_roots, semtable), .is = is_semtable,
	  .functions = { "runtime.semrelease1", "runtime.semacquire1" } },
};

/* What the functions of NAMES that there are refer to, up to REFS_MAX. */
static size_t refs_of_all(struct go *go, struct range r,
			  const char *const *names, uint64_t *refs)
{
	uint64_t some[REFS_MAX];
	size_t n = 0;

	for (size_t f = 0; f < FUNCTIONS_MAX && names[f]; f++) {
		size_t more = refs_of(go, r, names[f], some);

		more = more < REFS_MAX - n ? more : REFS_MAX - n;
		memcpy(refs + n, some, more * sizeof(*refs));
		n += more;
	}
	return n;
}

static bool is_among(const uint64_t *refs, size_t n, uint64_t address)
{
	for (size_t i = 0; i < n; i++)
		if (refs[i] == address)
			return true;
	return false;
}

static uint64_t find_variable(struct go *go, struct range r, size_t which)
{
	const char *const *also = variables[which].also;
	uint64_t refs[REFS_MAX], others[REFS_MAX];
	size_t n = refs_of_all(go, r, variables[which].functions, refs);
	size_t m = refs_of_all(go, r, also, others);

	for (size_t i = 0; i < n; i++)
		if ((!also[0] || is_among(others, m, refs[i])) &&
		    variables[which].is(go, refs[i]))
			return refs[i];
	return 0;
}

/* allgadd publishes allgs twice more: where it is and how long. */
static void find_copies(struct go *go, struct range r)
{
	uint64_t refs[REFS_MAX], s[2], v;
	size_t n = refs_of(go, r, "runtime.allgadd", refs);

	if (space_read(go->space, go->roots.allgs, s, sizeof(s)) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		if (refs[i] - go->roots.allgs < 24 ||
		    space_read(go->space, refs[i], &v, 8) < 0)
			continue;
		if (v == s[0])
			go->roots.allgptr = refs[i];
		else if (v == s[1])
			go->roots.allglen = refs[i];
	}
}

/* How many of the fields that schedtrace reads it would refer to, if sched
 * were at BASE. */
static size_t sched_score(const struct go *go, uint64_t base,
			  const uint64_t *refs, size_t n)
{
	static const enum go_field fields[] = {
		GO_SCHED_NPIDLE, GO_SCHED_NMSPINNING, GO_SCHED_NEEDSPINNING,
		GO_SCHED_NMIDLE, GO_SCHED_RUNQSIZE, GO_SCHED_MNEXT,
		GO_SCHED_NMFREED, GO_SCHED_GCWAITING, GO_SCHED_STOPWAIT,
		GO_SCHED_NMIDLELOCKED, GO_SCHED_SYSMONWAIT,
	};
	size_t score = 0;

	for (size_t k = 0; k < sizeof(fields) / sizeof(*fields); k++)
		for (size_t i = 0; i < n && go_at(go, fields[k]) >= 0; i++)
			score += refs[i] == base +
				 (uint64_t)go_at(go, fields[k]);
	return score;
}

static void find_sched(struct go *go, struct range r)
{
	uint64_t refs[REFS_MAX], base;
	size_t n = refs_of(go, r, "runtime.schedtrace", refs);
	size_t best = SCHED_FIELDS_MIN - 1, score;

	for (size_t i = 0; i < n && go_at(go, GO_SCHED_NPIDLE) >= 0; i++) {
		base = refs[i] - (uint64_t)go_at(go, GO_SCHED_NPIDLE);
		score = sched_score(go, base, refs, n);
		if (score > best) {
			best = score;
			go->roots.sched = base;
		}
	}
}

/* It equals the length of allp, which is another word schedtrace reads. */
static void find_gomaxprocs(struct go *go, struct range r)
{
	const struct go_roots *o = &go->roots;
	uint64_t refs[REFS_MAX], ps[2];
	size_t n = refs_of(go, r, "runtime.schedtrace", refs);
	uint32_t v;

	if (space_read(go->space, o->allp, ps, sizeof(ps)) < 0)
		return;
	for (size_t i = 0; i < n && !o->gomaxprocs; i++)
		if (refs[i] - o->allp >= 24 &&
		    (!o->sched || refs[i] - o->sched >= 4096) &&
		    space_read(go->space, refs[i], &v, 4) == 0 && v == ps[1])
			go->roots.gomaxprocs = refs[i];
}

/* The last way to allgs -------------------------------------------------- */

struct bss_search {
	struct go *go;
	unsigned int left;      /* candidates that may still be tested */
};

static bool see_allgs(void *ctx, uint64_t address, const uint64_t *words,
		      size_t n)
{
	struct bss_search *s = ctx;

	for (size_t i = 0; i + 2 < n && s->left; i++) {
		if (!words[i] || words[i] % 8 || !words[i + 1] ||
		    words[i + 1] > words[i + 2] || words[i + 2] > GS_MAX)
			continue;
		s->left--;
		if (is_allgs(s->go, address + i * 8)) {
			s->go->roots.allgs = address + i * 8;
			return true;
		}
	}
	return !s->left;
}

/* Variables that are zero at first are in no file. */
static void scan_bss(struct go *go)
{
	const struct image *im = go->image;
	struct bss_search s = { .go = go, .left = 4096 };

	for (size_t i = 0; i < im->count && !go->roots.allgs; i++) {
		struct image_part p = im->segments[i];

		p.address += p.file_bytes & ~UINT64_C(7);
		p.bytes -= p.file_bytes & ~UINT64_C(7);
		if (p.flags & PF_W)
			image_scan(im, &p, see_allgs, &s);
	}
}

void go_roots_by_code(struct go *go)
{
	struct range r = data_range(go->image);
	size_t n = sizeof(variables) / sizeof(*variables);

	for (size_t i = 0; i < n; i++) {
		uint64_t *root = root_at(&go->roots, variables[i].offset);

		if (!*root)
			*root = find_variable(go, r, i);
	}
	if (!go->roots.allgs)
		scan_bss(go);
	if (go->roots.allgs && !go->roots.allgptr)
		find_copies(go, r);
	if (!go->roots.sched)
		find_sched(go, r);
	if (go->roots.allp && !go->roots.gomaxprocs)
		find_gomaxprocs(go, r);
}

/* Wait reasons ------------------------------------------------------------ */

int go_reasons_read(struct go *go)
{
	go->reasons = calloc(GO_REASONS_MAX, sizeof(*go->reasons));
	if (!go->reasons)
		return -ENOMEM;
	if (go->roots.wait_reasons && is_reasons(go, go->roots.wait_reasons))
		go->reason_count = read_reasons(go, go->roots.wait_reasons,
						go->reasons);
	if (go->reason_count)
		return 0;
	memcpy(go->reasons, go->offsets.reason, sizeof(go->offsets.reason));
	go->reason_count = go->offsets.reasons < GO_REASONS_MAX ?
			   go->offsets.reasons : GO_REASONS_MAX;
	return 0;
}
