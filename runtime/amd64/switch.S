/*
 * The switch between a thread's scheduler and a goroutine, and from one
 * goroutine to the next.
 *
 * Callee-saved registers lie on the stack that is left, rbp highest under the
 * return address, r15 lowest.  mxcsr and the x87 control word are left alone:
 * they belong to the thread.
 *
 * The processor guesses where a `ret` goes by the calls it has seen, which were
 * those of the goroutine that is left.  Where the next one has left in the same
 * place the guess is right, here and for the functions above, and a jump would
 * spoil it for all of them (8 ns against 16, a yield).  Elsewhere a jump is
 * guessed by what it did before (5 ns against 11).  A goroutine that ends has
 * returned from all its calls, so the guess is where the last one left.
 *
 * A goroutine that leaves has a function called on the thread's stack, below
 * the frames that switch_to_g() has left there, which does what is to be done
 * when it is off its stack, and says who is next.  Mostly that is another
 * goroutine, and the scheduler's own registers stay where they lie.
 *
 * Unwinders and frame-pointer walkers are right at every instruction: rbp is
 * loaded before rsp, and both stacks have the same shape at the hand-over.
 */
#include "runtime/amd64/asm.h"

	.macro PUSH_CALLEE_SAVED
	push %rbp
	.cfi_def_cfa_offset 16
	.cfi_offset rbp,-16
	push %rbx
	.cfi_def_cfa_offset 24
	.cfi_offset rbx,-24
	push %r12
	.cfi_def_cfa_offset 32
	.cfi_offset r12,-32
	push %r13
	.cfi_def_cfa_offset 40
	.cfi_offset r13,-40
	push %r14
	.cfi_def_cfa_offset 48
	.cfi_offset r14,-48
	push %r15
	.cfi_def_cfa_offset 56
	.cfi_offset r15,-56
	.endm

	.macro POP_CALLEE_SAVED
	pop %r15
	.cfi_def_cfa_offset 48
	.cfi_restore r15
	pop %r14
	.cfi_def_cfa_offset 40
	.cfi_restore r14
	pop %r13
	.cfi_def_cfa_offset 32
	.cfi_restore r13
	pop %r12
	.cfi_def_cfa_offset 24
	.cfi_restore r12
	pop %rbx
	.cfi_def_cfa_offset 16
	.cfi_restore rbx
	pop %rbp
	.cfi_def_cfa_offset 8
	.cfi_restore rbp
	.endm

	.macro POP_AND_JUMP
	POP_CALLEE_SAVED
	pop %rcx
	.cfi_def_cfa_offset 0
	.cfi_register rip,rcx
	jmp *%rcx
	.endm

/* Onto the stack of the goroutine in SI, by its M in DI. */
	.macro ENTER_G m,g
	mov G_CUR(\g),%rcx
	mov SEG_LIMIT(%rcx),%rcx
	mov M_CTOP(\m),%rsi
	mov G_SP(\g),%rdx
	mov 40(%rdx),%rbp
	mov %rdx,%rsp
	.cfi_def_cfa rsp,56
	mov %rcx,%fs:TCB_LIMIT
	mov %rsi,M_CSP(\m)
	movq $0,M_INSCHED(\m)           # after csp: see runtime/m.h
	.endm

/* void switch_to_g(struct m *m, struct g *g): scheduler -> goroutine.  Comes
 * back when one that leaves knows of no next. */
	.hidden switch_to_g
FUNCTION switch_to_g
	.cfi_startproc
	PUSH_CALLEE_SAVED
	mov %rsp,M_G0SP(%rdi)
	lea -128(%rsp),%rax
	and $-64,%rax
	mov %rax,M_CTOP(%rdi)
	mov %rsi,%rax
	ENTER_G %rdi,%rax
	POP_AND_JUMP
	.cfi_endproc
END switch_to_g

/* void switch_from_g(struct m *m, struct g *g,
 *                    struct g *(*after)(struct m *m, struct g *g)):
 * goroutine -> whom AFTER says, the scheduler where that is NULL. */
	.hidden switch_from_g
FUNCTION switch_from_g
	.cfi_startproc
	PUSH_CALLEE_SAVED
	mov %rsp,G_SP(%rsi)
	movq $1,M_INSCHED(%rdi)         # before csp
	movq $0,M_CSP(%rdi)
	movq $0,%fs:TCB_LIMIT
	mov 48(%rsp),%r13
	mov %r13,M_BACK(%rdi)
	mov M_G0SP(%rdi),%rbx
	.cfi_def_cfa rbx,56             # the scheduler's frames from here on
.Lleft:                                 # r13 = what a ret would be guessed
	mov %rdi,%r12
	mov 40(%rbx),%rbp
	lea -8(%rbx),%rsp
	call *%rdx
	test %rax,%rax
	jz 1f
	.cfi_remember_state
	mov %r13,%r8
	ENTER_G %r12,%rax
	cmp %r8,48(%rsp)
	jne 2f
	.cfi_remember_state
	POP_CALLEE_SAVED
	ret
	.cfi_restore_state
2:	POP_AND_JUMP
	.cfi_restore_state
1:	mov %rbx,%rsp
	.cfi_def_cfa rsp,56
	.globl switch_in_sched
	.hidden switch_in_sched
switch_in_sched:                        # here who was taken off by a signal
	POP_AND_JUMP
	.cfi_endproc
END switch_from_g

/* Where a goroutine begins, and ends: the end of every walk. */
FUNCTION pgo_gostart
	.cfi_startproc
	.cfi_undefined rip
	.cfi_undefined rbp
	xor %ebp,%ebp
	call sched_goroutine_main
	GETM %rdi
	mov M_G(%rdi),%rsi
	movq $1,M_INSCHED(%rdi)
	movq $0,M_CSP(%rdi)
	movq $0,%fs:TCB_LIMIT
	lea sched_after_end(%rip),%rdx
	mov M_BACK(%rdi),%r13
	mov M_G0SP(%rdi),%rbx
	jmp .Lleft
	.cfi_endproc
END pgo_gostart
