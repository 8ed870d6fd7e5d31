/*
 * Conventions of htop, top and less, so that fingers know them: what htop and
 * top do not agree on is as in htop, but Space pauses, since there is nothing
 * to tag.
 */
#include "pgo-top/keys.h"

#include <stdio.h>
#include <string.h>

#include "lib/snapshot/fields.h"
#include "pgo-top/options.h"

#define LINE_MAX_TYPED 100      /* characters at a prompt */

const char *const key_help[] = {
	"Keys of pgo-top",
	"",
	"  Up k, Down j          one stack up, down",
	"  PgUp, PgDn            a screen up, down",
	"  Home g, End G         the first, the last",
	"  Enter                 the whole stack; Esc goes back",
	"  s F6                  sort by (count rate wait p50 stack reason"
	" where)",
	"  < >                   sort by the column to the left, right",
	"  I R                   turn the order around",
	"  / F3                  search; n the next one",
	"  F \\ F4                filter: stacks with this text, !text without",
	"  Space p Z             pause, go on",
	"  d                     delay between frames: 1, 0.5, 500ms",
	"  Ctrl-R                refresh now",
	"  Ctrl-L                draw the screen anew",
	"  h ? F1                this help",
	"  q F10 Ctrl-C          quit",
	"",
	"COUNT goroutines stand on one stack for one reason; +/s is how their",
	"number changes.  WAIT-MAX and WAIT-P50 are the longest and the median",
	"time they have been in this state, STACK the memory of all stacks.",
	"WHERE is the innermost function of the program, its callers behind <.",
	"- is what the target cannot tell.  The cursor stays on its stack,",
	"wherever that moves.",
};
const uint32_t key_help_lines = sizeof(key_help) / sizeof(key_help[0]);

static void say(struct keys *k, const char *text)
{
	snprintf(k->view->message, sizeof(k->view->message), "%s", text);
}

static void update(struct keys *k)
{
	if (view_update(k->view) < 0)
		say(k, "no memory");
	keys_scroll(k);
}

void keys_scroll(struct keys *k)
{
	struct view *v = k->view;
	uint32_t rows = view_list_rows(k->rows);

	if (v->cursor < v->top)
		v->top = v->cursor;
	if (v->cursor >= v->top + rows)
		v->top = v->cursor - rows + 1;
	/* No blank lines below while there is something above. */
	if (v->top + rows > v->shown.n)
		v->top = v->shown.n > rows ? v->shown.n - rows : 0;
}

/* Prompts -------------------------------------------------------------------*/

static const char *const prompt_text[] = {
	[PROMPT_SEARCH] = "Search: ",
	[PROMPT_FILTER] = "Filter (!text: without): ",
	[PROMPT_SORT] = "Sort by (count rate wait p50 stack reason where): ",
	[PROMPT_DELAY] = "Delay in seconds: ",
};

static void show_prompt(struct keys *k)
{
	struct view *v = k->view;

	v->prompt[0] = 0;
	if (k->prompt != PROMPT_NONE)
		snprintf(v->prompt, sizeof(v->prompt), "%s%.*s_",
			 prompt_text[k->prompt], LINE_MAX_TYPED, k->line);
}

static void ask(struct keys *k, enum key_prompt prompt, const char *line)
{
	k->prompt = prompt;
	k->cursor_key = k->view->cursor_key;
	snprintf(k->line, sizeof(k->line), "%s", line);
	show_prompt(k);
}

/* The next group with the searched text, from the cursor on or behind it. */
static void search(struct keys *k, bool behind)
{
	struct view *v = k->view;

	int64_t at = v->search[0] ? groups_search(&v->shown, v->cursor + behind,
						  v->search) : -1;

	if (at >= 0) {
		view_move(v, at);
		keys_scroll(k);
		return;
	}
	say(k, v->search[0] ? "not found" : "nothing to search for: / first");
}

static void set_order(struct keys *k, int field)
{
	k->view->order.by = (enum group_field)field;
	k->view->order.descending = group_fields[field].descending;
	update(k);
}

static void answer_sort(struct keys *k)
{
	int field = field_find(group_fields, GROUP_FIELDS, k->line);

	if (field < 0)
		say(k, "no such column");
	else
		set_order(k, field);
}

static void answer_delay(struct keys *k)
{
	int64_t ns = delay_parse(k->line);

	if (ns < 0)
		say(k, "no time: 1, 0.5, 500ms");
	else
		k->view->delay_ns = ns;
	k->refresh = true;
}

static void set_filter(struct keys *k, const char *text)
{
	snprintf(k->view->filter, sizeof(k->view->filter), "%s", text);
	/* Half a word may have hidden the cursor's stack. */
	if (k->prompt == PROMPT_FILTER)
		k->view->cursor_key = k->cursor_key;
	update(k);
}

static void answer(struct keys *k)
{
	switch (k->prompt) {
	case PROMPT_SORT:
		answer_sort(k);
		break;
	case PROMPT_DELAY:
		answer_delay(k);
		break;
	default:        /* search and filter work while one types */
		break;
	}
	ask(k, PROMPT_NONE, "");
}

