/*
 * What the assembly knows of the C structs.  Each is asserted in
 * runtime/offsets.c.
 */
#ifndef PGO_RUNTIME_AMD64_OFFSETS_H
#define PGO_RUNTIME_AMD64_OFFSETS_H

#define SEG_PREV 16
#define SEG_NEXT 24
#define SEG_LIMIT 32
#define SEG_CAP 40
#define SEG_RET 48

#define G_CUR 0
#define G_PREEMPT 8
#define G_SP 16
#define G_ENTERS 24
#define G_ERR 32
#define G_VEC 40

#define M_G 0
#define M_CSP 8
#define M_ERRNOP 16
#define M_CALLS 24
#define M_ATTN 32
#define M_CTOP 40
#define M_G0SP 48
#define M_INSCHED 56
#define M_CFP 64
#define M_CTARGET 72
#define M_LSP 80
#define M_BACK 88

#define FIBER_SANITIZED 0

/* From rbp in async_preempt to where the stack pointer was. */
#define TAKEN_CFA 224

/* Arguments on the stack that are taken along, not knowing. */
#define HERE_ARGS_BYTES 1024

/* What a remote thread stores in a limit to bring its owner into
 * __morestack: above every user address, positive as a signed number (clang
 * compares signed). */
#define LIMIT_POISON 0x7fffdead00000000

/* Where the stack limit lives: tcbhead_t.__private_ss, which glibc leaves
 * alone; gcc's and clang's -fsplit-stack both read it. */
#define TCB_LIMIT 0x70

#endif
