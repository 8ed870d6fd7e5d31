/*
 * __morestack: what a split prologue calls when its frame does not fit.
 *
 * gcc's protocol: r10 = bytes of frame, r11 = bytes of stack arguments, every
 * argument register live.  The return address points at a one-byte `ret`; the
 * body is called one byte after it, so the processor's return stack stays in
 * balance.  The new segment gets a copy of the stack arguments, aligned like
 * them: a __m512 among them is moved by instructions that insist on it.
 *
 * Exactness.  Unwinders must see body -> __morestack -> caller of the body:
 * the slot of the `ret` does not exist for them, so the CFA is rbp + 24.  For
 * frame-pointer walkers the slot at 8(%rbp) is overwritten with the caller's
 * pc while the body runs; the real one is in the segment header.  So it is on
 * the slow path, where a goroutine may lie for long; the real one is in r13.
 * gdb lets stacks jump at a function of this very name only.
 *
 * Poison.  The limit may be LIMIT_POISON: the slow path then yields first.  In
 * C (csp 0) there is nothing to grow: a callback only clears the limit.
 *
 * The slow C code uses general registers only, so vector arguments are saved
 * nowhere but over a yield, in the goroutine's own 512 bytes.
 */
#include "runtime/amd64/asm.h"

FUNCTION __morestack
	.cfi_startproc
	PASSED_BY unwind_morestack
	.cfi_def_cfa rsp,16
	.cfi_offset rip,-8
	push %rbp
	.cfi_def_cfa rsp,24
	.cfi_offset rbp,-24
	mov %rsp,%rbp
	.cfi_def_cfa_register rbp
	push %rax
	push %rdi
	push %rsi
	GETM %rax
	test %rax,%rax                  # a thread that is no M any more
	jz .Lin_c
	cmpq $0,M_CSP(%rax)
	je .Lin_c
	mov M_G(%rax),%rax
	cmpq $0,G_PREEMPT(%rax)
	jne .Lslow
	mov G_CUR(%rax),%rdi
	mov SEG_NEXT(%rdi),%rdi
	test %rdi,%rdi
	jz .Lslow
	lea (%r10,%r11),%rsi
	cmp SEG_CAP(%rdi),%rsi
	ja .Lslow
.Lenter:                                # rax = g, rdi = the segment
	mov %rdi,G_CUR(%rax)
	mov SEG_LIMIT(%rdi),%rsi
	mov %rsi,%fs:TCB_LIMIT
	incq G_ENTERS(%rax)
	mov %rdi,%rsp                   # valgrind sees this, and .Lcopy's, as
	mov 8(%rbp),%r10                # memory is used in between
	mov %r10,SEG_RET(%rdi)
	mov 16(%rbp),%rsi
	mov %rsi,8(%rbp)
	inc %r10
	test %r11,%r11
	jnz .Lcopy
.Lgo:
	mov -8(%rbp),%rax
	mov -16(%rbp),%rdi
	mov -24(%rbp),%rsi
	call *%r10
	GETM %rcx
	mov M_G(%rcx),%rcx
	mov G_CUR(%rcx),%rdi
	mov SEG_RET(%rdi),%rsi
	mov %rsi,8(%rbp)
	mov SEG_PREV(%rdi),%rdi
	mov %rdi,G_CUR(%rcx)
	mov SEG_LIMIT(%rdi),%rsi
	mov %rsi,%fs:TCB_LIMIT
	mov %rbp,%rsp
	.cfi_remember_state
	pop %rbp
	.cfi_restore rbp
	.cfi_def_cfa rsp,16
	ret
	.cfi_restore_state
.Lcopy:                                 # as they lie modulo 64: vectors
	sub %r11,%rdi
	lea 24(%rbp),%rsi
	mov %rdi,%rax
	sub %rsi,%rax
	and $63,%eax
	sub %rax,%rdi
	mov %rdi,%rsp
	mov %rcx,%rax
	mov %r11,%rcx
	shr $3,%rcx
	rep movsq
	mov %rax,%rcx
	jmp .Lgo

