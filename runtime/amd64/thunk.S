/*
 * Calls from goroutines into C, on the thread's own stack.
 *
 * A __wrap_ thunk puts the real function in r11 and jumps to one of the four
 * entries.  In: the goroutine's errno becomes the thread's, csp goes to 0.
 * Out: the reverse, and one look at attn (see runtime/m.h).  Off a goroutine's
 * stack (foreign threads, callbacks, signal handlers) each is a plain jump.
 *
 * What may be live at the entries: the six argument registers, xmm0-7, rax
 * (its low byte counts a variadic call's vector arguments), stack arguments.
 * At the way out: rax, rdx, xmm0-1, st0-1.
 */
#include "runtime/amd64/asm.h"

/* Goes to LBL unless on a goroutine's stack; r10 = m. */
	.macro ON_GOROUTINE_OR lbl
	GETM %r10
	test %r10,%r10
	jz \lbl
	cmpq $0,M_CSP(%r10)
	je \lbl
	.endm

	.macro FRAME                    # rbx = m
	push %rbp
	.cfi_def_cfa_offset 16
	.cfi_offset rbp,-16
	mov %rsp,%rbp
	.cfi_def_cfa_register rbp
	push %rbx
	.cfi_offset rbx,-24
	mov %r10,%rbx
	incq M_CALLS(%rbx)
	.endm

	.macro ERRNO_IN tmp1,tmp2       # tmp1: 64 bits, tmp2: 32 bits
	mov M_G(%rbx),%r10
	mov M_ERRNOP(%rbx),\tmp1
	mov G_ERR(%r10),%r10d
	mov %r10d,(\tmp1)
	.endm

/* r10, where a copy of the arguments at 16(%rbp) shall lie, down to where it is
 * aligned like them: there may be vectors among them. */
	.macro ALIGN_LIKE_ARGS tmp,tmp32
	lea -16(%r10),\tmp
	sub %rbp,\tmp
	and $63,\tmp32
	sub \tmp,%r10
	.endm

	.macro DIRECT
	.cfi_def_cfa rsp,8
	.cfi_restore rbp
	.cfi_restore rbx
	jmp *%r11
	.endm

/* Into C, and out but for csp: errno and the limit are the goroutine's again,
 * r10 and r11 are lost. */
	.macro CALL_C                   # r11: whom; rbx = m
	mov %rbp,M_CFP(%rbx)
	mov %r11,M_CTARGET(%rbx)
	movq $0,M_CSP(%rbx)
	movq $0,%fs:TCB_LIMIT
	call *%r11
	mov M_G(%rbx),%r10
	mov M_ERRNOP(%rbx),%r11
	mov (%r11),%r11d
	mov %r11d,G_ERR(%r10)
	mov G_CUR(%r10),%r11
	mov SEG_LIMIT(%r11),%r11
	mov %r11,%fs:TCB_LIMIT
	.endm

/* Register arguments only. */
FUNCTION pgo_thunk_regs
	.cfi_startproc
	PASSED_BY unwind_thunk
	ON_GOROUTINE_OR 9f
	FRAME
	push %rax
	ERRNO_IN %rax
	mov -16(%rbp),%rax
	mov M_CSP(%rbx),%rsp
/* gdb lets a stack go on elsewhere at a function of this name only. */
	.size pgo_thunk_regs,.-pgo_thunk_regs
	.type __morestack,@function
__morestack:
.Lcall:
	CALL_C
	mov M_CTOP(%rbx),%rsp
	mov %rsp,M_CSP(%rbx)            # out of C ...
	cmpq $0,M_ATTN(%rbx)            # ... then look
	jne .Lattend
.Lback:
	mov -8(%rbp),%rbx
	.cfi_remember_state
	mov %rbp,%rsp
	pop %rbp
	.cfi_def_cfa rsp,8
	.cfi_restore rbp
	.cfi_restore rbx
	ret
	.cfi_restore_state
.Lattend:                               # still on the thread's stack
	push %rax
	push %rdx
	mov %rbx,%rdi
	call m_leave_c_slowly           # general registers only
	mov %rax,%rdi
	pop %rdx
	pop %rax
	test %rdi,%rdi
	jz .Lback
	RESULTS_SAVE %rdi
	lea -16(%rbp),%rsp
	push %rdx
	push %rax
	call sched_preempted            # may come back on another thread
	pop %rax
	pop %rdx
	GETM %r10
	mov M_G(%r10),%r10
	mov G_VEC(%r10),%r10
	RESULTS_LOAD %r10
	jmp .Lback
