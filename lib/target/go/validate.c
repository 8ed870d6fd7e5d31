/*
 * Wrong offsets give nonsense everywhere, and a target in motion gives some
 * nonsense too.  So what moved between two looks does not count, and of the
 * rest a quarter may be wrong.  Programs have five or so goroutines of the
 * runtime's own that are parked nearly always.
 */
#include "lib/target/go/validate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/target/go/unwind.h"

enum {
	GS_MAX = 48,            /* goroutines looked at */
	G_BYTES_MAX = 2048,
	STACK_BYTES = 4096,     /* of each */
	DEPTH_MAX = 128,
	MS_MAX = 16,
	THREADS_MAX = 1024,     /* with more, their ids prove nothing */
	PS_MAX = 4,
	RUNNABLE = 1, RUNNING = 2, SYSCALL = 3, WAITING = 4, DEAD = 6,
	STATUS_MAX = 15,
	PARK_BYTES_MAX = 4096,  /* of gopark(); it has some 300 */
	SCAN = 0x1000,
};

#define ALLGS_MAX (UINT64_C(1) << 28)
#define GOID_MAX (UINT64_C(1) << 40)
#define STACK_MAX (UINT64_C(1) << 32)

struct look {
	uint64_t address;
	bool ok, same;          /* it was read, twice, and stood still */
	bool stack_ok;
	uint64_t sp;
	uint32_t stack_bytes;
	uint8_t bytes[G_BYTES_MAX], again[G_BYTES_MAX];
	uint8_t stack[STACK_BYTES];
};

static uint64_t word(const uint8_t *bytes, int32_t off)
{
	uint64_t v = 0;

	if (off >= 0 && off <= G_BYTES_MAX - 8)
		memcpy(&v, bytes + off, 8);
	return v;
}

static uint64_t g_word(const struct go *go, const uint8_t *bytes,
		       enum go_field f)
{
	return word(bytes, go_at(go, f));
}

static uint64_t saved(const struct go *go, const uint8_t *bytes,
		      enum go_field f)
{
	return word(bytes, go_at(go, GO_G_SCHED) + go_at(go, f));
}

static uint32_t status(const struct go *go, const uint8_t *bytes)
{
	return (uint32_t)g_word(go, bytes, GO_G_STATUS) & ~(uint32_t)SCAN;
}

/* Reading ----------------------------------------------------------------- */

/* Addresses of some goroutines, the first among them; how many, or -E. */
static int choose(struct go *go, struct look *looks, struct err *e)
{
	uint64_t s[3], g[GS_MAX];
	struct space_piece at[GS_MAX];
	size_t n;
	int rc;

	rc = space_read(go->space, go->roots.allgs, s, sizeof(s));
	if (rc < 0)
		return err_set(e, rc, "%s: allgs", go->space->name);
	if (s[0] % 8 || s[1] > s[2] || s[2] > ALLGS_MAX)
		return err_say(e, -EBADMSG, "allgs is no list");
	n = s[1] < GS_MAX ? s[1] : GS_MAX;
	for (size_t i = 0; i < n; i++)
		at[i] = (struct space_piece){ s[0] + i * s[1] / n * 8, &g[i],
					      8, false };
	rc = space_readv(go->space, at, n);
	if (rc < 0)
		return err_set(e, rc, "%s: allgs", go->space->name);
	for (size_t i = 0; i < n; i++) {
		if (!at[i].ok || !g[i] || g[i] % 8)
			return err_say(e, -EBADMSG, "allgs is no list of "
				       "goroutines");
		looks[i].address = g[i];
	}
	return (int)n;
}

static int read_gs(struct go *go, struct look *looks, size_t n, bool again)
{
	struct space_piece at[GS_MAX];
	int rc;

	for (size_t i = 0; i < n; i++)
		at[i] = (struct space_piece){
			looks[i].address,
			again ? looks[i].again : looks[i].bytes,
			(uint32_t)go_at(go, GO_G_SIZE), false,
		};
	rc = space_readv(go->space, at, n);
	for (size_t i = 0; i < n; i++)
		looks[i].ok = at[i].ok;
	return rc;
}

/* The stacks of those that wait. */
static int read_stacks(struct go *go, struct look *looks, size_t n)
{
	struct space_piece at[GS_MAX];
	int rc;

	for (size_t i = 0; i < n; i++) {
		struct look *l = &looks[i];
		uint64_t hi = word(l->bytes, go_at(go, GO_G_STACK) + 8);

		l->sp = saved(go, l->bytes, GO_GOBUF_SP);
		l->stack_bytes = 0;
		if (status(go, l->bytes) == WAITING && l->sp < hi)
			l->stack_bytes = (uint32_t)(hi - l->sp < STACK_BYTES ?
						    hi - l->sp : STACK_BYTES);
		at[i] = (struct space_piece){ l->sp, l->stack, l->stack_bytes,
					      false };
	}
	rc = space_readv(go->space, at, n);
	for (size_t i = 0; i < n; i++)
		looks[i].stack_ok = at[i].ok && looks[i].stack_bytes;
	return rc;
}

