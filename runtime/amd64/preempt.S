/*
 * Where a goroutine goes on that a signal took off its thread: with the frame
 * of that signal, see runtime/preempt.c.
 *
 * It lies parked here, and so it must unwind: what is described is the
 * function that was interrupted, at exactly that instruction, as behind a
 * signal's frame.
 */
#include <asm/unistd.h>

#include "runtime/amd64/asm.h"

	.hidden async_preempt
	.globl async_preempt_back
	.hidden async_preempt_back
FUNCTION async_preempt
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa rbp,TAKEN_CFA
	.cfi_offset rip,-136            # below the red zone
	.cfi_offset r15,-144
	.cfi_offset r14,-152
	.cfi_offset r13,-160
	.cfi_offset r12,-168
	.cfi_offset r10,-176
	.cfi_offset rbp,-184
	.cfi_offset rbx,-192
	nop                             # readers look a byte before
async_preempt_back:
	and $-16,%rsp
	call preempt_back
	mov %rax,%rsp
	mov $__NR_rt_sigreturn,%eax
	syscall
	ud2
	.cfi_endproc
END async_preempt