9:	DIRECT
	.cfi_endproc
END __morestack

/* r10d bytes of stack arguments, known exactly; never variadic. */
FUNCTION pgo_thunk_stack
	.cfi_startproc
	push %r10
	.cfi_def_cfa_offset 16
	ON_GOROUTINE_OR 9f
	pop %rax
	.cfi_def_cfa_offset 8
	FRAME
	push %r12
	.cfi_offset r12,-32
	ERRNO_IN %r12
	mov %eax,%eax
	mov M_CSP(%rbx),%r10
	sub %rax,%r10
	ALIGN_LIKE_ARGS %r12,%r12d
1:	mov 8(%rbp,%rax),%r12
	mov %r12,-8(%r10,%rax)
	sub $8,%rax
	ja 1b
	mov -16(%rbp),%r12
	.cfi_restore r12
	mov %r10,%rsp
	jmp .Lcall
9:	.cfi_def_cfa rsp,16
	.cfi_restore rbp
	.cfi_restore rbx
	pop %r10
	.cfi_def_cfa_offset 8
	jmp *%r11
	.cfi_endproc
END pgo_thunk_stack

/*
 * Prototype unknown: copies what stack arguments there can be, up to the
 * caller's frame record where that is plausible, never past the segment, at
 * most 4096 bytes.
 */
FUNCTION pgo_thunk_any
	.cfi_startproc
	ON_GOROUTINE_OR 9f
	FRAME
	push %r12
	.cfi_offset r12,-32
	push %rax
	push %r13
	.cfi_offset r13,-48
	push %r14
	.cfi_offset r14,-56
	ERRNO_IN %r13
	mov M_G(%rbx),%r10
	mov G_CUR(%r10),%r12            # the top of the segment
	lea 16(%rbp),%r13
	mov (%rbp),%r14
	cmp %r12,%r14
	ja 1f
	cmp %r13,%r14
	jb 1f
	mov %r14,%r12
1:	sub %r13,%r12
	mov $4096,%r14d
	cmp %r14,%r12
	cmova %r14,%r12
	and $-8,%r12                    # what looked like rbp may be anything
	mov M_CSP(%rbx),%r10
	sub %r12,%r10
	ALIGN_LIKE_ARGS %r14,%r14d
	test %r12,%r12
	jz 3f
2:	mov 8(%rbp,%r12),%r14
	mov %r14,-8(%r10,%r12)
	sub $8,%r12
	ja 2b
3:	mov -16(%rbp),%r12
	.cfi_restore r12
	mov -24(%rbp),%rax
	mov -32(%rbp),%r13
	.cfi_restore r13
	mov -40(%rbp),%r14
	.cfi_restore r14
	mov %r10,%rsp
	jmp .Lcall
9:	DIRECT
	.cfi_endproc
END pgo_thunk_any

/*
 * Leaves: short functions that stay on the goroutine's stack.  What is added
 * is a safe point, so that a loop of them can be preempted, and where the call
 * was made, for a sampler that finds the pc in libc.  In C the two stores are
 * left out: cfp there is the outer call's.
 */
FUNCTION pgo_thunk_leaf
	.cfi_startproc
	GETM %r10
	test %r10,%r10
	jz 1f
	cmpq $0,M_CSP(%r10)
	je 1f
	mov %rsp,M_LSP(%r10)
	mov %rbp,M_CFP(%r10)
	cmpq $0,M_ATTN(%r10)
	jne 2f
1:	jmp *%r11
2:	push %rbp
	.cfi_def_cfa_offset 16
	.cfi_offset rbp,-16
	mov %rsp,%rbp
	.cfi_def_cfa_register rbp
	push %rdi
	push %rsi
	push %rdx
	push %rcx
	push %r8
	push %r9
	push %rax
	push %r11
	mov %r10,%rdi
	mov M_CSP(%r10),%rsp
	call m_leave_c_slowly
	lea -64(%rbp),%rsp
	test %rax,%rax
	jz 3f
	VEC_SAVE %rax
	call sched_preempted
	GETM %r10
	mov M_G(%r10),%r10
	mov G_VEC(%r10),%rax
	VEC_LOAD %rax
3:	pop %r11
	pop %rax
	pop %r9
	pop %r8
	pop %rcx
	pop %rdx
	pop %rsi
	pop %rdi
	pop %rbp
	.cfi_def_cfa rsp,8
	.cfi_restore rbp
	/* Who yielded came back to an M, maybe another, that has forgotten. */
	GETM %r10
	mov %rsp,M_LSP(%r10)
	mov %rbp,M_CFP(%r10)
	jmp *%r11
	.cfi_endproc
