/*
 * Conventions of htop, top and less, so that fingers know them: what htop and
 * top do not agree on is as in htop, but Space pauses, since there is nothing
 * to tag.
 */
#include "pgo-top/keys.h"

#include <stdio.h>
#include <string.h>

#include "pgo-top/list.h"

#define KEYS_OF_ACTION 10
#define HELP_LINES_BEFORE 2u
#define NAMES_COLS 22

/* Pages an action is for. */
enum {
	ON_LIST = 1 << PAGE_LIST,
	ON_ONE = 1 << PAGE_ONE,
	ON_HELP = 1 << PAGE_HELP,
	ON_ALL = ON_LIST | ON_ONE | ON_HELP,
};

struct action {
	uint32_t keys[KEYS_OF_ACTION];
	int pages;
	void (*act)(struct keys *k, int64_t arg);
	int64_t arg;
	const char *help;
};

void keys_say(struct keys *k, const char *text)
{
	snprintf(k->view->message, sizeof(k->view->message), "%s", text);
}

static void update(struct keys *k)
{
	if (view_update(k->view) < 0)
		keys_say(k, "no memory");
	view_scroll(k->view, k->rows);
}

/* Moving --------------------------------------------------------------------*/

enum { PAGE = 1 << 20 };        /* a distance: a screen */
#define FAR ((int64_t)1 << 40)

static int64_t page_lines(const struct view *v)
{
	const struct snapshot *s;
	char line[KEY_HELP_BYTES];
	uint32_t n = 0, stack;

	if (v->page == PAGE_ONE) {
		stack = view_stack(v, &s);
		snapshot_frames(s, stack, &n);
		return n;
	}
	while (key_help(n, line))
		n++;
	return n;
}

static void move(struct keys *k, int64_t by)
{
	struct view *v = k->view;
	uint32_t *line = v->page == PAGE_ONE ? &v->frame_at : &v->scroll;
	int64_t last, to;

	if (by == PAGE || by == -PAGE)
		by = by / PAGE * view_list_rows(k->rows);
	if (v->page == PAGE_LIST) {
		view_move(v, v->at[v->list].cursor + by);
		view_scroll(v, k->rows);
		return;
	}
	last = page_lines(v) - 1;
	to = *line + by;
	to = to > last ? last : to;
	*line = (uint32_t)(to < 0 ? 0 : to);
}

/* Lists ---------------------------------------------------------------------*/

void keys_search(struct keys *k, bool behind)
{
	struct view *v = k->view;
	int64_t at = v->search[0] ? view_search(v, v->at[v->list].cursor +
						behind) : -1;

	if (at >= 0) {
		view_move(v, at);
		view_scroll(v, k->rows);
		return;
	}
	keys_say(k, v->search[0] ? "not found" :
				   "nothing to search for: / first");
}

void keys_sort(struct keys *k, int field)
{
	struct view_order *order = &k->view->at[k->view->list].order;

	order->by = field;
	order->descending = lists[k->view->list]->fields[field].descending;
	update(k);
}

void keys_filter(struct keys *k, const char *text)
{
	struct view *v = k->view;
	struct err e = { 0 };

	/* What is half typed may be no filter yet: the last one stays. */
	if (view_set_filter(v, text, &e) < 0) {
		keys_say(k, e.text);
		return;
	}
	/* Half a word may have hidden the cursor's line. */
	if (k->prompt == PROMPT_FILTER)
		v->at[v->list].key = k->cursor_key;
	update(k);
}

static void ask(struct keys *k, int64_t prompt)
{
	prompt_begin(k, (enum key_prompt)prompt, "");
}

static void ask_filter(struct keys *k, int64_t arg)
{
	(void)arg;
	prompt_begin(k, PROMPT_FILTER, k->view->filter_text);
}

static void search_on(struct keys *k, int64_t arg)
{
	(void)arg;
	keys_search(k, true);
}

/* Sorts by the column BY away, of those on the screen, from the one it is
 * sorted by. */
static void neighbour(struct keys *k, int64_t by)
{
	const struct list *l = lists[k->view->list];
	int n = l->column_count, at = 0;

	for (int i = 0; i < n; i++)
		if (l->columns[i].field == k->view->at[k->view->list].order.by)
			at = i;
	/* The first one is on every screen. */
	do
		at = (at + (int)by + n) % n;
	while (k->cols < l->columns[at].from);
	keys_sort(k, l->columns[at].field);
}

static void invert(struct keys *k, int64_t arg)
{
	struct view_order *order = &k->view->at[k->view->list].order;

	(void)arg;
	order->descending = !order->descending;
	update(k);
}

/* htop's letters for columns. */
enum letter { BY_ID, BY_STACK, BY_WAIT, BY_COUNT };