/* After each letter. */
static void typed(struct keys *k)
{
	if (k->prompt == PROMPT_FILTER)
		set_filter(k, k->line);
	if (k->prompt == PROMPT_SEARCH) {
		snprintf(k->view->search, sizeof(k->view->search), "%s",
			 k->line);
		if (k->line[0])
			search(k, false);
	}
	show_prompt(k);
}

static void drop_char(char *line)
{
	size_t n = strlen(line);

	while (n && ((unsigned char)line[--n] & 0xc0) == 0x80)
		;
	line[n] = 0;
}

static void add_char(char *line, size_t bytes, uint32_t c)
{
	size_t n = strlen(line);

	/* Names of functions and reasons are ASCII. */
	if (c >= ' ' && c < 0x7f && n + 1 < bytes) {
		line[n] = (char)c;
		line[n + 1] = 0;
	}
}

static void press_prompt(struct keys *k, uint32_t key)
{
	if (key == K_ENTER) {
		answer(k);
		return;
	}
	if (key == K_ESCAPE) {
		if (k->prompt == PROMPT_FILTER)
			set_filter(k, "");
		ask(k, PROMPT_NONE, "");
		return;
	}
	if (key == 'U' - '@')
		k->line[0] = 0;
	else if (key == K_BACKSPACE)
		drop_char(k->line);
	else
		add_char(k->line, LINE_MAX_TYPED + 1, key);
	typed(k);
}

/* Moving --------------------------------------------------------------------*/

/* How many lines KEY moves; 0 when it does not. */
static int64_t distance(const struct keys *k, uint32_t key)
{
	int64_t page = view_list_rows(k->rows), far = UINT32_MAX;

	switch (key) {
	case K_UP: case 'k':
		return -1;
	case K_DOWN: case 'j':
		return 1;
	case K_PAGE_UP: case 'B' - '@':
		return -page;
	case K_PAGE_DOWN: case 'F' - '@':
		return page;
	case K_HOME: case 'g':
		return -far;
	case K_END: case 'G':
		return far;
	}
	return 0;
}

static uint32_t page_lines(const struct view *v)
{
	uint32_t depth;

	if (v->page == PAGE_HELP)
		return key_help_lines;
	if (v->cursor >= v->shown.n)
		return 1;
	snapshot_frames(v->shown.snapshot, v->shown.at[v->cursor].stack,
			&depth);
	return depth ? depth : 1;
}

static void move(struct keys *k, int64_t by)
{
	struct view *v = k->view;
	int64_t last = (int64_t)page_lines(v) - 1, at = v->scroll + by;

	if (v->page == PAGE_STACKS) {
		view_move(v, v->cursor + by);
		keys_scroll(k);
		return;
	}
	v->scroll = (uint32_t)(at > last ? last : at < 0 ? 0 : at);
}

/* Actions -------------------------------------------------------------------*/

static void turn_to(struct keys *k, enum view_page page)
{
	k->view->page = page;
	k->view->scroll = 0;
}

static void back(struct keys *k)
{
	if (k->view->page != PAGE_STACKS)
		turn_to(k, PAGE_STACKS);
	else if (k->view->filter[0])
		set_filter(k, "");
}

static void neighbour(struct keys *k, int by)
{
	set_order(k, ((int)k->view->order.by + by + GROUP_FIELDS) %
		  GROUP_FIELDS);
}

static void press_always(struct keys *k, uint32_t key)
{
	switch (key) {
	case 'q': case K_F10: case 'C' - '@':
		k->quit = true;
		break;
	case 'h': case '?': case K_F1:
		turn_to(k, PAGE_HELP);
		break;
	case K_ESCAPE: case K_BACKSPACE:
		back(k);
		break;
	case ' ': case 'p': case 'Z':
		k->view->paused = !k->view->paused;
		k->refresh = !k->view->paused;
		break;
	case 'd':
		ask(k, PROMPT_DELAY, "");
		break;
	case 'R' - '@':
		k->refresh = true;
		break;
	case 'L' - '@':
		k->redraw = true;
		break;
	}
}

/* False when KEY means nothing in the list. */
static bool press_list(struct keys *k, uint32_t key)
{
	switch (key) {
	case K_ENTER: case 'b':
		if (k->view->shown.n)
			turn_to(k, PAGE_STACK);
		return true;
	case 's': case K_F6:
		ask(k, PROMPT_SORT, "");
		return true;
	case '<': case ',': case K_LEFT:
		neighbour(k, -1);
		return true;
	case '>': case '.': case K_RIGHT:
		neighbour(k, 1);
		return true;
	case 'I': case 'R':
		k->view->order.descending = !k->view->order.descending;
		update(k);
		return true;
	case '/': case K_F3:
		ask(k, PROMPT_SEARCH, "");
		return true;
	case 'n':
		search(k, true);
		return true;
	case 'F': case '\\': case K_F4:
		ask(k, PROMPT_FILTER, k->view->filter);
		return true;
	}
	return false;
}

void keys_press(struct keys *k, uint32_t key)
{
	int64_t by;

	k->view->message[0] = 0;
	if (k->prompt != PROMPT_NONE) {
		press_prompt(k, key);
		return;
	}
	by = distance(k, key);
	if (by)
		move(k, by);
	else if (k->view->page != PAGE_STACKS || !press_list(k, key))
		press_always(k, key);
}
