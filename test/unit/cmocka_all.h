/* cmocka wants these four before it. */
#ifndef TEST_UNIT_CMOCKA_ALL_H
#define TEST_UNIT_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
