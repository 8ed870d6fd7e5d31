/*
 * Where the members of Go's runtime structures are, by version of Go.
 *
 * The rows are files, share/pgo/go/VERSION.offsets, made by gen/ from the
 * sources of that version: a new Go needs a new file and no new program.  A
 * version without a file is tried with its neighbours and with DWARF; see
 * attach.h.
 */
#ifndef LIB_TARGET_GO_OFFSETS_H
#define LIB_TARGET_GO_OFFSETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/* ENUM, struct and member as Go's source calls them; the member "" is the
 * size of the struct.  What has had several names or moved into a struct of
 * its own is told by paths, "runqsize|runq.size", of which one fits; rows call
 * it by the first.  gen/ reads this list. */
#define GO_FIELDS(X) \
	X(GO_G_SIZE, "g", "") X(GO_G_STACK, "g", "stack") \
	X(GO_G_M, "g", "m") X(GO_G_SCHED, "g", "sched") \
	X(GO_G_SYSCALLSP, "g", "syscallsp") \
	X(GO_G_SYSCALLPC, "g", "syscallpc") \
	X(GO_G_SYSCALLBP, "g", "syscallbp") \
	X(GO_G_STATUS, "g", "atomicstatus") X(GO_G_GOID, "g", "goid") \
	X(GO_G_WAITSINCE, "g", "waitsince") \
	X(GO_G_WAITREASON, "g", "waitreason") \
	X(GO_G_LOCKEDM, "g", "lockedm") X(GO_G_PARENT, "g", "parentGoid") \
	X(GO_G_GOPC, "g", "gopc") X(GO_G_STARTPC, "g", "startpc") \
	X(GO_G_WAITING, "g", "waiting") X(GO_G_LABELS, "g", "labels") \
	X(GO_GOBUF_SP, "gobuf", "sp") X(GO_GOBUF_PC, "gobuf", "pc") \
	X(GO_GOBUF_BP, "gobuf", "bp") \
	X(GO_M_G0, "m", "g0") X(GO_M_PROCID, "m", "procid") \
	X(GO_M_GSIGNAL, "m", "gsignal") X(GO_M_CURG, "m", "curg") \
	X(GO_M_P, "m", "p") X(GO_M_ID, "m", "id") \
	X(GO_M_MALLOCING, "m", "mallocing") X(GO_M_THROWING, "m", "throwing") \
	X(GO_M_PREEMPTOFF, "m", "preemptoff") X(GO_M_LOCKS, "m", "locks") \
	X(GO_M_DYING, "m", "dying") X(GO_M_SPINNING, "m", "spinning") \
	X(GO_M_BLOCKED, "m", "blocked") X(GO_M_LOCKEDG, "m", "lockedg") \
	X(GO_M_ALLLINK, "m", "alllink") X(GO_M_VDSOSP, "m", "vdsoSP") \
	X(GO_M_VDSOPC, "m", "vdsoPC") \
	X(GO_M_CREATESTACK, "m", "createstack") \
	X(GO_P_ID, "p", "id") X(GO_P_STATUS, "p", "status") \
	X(GO_P_SCHEDTICK, "p", "schedtick") \
	X(GO_P_SYSCALLTICK, "p", "syscalltick") X(GO_P_M, "p", "m") \
	X(GO_P_RUNQHEAD, "p", "runqhead") X(GO_P_RUNQTAIL, "p", "runqtail") \
	X(GO_P_RUNQ, "p", "runq") X(GO_P_RUNNEXT, "p", "runnext") \
	X(GO_P_GFREE, "p", "gFree.n|gFree.size") \
	X(GO_P_TIMERS, "p", "timers.heap|timers") \
	X(GO_SCHED_MIDLE, "schedt", "midle") \
	X(GO_SCHED_NMIDLE, "schedt", "nmidle") \
	X(GO_SCHED_NMIDLELOCKED, "schedt", "nmidlelocked") \
	X(GO_SCHED_MNEXT, "schedt", "mnext") \
	X(GO_SCHED_NMFREED, "schedt", "nmfreed") \
	X(GO_SCHED_NGSYS, "schedt", "ngsys") \
	X(GO_SCHED_NPIDLE, "schedt", "npidle") \
	X(GO_SCHED_NMSPINNING, "schedt", "nmspinning") \
	X(GO_SCHED_NEEDSPINNING, "schedt", "needspinning") \
	X(GO_SCHED_RUNQ, "schedt", "runq") \
	X(GO_SCHED_RUNQSIZE, "schedt", "runqsize|runq.size") \
	X(GO_SCHED_GCWAITING, "schedt", "gcwaiting") \
	X(GO_SCHED_STOPWAIT, "schedt", "stopwait") \
	X(GO_SCHED_SYSMONWAIT, "schedt", "sysmonwait") \
	X(GO_SUDOG_G, "sudog", "g") X(GO_SUDOG_NEXT, "sudog", "next") \
	X(GO_SUDOG_PREV, "sudog", "prev") X(GO_SUDOG_ELEM, "sudog", "elem") \
	X(GO_SUDOG_ISSELECT, "sudog", "isSelect") \
	X(GO_SUDOG_PARENT, "sudog", "parent") \
	X(GO_SUDOG_WAITLINK, "sudog", "waitlink") X(GO_SUDOG_C, "sudog", "c") \
	X(GO_HCHAN_SIZE, "hchan", "") X(GO_HCHAN_QCOUNT, "hchan", "qcount") \
	X(GO_HCHAN_DATAQSIZ, "hchan", "dataqsiz") \
	X(GO_HCHAN_ELEMSIZE, "hchan", "elemsize") \
	X(GO_HCHAN_CLOSED, "hchan", "closed") \
	X(GO_HCHAN_RECVQ, "hchan", "recvq") \
	X(GO_HCHAN_SENDQ, "hchan", "sendq") \
	X(GO_MD_SIZE, "moduledata", "") \
	X(GO_MD_PCHEADER, "moduledata", "pcHeader") \
	X(GO_MD_FUNCNAMETAB, "moduledata", "funcnametab") \
	X(GO_MD_MINPC, "moduledata", "minpc") \
	X(GO_MD_MAXPC, "moduledata", "maxpc") \
	X(GO_MD_TEXT, "moduledata", "text") \
	X(GO_MD_ETEXT, "moduledata", "etext") \
	X(GO_MD_GOFUNC, "moduledata", "gofunc") \
	X(GO_MD_NEXT, "moduledata", "next") \
	X(GO_BUCKET_SIZE, "bucket", "") X(GO_BUCKET_NEXT, "bucket", "next") \
	X(GO_BUCKET_ALLNEXT, "bucket", "allnext") \
	X(GO_BUCKET_TYP, "bucket", "typ") X(GO_BUCKET_HASH, "bucket", "hash") \
	X(GO_BUCKET_BYTES, "bucket", "size") \
	X(GO_BUCKET_NSTK, "bucket", "nstk") \
	X(GO_MEM_SIZE, "memRecord", "") \
	X(GO_MEM_ACTIVE, "memRecord", "active") \
	X(GO_MEM_FUTURE, "memRecord", "future") \
	X(GO_MEM_CYCLE_SIZE, "memRecordCycle", "") \
	X(GO_MEM_ALLOCS, "memRecordCycle", "allocs") \
	X(GO_MEM_FREES, "memRecordCycle", "frees") \
	X(GO_MEM_ALLOC_BYTES, "memRecordCycle", "alloc_bytes") \
	X(GO_MEM_FREE_BYTES, "memRecordCycle", "free_bytes") \
	X(GO_SEMA_TREAP, "semaRoot", "treap") \
	X(GO_SEMA_NWAIT, "semaRoot", "nwait") \
	X(GO_G_TIMER, "g", "timer") X(GO_TIMER_WHEN, "timer", "when") \
	X(GO_TIMER_PERIOD, "timer", "period")

