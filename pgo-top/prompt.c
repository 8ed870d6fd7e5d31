/* Lines typed at the bottom of the screen: search and filter work while one
 * types. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pgo-top/keys.h"
#include "pgo-top/list.h"
#include "pgo-top/options.h"

#define LINE_MAX_TYPED 100      /* characters at a prompt */

/* "Sort by (count rate wait ...): " */
static void sort_prompt(const struct view *v, char *out, size_t bytes)
{
	const struct list *l = lists[v->list];
	size_t n = (size_t)snprintf(out, bytes, "Sort by (");

	for (int i = 0; i < l->column_count && n < bytes; i++)
		n += (size_t)snprintf(out + n, bytes - n, "%s%s",
				      i ? " " : "",
				      l->fields[l->columns[i].field].name);
	if (n < bytes)
		snprintf(out + n, bytes - n, "): ");
}

static void show(struct keys *k)
{
	static const char *const texts[] = {
		[PROMPT_SEARCH] = "Search: ",
		[PROMPT_FILTER] = "Filter: ",
		[PROMPT_DELAY] = "Delay in seconds: ",
		[PROMPT_GOID] = "Goroutine: ",
	};
	char text[VIEW_TEXT_BYTES - LINE_MAX_TYPED - 2];
	struct view *v = k->view;

	v->prompt[0] = 0;
	if (k->prompt == PROMPT_NONE)
		return;
	if (k->prompt == PROMPT_SORT)
		sort_prompt(v, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s", texts[k->prompt]);
	snprintf(v->prompt, sizeof(v->prompt), "%s%.*s_", text, LINE_MAX_TYPED,
		 k->line);
}

void prompt_begin(struct keys *k, enum key_prompt prompt, const char *line)
{
	k->prompt = prompt;
	k->cursor_key = k->view->at[k->view->list].key;
	snprintf(k->line, sizeof(k->line), "%s", line);
	show(k);
}

static void end(struct keys *k)
{
	k->prompt = PROMPT_NONE;
	k->view->prompt[0] = 0;
}

static void answer_sort(struct keys *k)
{
	const struct list *l = lists[k->view->list];
	int field = field_find(l->fields, l->field_count, k->line);

	if (field < 0)
		keys_say(k, "no such column");
	else
		keys_sort(k, field);
}

static void answer_delay(struct keys *k)
{
	int64_t ns = delay_parse(k->line);

	if (ns < 0)
		keys_say(k, "no time: 1, 0.5, 500ms");
	else
		k->view->delay_ns = ns;
	k->refresh = true;
}

static void find_goroutine(struct keys *k)
{
	struct view *v = k->view;
	int64_t at = lists[v->list]->find(v, strtoull(k->line, NULL, 10));

	if (at >= 0) {
		view_move(v, at);
		view_scroll(v, k->rows);
	} else if (k->line[0]) {
		keys_say(k, "no such goroutine in the list");
	}
}

/* After each letter. */
static void typed(struct keys *k)
{
	struct view *v = k->view;

	if (k->prompt == PROMPT_FILTER)
		keys_filter(k, k->line);
	if (k->prompt == PROMPT_GOID)
		find_goroutine(k);
	if (k->prompt == PROMPT_SEARCH) {
		snprintf(v->search, sizeof(v->search), "%s", k->line);
		if (k->line[0])
			keys_search(k, false);
	}
	show(k);
}

static void drop_char(char *line)
{
	size_t n = strlen(line);

	if (n)
		line[n - 1] = 0;
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

static void answer(struct keys *k)
{
	if (k->prompt == PROMPT_SORT)
		answer_sort(k);
	else if (k->prompt == PROMPT_DELAY)
		answer_delay(k);
	end(k);
}

bool prompt_press(struct keys *k, uint32_t key)
{
	bool edits = key == K_BACKSPACE || key == 'U' - '@';

	/* A number is looked up as it is typed: nothing else belongs to it. */
	if (k->prompt == PROMPT_GOID && !edits && key != K_ESCAPE &&
	    (key < '0' || key > '9')) {
		end(k);
		return false;
	}
	if (key == K_ENTER) {
		answer(k);
		return true;
	}
	if (key == K_ESCAPE) {
		if (k->prompt == PROMPT_FILTER)
			keys_filter(k, "");
		end(k);
		return true;
	}
	if (key == 'U' - '@')
		k->line[0] = 0;
	else if (key == K_BACKSPACE)
		drop_char(k->line);
	else
		add_char(k->line, LINE_MAX_TYPED + 1, key);
	typed(k);
	return true;
}
