/* How wide this CPU's vector registers are, for the assembly. */
#ifndef PGO_RUNTIME_VEC_H
#define PGO_RUNTIME_VEC_H

enum { VEC_XMM, VEC_YMM, VEC_ZMM };

extern int pgo_vec_kind;

/* Asks cpuid and xgetbv.  [any, before any goroutine runs] */
void vec_setup(void);

#endif