enum go_field {
#define X(id, type, member) id,
	GO_FIELDS(X)
#undef X
	GO_FIELD_COUNT
};

enum { GO_REASONS_MAX = 96 };

struct go_offsets {
	int minor;                      /* 26 for Go 1.26 */
	bool verified;                  /* against DWARF of that version; not
					 * for rows only known from papers */
	int32_t at[GO_FIELD_COUNT];     /* -1: that version has it not */
	uint32_t reasons;
	char reason[GO_REASONS_MAX][48]; /* wait reasons by number; the target's
					  * own table is used where it can be
					  * read */
};

struct go_field_name {
	const char *type, *member;      /* as GO_FIELDS has them */
};

extern const struct go_field_name go_field_names[GO_FIELD_COUNT];

/* As a patch: the newest there is. */
enum { GO_PATCH_NEWEST = 1000 };

/* The row of Go 1.MINOR.PATCH.  0; -ENOENT when there is no file; -EBADMSG
 * when it makes no sense; with words in E. */
int go_offsets_load(struct go_offsets *o, int minor, int patch,
		    struct err *e);

/* The same from N bytes of TEXT; errors call it PATH. */
int go_offsets_parse(struct go_offsets *o, int minor, int patch,
		     const char *text, size_t n, const char *path,
		     struct err *e);

/* The smallest and greatest minor there are files for.  0 or -ENOENT. */
int go_offsets_range(int *min, int *max);

/* Fills O by the DWARF of the file PATH, from the unit "runtime" alone.
 * MINOR is only written down.  0; -ENODATA when there is no DWARF or not all
 * that is needed in it; with words in E.  Some 100 ms. */
int go_offsets_by_dwarf(struct go_offsets *o, const char *path, int minor,
			struct err *e);

/* Whether O says where all is that every reader needs. */
bool go_offsets_complete(const struct go_offsets *o);

/* A member that lies outside its struct or out of all bounds, NULL when none
 * does.  Both readers of offsets have asked: at[] can be added up without
 * care. */
const struct go_field_name *go_offsets_outside(const struct go_offsets *o);

/* Bytes from the beginning of a struct in which all of its N members F are,
 * but for those that version has not. */
uint32_t go_offsets_span(const struct go_offsets *o, const enum go_field *f,
			 size_t n);

#endif
