/*
 * What keys do: one table, from which the help is made too.
 *
 * Keys change the view and say what has to follow; they never wait for
 * anything.
 */
#ifndef PGO_TOP_KEYS_H
#define PGO_TOP_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "pgo-top/view.h"

/* Keys that are no characters. */
enum key {
	KEYS_BEGIN = 0x110000,  /* behind all of Unicode */
	K_UP,
	K_DOWN,
	K_LEFT,
	K_RIGHT,
	K_PAGE_UP,
	K_PAGE_DOWN,
	K_HOME,
	K_END,
	K_ENTER,
	K_ESCAPE,
	K_BACKSPACE,
	K_F1, K_F2, K_F3, K_F4, K_F5, K_F6, K_F7, K_F8, K_F9, K_F10,
};

enum key_prompt {
	PROMPT_NONE,
	PROMPT_SEARCH,
	PROMPT_FILTER,
	PROMPT_SORT,
	PROMPT_DELAY,
};

struct keys {
	struct view *view;
	int rows;                       /* of the screen */
	enum key_prompt prompt;
	char line[VIEW_TEXT_BYTES];     /* typed at the prompt so far */
	uint64_t cursor_key;            /* where the cursor was before that */
	bool quit;
	bool redraw;                    /* the whole terminal, anew */
	bool refresh;                   /* do not wait for the delay */
};

/* Does what KEY, a character or enum key, does. */
void keys_press(struct keys *k, uint32_t key);

/* Makes the cursor visible on a screen of rows. */
void keys_scroll(struct keys *k);

/* The help page, a line each. */
extern const char *const key_help[];
extern const uint32_t key_help_lines;

#endif