static void sort_letter(struct keys *k, int64_t letter)
{
	static const int fields[][LISTS] = {
		[BY_ID] = { -1, ROW_ID },
		[BY_STACK] = { GROUP_STACK_BYTES, ROW_STACK_BYTES },
		[BY_WAIT] = { GROUP_WAIT_MAX, ROW_SINCE },
		[BY_COUNT] = { GROUP_COUNT, -1 },
	};
	int field = fields[letter][k->view->list];

	if (field < 0)
		keys_say(k, "this list has no such column");
	else
		keys_sort(k, field);
}

static void turn_list(struct keys *k, int64_t by)
{
	struct view *v = k->view;

	v->page = PAGE_LIST;
	v->list = (enum view_list)(((int)v->list + (int)by + LISTS) % LISTS);
	update(k);
}

static void toggle_system(struct keys *k, int64_t arg)
{
	(void)arg;
	k->view->system = !k->view->system;
	update(k);
}

/* Pages ---------------------------------------------------------------------*/

static void open_line(struct keys *k, int64_t arg)
{
	(void)arg;
	view_open(k->view);
}

static void open_help(struct keys *k, int64_t arg)
{
	(void)arg;
	if (k->view->page != PAGE_HELP)
		k->below_help = k->view->page;
	k->view->page = PAGE_HELP;
	k->view->scroll = 0;
}

/* All goroutines that stand where the opened one does. */
static void same_stack(struct keys *k, int64_t arg)
{
	struct view *v = k->view;
	const struct snapshot *s;
	uint32_t stack = view_stack(v, &s);

	(void)arg;
	if (stack == SNAP_NONE) {
		keys_say(k, "its stack is not known");
		return;
	}
	v->one_stack = true;
	v->stack = s->stacks[stack].hash;
	v->list = LIST_GOROUTINES;
	v->page = PAGE_LIST;
	update(k);
}

static void back(struct keys *k, int64_t arg)
{
	struct view *v = k->view;

	(void)arg;
	if (v->page == PAGE_HELP) {
		v->page = k->below_help;
	} else if (v->page == PAGE_ONE) {
		v->page = PAGE_LIST;
	} else if (v->list == LIST_GOROUTINES && v->one_stack) {
		v->one_stack = false;
		update(k);
	} else if (v->filter_text[0]) {
		keys_filter(k, "");
	}
}

static void toggle_pause(struct keys *k, int64_t arg)
{
	(void)arg;
	k->view->paused = !k->view->paused;
	k->refresh = !k->view->paused;
}

static void set_flag(struct keys *k, int64_t arg)
{
	bool *const flags[] = { &k->refresh, &k->redraw, &k->quit };

	*flags[arg] = true;
}

static void goid_digit(struct keys *k, int64_t arg)
{
	(void)arg;
	if (k->view->list == LIST_GOROUTINES)
		prompt_begin(k, PROMPT_GOID, "");
	else
		keys_say(k, "numbers are looked for in Goroutines: Tab first");
}

/* The table -----------------------------------------------------------------*/

#define CTRL(letter) ((letter) - '@')

static const struct action actions[] = {
	{ { K_UP, 'k' }, ON_ALL, move, -1, "one line, or frame, up" },
	{ { K_DOWN, 'j' }, ON_ALL, move, 1, "one down" },
	{ { K_PAGE_UP, CTRL('B') }, ON_ALL, move, -PAGE, "a screen up" },
	{ { K_PAGE_DOWN, CTRL('F') }, ON_ALL, move, PAGE, "a screen down" },
	{ { K_HOME, 'g' }, ON_ALL, move, -FAR, "the first" },
	{ { K_END, 'G' }, ON_ALL, move, FAR, "the last" },
	{ { K_TAB, 'H' }, ON_ALL, turn_list, 1,
	  "the next list: Stacks, Goroutines" },
	{ { K_BACK_TAB }, ON_ALL, turn_list, -1, "the list before" },
	{ { K_ENTER, 'b' }, ON_LIST, open_line, 0,
	  "the whole stack, or goroutine" },
	{ { K_ESCAPE, K_BACKSPACE }, ON_ALL, back, 0,
	  "back; in a list: all stacks, no filter" },
	{ { 's' }, ON_ONE, same_stack, 0,
	  "in there: all goroutines on the same stack" },
	{ { K_F6, 's' }, ON_LIST, ask, PROMPT_SORT, "in a list: sort by" },
	{ { '<', ',', K_LEFT }, ON_LIST, neighbour, -1,
	  "sort by the column to the left" },
	{ { '>', '.', K_RIGHT }, ON_LIST, neighbour, 1,
	  "sort by the column to the right" },
	{ { 'I', 'R' }, ON_LIST, invert, 0, "turn the order around" },
	{ { 'N' }, ON_LIST, sort_letter, BY_ID, "sort by id" },
	{ { 'M' }, ON_LIST, sort_letter, BY_STACK, "sort by stack memory" },
	{ { 'B', 'T' }, ON_LIST, sort_letter, BY_WAIT,
	  "sort by time in their state" },
	{ { 'O' }, ON_LIST, sort_letter, BY_COUNT, "sort by count" },
	{ { '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' }, ON_LIST,
	  goid_digit, 0, "in Goroutines: to that goroutine" },
	{ { '/', K_F3 }, ON_LIST, ask, PROMPT_SEARCH, "search" },
	{ { 'n' }, ON_LIST, search_on, 0, "the next one" },
	{ { 'F', '\\', K_F4 }, ON_LIST, ask_filter, 0,
	  "filter: words, or wait>1m, !fn~re, id=7, and, or" },
	{ { 'K' }, ON_LIST, toggle_system, 0,
	  "show the runtime's own goroutines, hide them" },
	{ { ' ', 'p', 'Z' }, ON_ALL, toggle_pause, 0, "pause, go on" },
	{ { 'd' }, ON_LIST, ask, PROMPT_DELAY,
	  "delay between frames: 1, 0.5, 500ms" },
	{ { CTRL('R') }, ON_ALL, set_flag, 0, "refresh now" },
	{ { CTRL('L') }, ON_ALL, set_flag, 1, "draw the screen anew" },
	{ { 'h', '?', K_F1 }, ON_ALL, open_help, 0, "this help" },
	{ { 'q', K_F10, CTRL('C') }, ON_ALL, set_flag, 2, "quit" },
};
#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