.Lin_c:
	movq $0,%fs:TCB_LIMIT
	jmp .Lresume

.Lslow:                                 # rax = g
	push %rdx
	push %rcx
	push %r8
	push %r9
	push %r10
	push %r11
	push %rbx
	.cfi_offset rbx,-104
	push %r12
	.cfi_offset r12,-112
	push %r13
	.cfi_offset r13,-120
	mov 8(%rbp),%r13                # for frame pointers: as in the body
	mov 16(%rbp),%rcx
	mov %rcx,8(%rbp)
	mov %rsp,%rbx
	GETM %r12
	cmpq $0,G_PREEMPT(%rax)
	je .Lgrow
	mov M_CSP(%r12),%rsp
	mov %rax,%rdi
	call g_vec
	mov %rbx,%rsp
	VEC_SAVE %rax
	and $-16,%rsp
	call sched_preempted            # may come back on another thread
	mov %rbx,%rsp
	GETM %r12
	mov M_G(%r12),%rax
	mov G_VEC(%rax),%rax
	VEC_LOAD %rax
.Lgrow:
	mov M_G(%r12),%rdi
	mov -64(%rbp),%rsi
	mov -72(%rbp),%rdx
	lea 8(%rbp),%rcx
	mov M_CSP(%r12),%rsp
	call stack_grow
	mov %rbx,%rsp
	mov %rax,%rdi
	mov M_G(%r12),%rax
	mov %r13,8(%rbp)
	pop %r13
	.cfi_restore r13
	pop %r12
	.cfi_restore r12
	pop %rbx
	.cfi_restore rbx
	mov -32(%rbp),%rdx
	mov -40(%rbp),%rcx
	mov -48(%rbp),%r8
	mov -56(%rbp),%r9
	mov -64(%rbp),%r10
	mov -72(%rbp),%r11
	test %rdi,%rdi
	jnz .Lenter
	mov G_CUR(%rax),%rdi            # it fits: only poison brought us here
	mov SEG_LIMIT(%rdi),%rdi
	mov %rdi,%fs:TCB_LIMIT
.Lresume:                               # into the body, on this stack
	mov 8(%rbp),%rsi
	inc %rsi
	lea 24(%rbp),%r11
	cmpl $0x185d8d4c,(%rsi)         # lea 24(%rbp),%r11 of a variadic
	jne 1f                          # function: done, as rbp is ours
	add $4,%rsi
1:	mov %rsi,8(%rbp)
	mov -8(%rbp),%rax
	mov -16(%rbp),%rdi
	mov -24(%rbp),%rsi
	mov %rbp,%rsp
	pop %rbp
	.cfi_restore rbp
	.cfi_def_cfa rsp,16
	ret
	.cfi_endproc
END __morestack

/* What libraries call it.  A place of its own: programs export this name, and
 * in a stripped one gdb would know __morestack by no other. */
FUNCTION __wrap___morestack
	.cfi_startproc
	.cfi_def_cfa rsp,16
	.cfi_offset rip,-8
	jmp __morestack
	.cfi_endproc
END __wrap___morestack

/* gold and lld send callers of non-split code here.  Non-split code runs on
 * the thread's stack anyway, so no extra room is needed. */
FUNCTION __morestack_non_split
	.cfi_startproc
	jmp __morestack
	.cfi_endproc
END __morestack_non_split

/* -mcmodel=large packs both sizes in r10. */
FUNCTION __morestack_large_model
	.cfi_startproc
	mov %r10,%r11
	mov %r10d,%r10d
	sar $32,%r11
	jmp __morestack
	.cfi_endproc
END __morestack_large_model

/* void *(size): alloca() that does not fit; stack_alloca(size, sp) in C. */
FUNCTION __morestack_allocate_stack_space
	.cfi_startproc
	lea 8(%rsp),%rsi
	lea stack_alloca(%rip),%r11
	jmp pgo_thunk_regs
	.cfi_endproc
END __morestack_allocate_stack_space
