/* The assembly's view of the structs is the compiler's. */
#include <stddef.h>

#include "runtime/amd64/offsets.h"
#include "runtime/fiber.h"
#include "runtime/m.h"

#define SAME(type, field, value) \
	_Static_assert(offsetof(struct type, field) == (value), #field)

SAME(seg, prev, SEG_PREV);
SAME(seg, next, SEG_NEXT);
SAME(seg, limit, SEG_LIMIT);
SAME(seg, cap, SEG_CAP);
SAME(seg, ret, SEG_RET);
SAME(g, cur, G_CUR);
SAME(g, preempt, G_PREEMPT);
SAME(g, sp, G_SP);
SAME(g, enters, G_ENTERS);
SAME(g, err, G_ERR);
SAME(g, vec, G_VEC);
SAME(fiber_watch, sanitized, FIBER_SANITIZED);
SAME(m, g, M_G);
SAME(m, csp, M_CSP);
SAME(m, errnop, M_ERRNOP);
SAME(m, calls, M_CALLS);
SAME(m, attn, M_ATTN);
SAME(m, ctop, M_CTOP);
SAME(m, g0sp, M_G0SP);
SAME(m, insched, M_INSCHED);
SAME(m, cfp, M_CFP);
SAME(m, ctarget, M_CTARGET);
SAME(m, lsp, M_LSP);
SAME(m, back, M_BACK);

_Static_assert(sizeof(struct seg) % 16 == 0, "stacks begin under the header");
_Static_assert(sizeof(struct gtab_row) == 16, "the dense table is dense");
