#include "pgo-top/keys.h"
#include "pgo-top/view_pages.h"

void view_draw_help(const struct view *v, struct grid *g)
{
	int y = 0;

	for (uint32_t i = v->scroll; i < key_help_lines && y < g->rows - 1; i++)
		grid_text(g, y++, 0, 0, LOOK_PLAIN, key_help[i]);
	grid_text(g, g->rows - 1, 0, 0, LOOK_CYAN,
		  "Esc back  arrows scroll");
}

void view_draw(const struct view *v, struct grid *g)
{
	static void (*const pages[])(const struct view *, struct grid *) = {
		[PAGE_STACKS] = view_draw_stacks,
		[PAGE_STACK] = view_draw_stack,
		[PAGE_HELP] = view_draw_help,
	};

	grid_blank(g);
	if (v->frame)
		pages[v->page](v, g);
	else
		grid_text(g, 0, 0, 0, LOOK_BOLD, "reading...");
}