static bool has_key(const struct action *a, uint32_t key)
{
	for (int i = 0; i < KEYS_OF_ACTION && a->keys[i]; i++)
		if (a->keys[i] == key)
			return true;
	return false;
}

void keys_press(struct keys *k, uint32_t key)
{
	int page = 1 << k->view->page;

	k->view->message[0] = 0;
	if (k->prompt != PROMPT_NONE && prompt_press(k, key))
		return;
	for (size_t i = 0; i < ACTIONS; i++) {
		if (!(actions[i].pages & page) || !has_key(&actions[i], key))
			continue;
		actions[i].act(k, actions[i].arg);
		/* The first digit is one of the number. */
		if (k->prompt == PROMPT_GOID)
			prompt_press(k, key);
		return;
	}
}

/* Help ----------------------------------------------------------------------*/

static const char *const help_behind[] = {
	"",
	"COUNT goroutines stand on one stack for one reason; +/s is how their",
	"number changes.  WAIT-MAX and WAIT-P50 are the longest and the median",
	"time they have been in this state, STACK the memory of all stacks.",
	"SINCE is how long a goroutine has been in its state, behind \u2265",
	"(> in ASCII) at least.  WHERE is the innermost function of the",
	"program, its callers behind <.  - is what the target cannot tell.",
	"The cursor stays on its stack or goroutine, wherever that moves.",
};
#define HELP_LINES_BEHIND (sizeof(help_behind) / sizeof(help_behind[0]))

static const char *key_name(uint32_t key, char out[16])
{
	static const char *const names[] = {
		"Up", "Down", "Left", "Right", "PgUp", "PgDn", "Home", "End",
		"Enter", "Esc", "Bksp", "Tab", "S-Tab",
	};

	if (key >= K_F1)
		snprintf(out, 16, "F%u", key - K_F1 + 1);
	else if (key > KEYS_BEGIN)
		snprintf(out, 16, "%s", names[key - K_UP]);
	else if (key < ' ')
		snprintf(out, 16, "Ctrl-%c", (char)(key + '@'));
	else
		snprintf(out, 16, key == ' ' ? "Space" : "%c", (char)key);
	return out;
}

static void action_help(const struct action *a, char out[KEY_HELP_BYTES])
{
	char names[64], name[16];
	size_t n = 0;

	for (int i = 0; i < KEYS_OF_ACTION && a->keys[i]; i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s",
				      i ? " " : "", key_name(a->keys[i], name));
	snprintf(out, KEY_HELP_BYTES, "  %-*s%s", NAMES_COLS, names, a->help);
}

bool key_help(uint32_t i, char out[KEY_HELP_BYTES])
{
	out[0] = 0;
	if (i < HELP_LINES_BEFORE) {
		snprintf(out, KEY_HELP_BYTES, "%s",
			 i == 0 ? "Keys of pgo-top" : "");
		return true;
	}
	i -= HELP_LINES_BEFORE;
	if (i < ACTIONS) {
		action_help(&actions[i], out);
		return true;
	}
	i -= ACTIONS;
	if (i >= HELP_LINES_BEHIND)
		return false;
	snprintf(out, KEY_HELP_BYTES, "%s", help_behind[i]);
	return true;
}
