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
	K_TAB,
	K_BACK_TAB,
	K_F1, K_F2, K_F3, K_F4, K_F5, K_F6, K_F7, K_F8, K_F9, K_F10,
};

enum key_prompt {
	PROMPT_NONE,
	PROMPT_SEARCH,
	PROMPT_FILTER,
	PROMPT_SORT,
	PROMPT_DELAY,
	PROMPT_GOID,
};

struct keys {
	struct view *view;
	int rows, cols;                 /* of the screen */
	enum key_prompt prompt;
	char line[VIEW_TEXT_BYTES];     /* typed at the prompt so far */
	uint64_t cursor_key;            /* where the cursor was before that */
	enum view_page below_help;      /* where the help was asked for */
	bool quit;
	bool redraw;                    /* the whole terminal, anew */
	bool refresh;                   /* do not wait for the delay */
};

/* Does what KEY, a character or enum key, does. */
void keys_press(struct keys *k, uint32_t key);

#define KEY_HELP_BYTES 128

/* Line I of the help page; false behind the last one. */
bool key_help(uint32_t i, char out[KEY_HELP_BYTES]);

/* For the two files of keys: says TEXT in the status line. */
void keys_say(struct keys *k, const char *text);
void keys_search(struct keys *k, bool behind);
void keys_sort(struct keys *k, int field);
void keys_filter(struct keys *k, const char *text);

/* Begins to ask, with LINE typed already. */
void prompt_begin(struct keys *k, enum key_prompt prompt, const char *line);

/* A key typed at the prompt; false when it ended the prompt and is still to be
 * done. */
bool prompt_press(struct keys *k, uint32_t key);

#endif
