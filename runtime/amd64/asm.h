/* What every assembly file of the runtime begins with. */
#ifndef PGO_RUNTIME_AMD64_ASM_H
#define PGO_RUNTIME_AMD64_ASM_H

#include "runtime/amd64/offsets.h"

/* One section of its own: walkers hide frames between __start_pgo_text and
 * __stop_pgo_text, which the linker defines for a name like this. */
	.section pgo_text,"ax",@progbits

	.macro FUNCTION name
	.globl \name
	.type \name,@function
	.p2align 4
\name:
	.endm

	.macro END name
	.size \name,.-\name
	.endm

/* Whom unwinders ask before they pass this function; see runtime/unwind.c. */
	.macro PASSED_BY fn
	.cfi_personality 0x1b,\fn       # relative to the pc, 4 bytes
	.endm

/* The thread's M, or 0 on a thread that is none. */
	.macro GETM reg
	movq pgo_m@gottpoff(%rip),\reg
	movq %fs:(\reg),\reg
	.endm

/*
 * The vector argument registers to and from 512 bytes at PTR, as wide as this
 * CPU and kernel keep them.  pgo_vec_kind: 0 xmm, 1 ymm, 2 zmm.
 */
	.macro VEC_SAVE ptr
	cmpl $1,pgo_vec_kind(%rip)
	ja 12f
	je 11f
	movups %xmm0,0(\ptr)
	movups %xmm1,16(\ptr)
	movups %xmm2,32(\ptr)
	movups %xmm3,48(\ptr)
	movups %xmm4,64(\ptr)
	movups %xmm5,80(\ptr)
	movups %xmm6,96(\ptr)
	movups %xmm7,112(\ptr)
	jmp 13f
11:
	vmovups %ymm0,0(\ptr)
	vmovups %ymm1,32(\ptr)
	vmovups %ymm2,64(\ptr)
	vmovups %ymm3,96(\ptr)
	vmovups %ymm4,128(\ptr)
	vmovups %ymm5,160(\ptr)
	vmovups %ymm6,192(\ptr)
	vmovups %ymm7,224(\ptr)
	jmp 13f
12:
	vmovups %zmm0,0(\ptr)
	vmovups %zmm1,64(\ptr)
	vmovups %zmm2,128(\ptr)
	vmovups %zmm3,192(\ptr)
	vmovups %zmm4,256(\ptr)
	vmovups %zmm5,320(\ptr)
	vmovups %zmm6,384(\ptr)
	vmovups %zmm7,448(\ptr)
13:
	.endm

	.macro VEC_LOAD ptr
	cmpl $1,pgo_vec_kind(%rip)
	ja 12f
	je 11f
	movups 0(\ptr),%xmm0
	movups 16(\ptr),%xmm1
	movups 32(\ptr),%xmm2
	movups 48(\ptr),%xmm3
	movups 64(\ptr),%xmm4
	movups 80(\ptr),%xmm5
	movups 96(\ptr),%xmm6
	movups 112(\ptr),%xmm7
	jmp 13f
11:
	vmovups 0(\ptr),%ymm0
	vmovups 32(\ptr),%ymm1
	vmovups 64(\ptr),%ymm2
	vmovups 96(\ptr),%ymm3
	vmovups 128(\ptr),%ymm4
	vmovups 160(\ptr),%ymm5
	vmovups 192(\ptr),%ymm6
	vmovups 224(\ptr),%ymm7
	jmp 13f
12:
	vmovups 0(\ptr),%zmm0
	vmovups 64(\ptr),%zmm1
	vmovups 128(\ptr),%zmm2
	vmovups 192(\ptr),%zmm3
	vmovups 256(\ptr),%zmm4
	vmovups 320(\ptr),%zmm5
	vmovups 384(\ptr),%zmm6
	vmovups 448(\ptr),%zmm7
13:
	.endm

/*
 * What a call may have returned in x87 and vector registers, to and from 512
 * bytes at PTR.  Those of x87 are empty afterwards, as whoever runs next on
 * this thread expects them: eight that nobody took are a NaN for everybody.
 * Wide ones go where fxsave64 has xmm2 to xmm9, in which nothing is returned.
 */
	.macro RESULTS_SAVE ptr
	fxsave64 (\ptr)
	emms
	cmpl $1,pgo_vec_kind(%rip)
	jb 13f
	je 11f
	vmovups %zmm0,192(\ptr)
	vmovups %zmm1,256(\ptr)
	jmp 13f
11:
	vmovups %ymm0,192(\ptr)
	vmovups %ymm1,256(\ptr)
13:
	.endm

	.macro RESULTS_LOAD ptr
	fxrstor64 (\ptr)
	cmpl $1,pgo_vec_kind(%rip)
	jb 13f
	je 11f
	vmovups 192(\ptr),%zmm0
	vmovups 256(\ptr),%zmm1
	jmp 13f
11:
	vmovups 192(\ptr),%ymm0
	vmovups 256(\ptr),%ymm1
13:
	.endm

	.section .note.GNU-stack,"",@progbits
	.section .note.GNU-split-stack,"",@progbits
	.section .note.GNU-no-split-stack,"",@progbits
	.section pgo_text,"ax",@progbits

#endif