/* Twice, with the stacks between. */
static int read_all(struct go *go, struct look *looks, size_t n)
{
	int rc = read_gs(go, looks, n, false);

	if (rc == 0)
		rc = read_stacks(go, looks, n);
	if (rc == 0)
		rc = read_gs(go, looks, n, true);
	for (size_t i = 0; i < n; i++)
		looks[i].same = looks[i].ok &&
				!memcmp(looks[i].bytes, looks[i].again,
					(size_t)go_at(go, GO_G_SIZE));
	return rc;
}

/* Judging ----------------------------------------------------------------- */

static bool is_code(struct go *go, uint64_t pc)
{
	return go_module_at(go, pc) != NULL;
}

static bool is_entry(struct go *go, uint64_t pc)
{
	struct go_module *m = go_module_at(go, pc);
	struct gosym_func f;

	return m && gosym_func(m->sym, pc, &f) && f.entry == pc;
}

/* Whether some two lie closer together than one is long. */
static bool overlap(const struct go *go, const struct look *looks, size_t n)
{
	uint64_t size = (uint64_t)go_at(go, GO_G_SIZE);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			if (looks[k].address > looks[i].address &&
			    looks[k].address - looks[i].address < size)
				return true;
	return false;
}

/* What is wrong with a goroutine as such, or NULL. */
static const char *wrong_g(struct go *go, const struct look *l)
{
	uint64_t id = g_word(go, l->bytes, GO_G_GOID);
	uint64_t lo = word(l->bytes, go_at(go, GO_G_STACK));
	uint64_t hi = word(l->bytes, go_at(go, GO_G_STACK) + 8);
	uint32_t state = status(go, l->bytes);

	if (state > STATUS_MAX)
		return "a state that does not exist";
	if (id > GOID_MAX)
		return "an id out of all bounds";
	/* A dead one keeps little of what it was; one that is made has
	 * nothing yet. */
	if (state < RUNNABLE || state == DEAD)
		return NULL;
	if (!id || lo >= hi || hi - lo > STACK_MAX)
		return "a stack that is none";
	if (id != 1 && (!is_code(go, g_word(go, l->bytes, GO_G_GOPC)) ||
			!is_entry(go, g_word(go, l->bytes, GO_G_STARTPC))))
		return "a beginning that is no code";
	return NULL;
}

/* What is wrong with the stack of one that waits. */
static const char *wrong_stack(struct go *go, const struct look *l)
{
	struct go_stack st = {
		.bytes = l->stack,
		.address = l->sp,
		.n = l->stack_bytes,
		.hi = word(l->bytes, go_at(go, GO_G_STACK) + 8),
	};
	uint64_t pcs[DEPTH_MAX], need, pc = saved(go, l->bytes, GO_GOBUF_PC);
	size_t n;

	if (!is_code(go, pc))
		return "a saved pc that is no code";
	if (go_walk(go, pc, l->sp, &st, false, pcs, DEPTH_MAX, &n, &need) ==
	    GO_WALK_LOST)
		return "a stack that leads nowhere";
	return NULL;
}

static int judge(struct go *go, const struct look *looks, size_t n,
		 struct err *e)
{
	const char *wrong = NULL, *why;
	size_t good = 0, bad = 0;

	if (looks[0].same && g_word(go, looks[0].bytes, GO_G_GOID) != 1)
		return err_say(e, -EBADMSG, "the first goroutine is not 1");
	if (overlap(go, looks, n))
		return err_say(e, -EBADMSG, "goroutines overlap");
	for (size_t i = 0; i < n; i++) {
		const struct look *l = &looks[i];

		if (!l->same)
			continue;
		why = wrong_g(go, l);
		if (!why && status(go, l->bytes) == WAITING) {
			why = l->stack_ok ? wrong_stack(go, l) :
			      "a stack that cannot be read";
			good += !why;
		}
		bad += why != NULL;
		wrong = why ? why : wrong;
	}
	if (bad > good / 4)
		return err_say(e, -EBADMSG, "goroutines have %s", wrong);
	return good ? 0 : err_say(e, -EAGAIN, "no goroutine stands still");
}

static bool read_word(struct go *go, uint64_t address, enum go_field f,
		      void *out, uint32_t bytes)
{
	return go_at(go, f) >= 0 &&
	       space_read(go->space, address + (uint64_t)go_at(go, f), out,
			  bytes) == 0;
}

/* Reads the Ms from M on into TIDS: what they say their threads are.  The
 * goroutine of its own that each has knows it.  How many, or -1. */
