/*
 * Text from elsewhere on its way to a terminal.
 *
 * The one place where what could steer a terminal or turn a line around is
 * taken out: control characters (newline and tab too), C1, bidi controls and
 * all that is no UTF-8.
 */
#ifndef LIB_BASE_SAFE_TEXT_H
#define LIB_BASE_SAFE_TEXT_H

#include <stddef.h>

/* Copies the N bytes at IN to OUT, one "?" for each character taken out and
 * for each byte that belongs to none.  OUT gets at most OUT_BYTES with the zero
 * behind, cut between characters.  Returns the length.  OUT may be IN.
 * [any] [sig] */
size_t safe_text(char *out, size_t out_bytes, const char *in, size_t n);

#endif
