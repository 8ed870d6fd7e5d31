#include "lib/target/perfring.h"

#include <asm/perf_regs.h>
#include <stdbool.h>
#include <string.h>

enum { RECORD_MAX = 1 << 16 };

/* In the order of their numbers, as the kernel writes them. */
enum { REG_BP, REG_SP, REG_PC, REG_R14, REGS };

uint64_t perfring_regs(void)
{
	return UINT64_C(1) << PERF_REG_X86_BP | UINT64_C(1) << PERF_REG_X86_SP |
	       UINT64_C(1) << PERF_REG_X86_IP |
	       UINT64_C(1) << PERF_REG_X86_R14;
}

/* What is left of a record. */
struct part {
	const uint8_t *at;
	size_t left;
};

/* N bytes of P, or NULL. */
static const void *take(struct part *p, size_t n)
{
	const void *at = p->at;

	if (n > p->left)
		return NULL;
	p->at += n;
	p->left -= n;
	return at;
}

static bool take_u64(struct part *p, uint64_t *out)
{
	const void *at = take(p, sizeof(*out));

	if (at)
		memcpy(out, at, sizeof(*out));
	return at;
}

/* Everything in a record is aligned to 8 bytes, so the pcs can stay. */
static bool take_chain(struct part *p, struct cpu_sample *s)
{
	uint64_t n;

	if (!take_u64(p, &n) || n > p->left / sizeof(*s->chain))
		return false;
	s->chain = take(p, n * sizeof(*s->chain));
	s->chain_n = n;
	/* Marks of whose pcs follow are no pcs; user code is all we asked
	 * for. */
	while (s->chain_n && s->chain[0] >= (uint64_t)PERF_CONTEXT_MAX) {
		s->chain++;
		s->chain_n--;
	}
	return true;
}

static bool take_regs(struct part *p, struct cpu_sample *s)
{
	uint64_t abi, regs[REGS];
	const void *at;

	if (!take_u64(p, &abi) || abi != PERF_SAMPLE_REGS_ABI_64)
		return false;
	at = take(p, sizeof(regs));
	if (!at)
		return false;
	memcpy(regs, at, sizeof(regs));
	s->regs = (struct space_regs){
		.pc = regs[REG_PC],
		.sp = regs[REG_SP],
		.bp = regs[REG_BP],
		.r14 = regs[REG_R14],
	};
	return true;
}

/* The room for the stack, and behind it how much of it was filled. */
static bool take_stack(struct part *p, struct cpu_sample *s)
{
	uint64_t room, n;

	if (!take_u64(p, &room))
		return false;
	if (!room)
		return true;
	s->stack = take(p, room);
	if (!s->stack || !take_u64(p, &n))
		return false;
	s->stack_bytes = n < room ? n : room;
	return true;
}

static bool take_sample(struct part *p, struct cpu_sample *s)
{
	const void *ids = take(p, 2 * sizeof(uint32_t));
	uint32_t pid_tid[2];
	uint64_t time, event;

	if (!ids || !take_u64(p, &time) || !take_u64(p, &event))
		return false;
	memcpy(pid_tid, ids, sizeof(pid_tid));
	*s = (struct cpu_sample){
		.tid = (pid_t)pid_tid[1],
		.periods = 1,
		.time_ns = (int64_t)time,
		.event = event,
	};
	return take_chain(p, s) && take_regs(p, s) && take_stack(p, s);
}

static void record(uint32_t type, struct part *p,
		   const struct sampler_sink *to, struct sampler_figures *f)
{
	struct cpu_sample s;
	uint64_t id, n;

	if (type == PERF_RECORD_SAMPLE && take_sample(p, &s)) {
		f->samples++;
		to->each(to->ctx, &s);
	} else if (type == PERF_RECORD_LOST && take_u64(p, &id) &&
		   take_u64(p, &n)) {
		f->lost += n;
	} else if (type == PERF_RECORD_THROTTLE) {
		f->throttled++;
	}
}

/* Where the N bytes at position AT are in one piece: there, or in COPY. */
static const uint8_t *whole(const struct perfring *r, uint64_t at, size_t n,
			    uint8_t *copy)
{
	size_t from = at & (r->bytes - 1);
	size_t first = r->bytes - from;

	if (n <= first)
		return r->data + from;
	memcpy(copy, r->data + from, first);
	memcpy(copy + first, r->data, n - first);
	return copy;
}

void perfring_read(struct perfring *r, const struct sampler_sink *to,
		   struct sampler_figures *f)
{
	_Alignas(8) uint8_t copy[RECORD_MAX];
	/* Acquire: the records before it are written.  Its partner is the
	 * kernel's barrier before it moves the head. */
	uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t at = r->page->data_tail;

	while (head - at >= sizeof(struct perf_event_header)) {
		struct perf_event_header h;
		struct part p;

		memcpy(&h, whole(r, at, sizeof(h), copy), sizeof(h));
		if (h.size < sizeof(h) || h.size > head - at ||
		    h.size > r->bytes) {
			at = head;
			break;
		}
		p.at = whole(r, at, h.size, copy) + sizeof(h);
		p.left = h.size - sizeof(h);
		record(h.type, &p, to, f);
		at += h.size;
	}
	/* Release: nothing before it is read any more. */
	__atomic_store_n(&r->page->data_tail, at, __ATOMIC_RELEASE);
}
