#include "lib/snapshot/labels.h"

#include <string.h>

#include <jansson.h>

void labels_read(struct labels *l, const char *text)
{
	const char *key;
	json_t *value;

	*l = (struct labels){ 0 };
	if (!*text)
		return;
	l->tree = json_loads(text, JSON_ALLOW_NUL, NULL);
	json_object_foreach(l->tree, key, value) {
		if (!json_is_string(value) || l->n == LABELS_MAX)
			continue;
		l->at[l->n++] = (struct label){ key,
						json_string_value(value) };
	}
}

void labels_release(struct labels *l)
{
	json_decref(l->tree);
	*l = (struct labels){ 0 };
}

const char *labels_find(const struct labels *l, const char *key)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->at[i].key, key))
			return l->at[i].value;
	return NULL;
}
