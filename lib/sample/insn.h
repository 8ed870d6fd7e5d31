/*
 * Instructions of x86-64: how long they are, and which reach for what belongs
 * to the thread.
 */
#ifndef LIB_SAMPLE_INSN_H
#define LIB_SAMPLE_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct insn {
	size_t bytes;
	bool fs;                /* its memory is relative to %fs ... */
	bool absolute;          /* ... with no register: at DISP there */
	int32_t disp;
	bool base;              /* it reads or sets where %fs or %gs begins */
	bool tls_call;          /* a call with the padding that compilers put
				 * before __tls_get_addr() */
};

/* The instruction at P, of which N bytes may be read.  False when it is none
 * that this table knows.  [sig] */
bool insn_read(const uint8_t *p, size_t n, struct insn *in);

#endif
