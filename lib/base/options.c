#include "lib/base/options.h"

#include <errno.h>
#include <string.h>

bool options_next(const char **at, struct option *out)
{
	const char *item = *at;
	size_t n = strcspn(item, ",");
	const char *equals = memchr(item, '=', n);

	if (!*item)
		return false;
	*at = item + n + (item[n] == ',');
	out->key = item;
	out->key_len = equals ? (size_t)(equals - item) : n;
	out->value = equals ? equals + 1 : "";
	out->value_len = equals ? n - out->key_len - 1 : 0;
	return true;
}

bool option_is(const struct option *o, const char *key)
{
	return strlen(key) == o->key_len && !memcmp(o->key, key, o->key_len);
}

int option_int32(const struct option *o, int32_t *out)
{
	size_t i = o->value_len && (*o->value == '+' || *o->value == '-');
	bool negative = i && o->value[0] == '-';
	int64_t v = 0;

	if (i == o->value_len)
		return -EINVAL;
	for (; i < o->value_len; i++) {
		int digit = o->value[i] - '0';

		if (digit < 0 || digit > 9)
			return -EINVAL;
		v = v * 10 + digit;
		if (v > (int64_t)INT32_MAX + negative)
			return -EINVAL;
	}
	*out = (int32_t)(negative ? -v : v);
	return 0;
}
