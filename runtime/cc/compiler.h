#ifndef PGO_CC_COMPILER_H
#define PGO_CC_COMPILER_H
/* The compiler that pgo-cc becomes: PGO_CC, or gcc and g++. */

#include "runtime/cc/mode.h"

/* Adds its words to CMD, for the language of M, and notes in M whether it is
 * clang; dies where there is none, or it is pgo's own. */
void compiler_add(struct strs *cmd, struct mode *m);

#endif
