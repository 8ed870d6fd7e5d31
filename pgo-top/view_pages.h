/* The pages of the view; what view_draw() chooses from. */
#ifndef PGO_TOP_VIEW_PAGES_H
#define PGO_TOP_VIEW_PAGES_H

#include "pgo-top/view.h"

void view_draw_stacks(const struct view *v, struct grid *g);
void view_draw_stack(const struct view *v, struct grid *g);
void view_draw_help(const struct view *v, struct grid *g);

/* The target's name, without the folders it is in; "" when not known. */
const char *view_exe(const struct view *v);

#endif
