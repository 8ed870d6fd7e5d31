#include "pgo-top/keys.h"
#include "pgo-top/list.h"

void view_help(const struct view *v, struct grid *g)
{
	char line[KEY_HELP_BYTES];

	for (int y = 0; y < g->rows - 1; y++) {
		if (!key_help(v->scroll + (uint32_t)y, line))
			break;
		grid_text(g, y, 0, 0, LOOK_PLAIN, line);
	}
	grid_text(g, g->rows - 1, 0, 0, LOOK_CYAN,
		  "Esc back  arrows scroll");
}