END pgo_thunk_leaf

/*
 * The same three where a sanitizer watches: it knows one stack of a goroutine,
 * so calls into C stay on that, which is large.  libpgo-san.a has them under
 * the names of the others.
 */
FUNCTION pgo_here_regs
	.cfi_startproc
	PASSED_BY unwind_thunk
	ON_GOROUTINE_OR 9f
	FRAME
	push %rax
	ERRNO_IN %rax
	mov -16(%rbp),%rax
.Lcall_here:                            # rsp is aligned
	CALL_C
	mov M_CTOP(%rbx),%r11
	mov %r11,M_CSP(%rbx)            # out of C ...
	cmpq $0,M_ATTN(%rbx)            # ... then look
	jne .Lattend
	jmp .Lback
9:	DIRECT
	.cfi_endproc
END pgo_here_regs

FUNCTION pgo_here_stack
	.cfi_startproc
	push %r10
	.cfi_def_cfa_offset 16
	ON_GOROUTINE_OR 9f
	pop %rax
	.cfi_def_cfa_offset 8
	FRAME
	push %r12
	.cfi_offset r12,-32
	ERRNO_IN %r12
	mov %eax,%eax
	lea 15(%rax),%r12
	and $-16,%r12
	sub %r12,%rsp
1:	mov 8(%rbp,%rax),%r12
	mov %r12,-8(%rsp,%rax)
	sub $8,%rax
	ja 1b
	mov -16(%rbp),%r12
	.cfi_restore r12
	mov $8,%eax                     # vector arguments, if it is variadic
	jmp .Lcall_here
9:	.cfi_def_cfa rsp,16
	.cfi_restore rbp
	.cfi_restore rbx
	pop %r10
	.cfi_def_cfa_offset 8
	jmp *%r11
	.cfi_endproc
END pgo_here_stack

/* What may lie on the stack nobody knows: seven words and more are rare. */
FUNCTION pgo_here_any
	.cfi_startproc
	ON_GOROUTINE_OR 9f
	push %rax
	.cfi_def_cfa_offset 16
	mov M_G(%r10),%rax
	mov G_CUR(%rax),%rax            # the top of the stack
	sub %rsp,%rax
	sub $16,%rax
	cmp $HERE_ARGS_BYTES,%rax
	jbe 2f
	mov $HERE_ARGS_BYTES,%eax
2:	mov %eax,%r10d
	pop %rax
	.cfi_def_cfa_offset 8
	jmp pgo_here_stack
9:	DIRECT
	.cfi_endproc
END pgo_here_any

/* void *pgo_sys(void *fn, a, b, c, d, e) */
FUNCTION pgo_sys
	.cfi_startproc
	mov %rdi,%r11
	mov %rsi,%rdi
	mov %rdx,%rsi
	mov %rcx,%rdx
	mov %r8,%rcx
	mov %r9,%r8
	cmpb $0,fiber_watch+FIBER_SANITIZED(%rip)
	jne pgo_here_regs
	jmp pgo_thunk_regs
	.cfi_endproc
END pgo_sys

/*
 * vfork(): its child would run in this very memory, take the way into C, and
 * leave csp and the segment as exec or _exit found them.  On a goroutine's
 * stack it is fork(), as it may be.
 */
FUNCTION __wrap_vfork
	.cfi_startproc
	ON_GOROUTINE_OR 9f
	mov fork@GOTPCREL(%rip),%r11
	jmp pgo_thunk_regs
9:	jmp *vfork@GOTPCREL(%rip)
	.cfi_endproc
END __wrap_vfork

	.hidden pgo_call_found
FUNCTION pgo_call_found
	.cfi_startproc
	cmpb $0,fiber_watch+FIBER_SANITIZED(%rip)
	jne pgo_here_any
	jmp pgo_thunk_any
	.cfi_endproc
END pgo_call_found

/* For functions found by dlsym(): sixteen bytes each, see runtime/wrap.c. */
	.globl pgo_dl_trampolines
	.type pgo_dl_trampolines,@function
	.p2align 4
pgo_dl_trampolines:
	.cfi_startproc
	.set i,0
	.rept 256
	.p2align 4
	mov pgo_dl_targets+8*i(%rip),%r11
	jmp pgo_call_found
	.set i,i+1
	.endr
	.cfi_endproc
END pgo_dl_trampolines