static int read_ms(struct go *go, uint64_t m, uint64_t *tids)
{
	uint64_t g0, back;
	int n = 0;

	while (m && n < MS_MAX)
		if (!read_word(go, m, GO_M_G0, &g0, 8) ||
		    !read_word(go, g0, GO_G_M, &back, 8) || back != m ||
		    !read_word(go, m, GO_M_PROCID, &tids[n++], 8) ||
		    !read_word(go, m, GO_M_ALLLINK, &m, 8))
			return -1;
	return n;
}

static bool is_thread(const struct space_thread *t, int n, uint64_t tid)
{
	for (int i = 0; i < n; i++)
		if ((uint64_t)t[i].tid == tid)
			return true;
	return false;
}

/* The newest Ms: most are threads there are.  One that begins or that waits
 * for C to call has none, and one may have come or gone since. */
static int judge_ms(struct go *go, struct err *e)
{
	struct space_thread threads[THREADS_MAX];
	uint64_t m = 0, tids[MS_MAX];
	int n, count, good = 0;

	if (!go->roots.allm ||
	    space_read(go->space, go->roots.allm, &m, 8) < 0)
		return 0;
	count = read_ms(go, m, tids);
	if (count < 0)
		return err_say(e, -EBADMSG, "threads make no sense");
	n = space_threads(go->space, threads, THREADS_MAX);
	if (n <= 0 || n > THREADS_MAX || !count)
		return 0;
	for (int i = 0; i < count; i++)
		good += is_thread(threads, n, tids[i]);
	return good > count / 4 ? 0 :
	       err_say(e, -EBADMSG, "threads have ids that none has");
}

/* Those in a system call: each has a thread, which has it. */
static int judge_calls(struct go *go, const struct look *looks, size_t n,
		       struct err *e)
{
	size_t good = 0, bad = 0;
	uint64_t curg;

	for (size_t i = 0; i < n && good + bad < MS_MAX; i++) {
		if (!looks[i].same || status(go, looks[i].bytes) != SYSCALL)
			continue;
		if (read_word(go, g_word(go, looks[i].bytes, GO_G_M),
			      GO_M_CURG, &curg, 8) &&
		    curg == looks[i].address)
			good++;
		else
			bad++;
	}
	return bad <= good / 4 ? 0 :
	       err_say(e, -EBADMSG, "threads do not know their goroutines");
}

/* Whether calls inlined into gopark() are seen: there are some in every
 * version, and where their table is does not show otherwise. */
static int judge_inlines(struct go *go, struct err *e)
{
	struct gosym *sym = go->modules[0].sym;
	struct sym_frame f[4];
	struct gosym_func park;

	if (!gosym_named(sym, "runtime.gopark", &park))
		return err_say(e, -EBADMSG, "it has no runtime.gopark");
	for (uint64_t pc = park.entry; pc < park.end &&
	     pc - park.entry < PARK_BYTES_MAX; pc++)
		if (gosym_frames(sym, pc, f, 4) > 1 && f[0].func &&
		    !strncmp(f[0].func, "runtime.", 8))
			return 0;
	return err_say(e, -EBADMSG, "its inlined calls are not found");
}

static int judge_ps(struct go *go, struct err *e)
{
	uint64_t s[2] = { 0 }, p;
	uint32_t id;

	if (!go->roots.allp ||
	    space_read(go->space, go->roots.allp, s, sizeof(s)) < 0)
		return 0;
	for (uint64_t i = 0; i < s[1] && i < PS_MAX; i++)
		if (space_read(go->space, s[0] + i * 8, &p, 8) < 0 ||
		    !read_word(go, p, GO_P_ID, &id, 4) || id != i)
			return err_say(e, -EBADMSG, "Ps make no sense");
	return 0;
}

int go_validate(struct go *go, struct err *e)
{
	struct look *looks;
	int n, rc;

	if (go_at(go, GO_G_SIZE) <= 0 || go_at(go, GO_G_SIZE) > G_BYTES_MAX ||
	    !go_offsets_complete(&go->offsets))
		return err_say(e, -EBADMSG, "offsets are not complete");
	looks = calloc(GS_MAX, sizeof(*looks));
	if (!looks)
		return err_set(e, -ENOMEM, "%s", go->space->name);
	n = rc = choose(go, looks, e);
	if (rc > 0) {
		rc = read_all(go, looks, (size_t)n);
		rc = rc < 0 ? err_set(e, rc, "%s: goroutines",
				      go->space->name) :
		     judge(go, looks, (size_t)n, e);
		if (rc == 0)
			rc = judge_calls(go, looks, (size_t)n, e);
	} else if (rc == 0) {
		rc = err_say(e, -EAGAIN, "no goroutines yet");
	}
	free(looks);
	if (rc == 0)
		rc = judge_ms(go, e);
	if (rc == 0 && go->how == GO_BY_NEIGHBOUR)
		rc = judge_inlines(go, e);
	return rc == 0 ? judge_ps(go, e) : rc;
}
