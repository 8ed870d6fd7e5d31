#include "lib/target/pgo/layout.h"

#include <stdbool.h>
#include <stdlib.h>

#include <pgo/layout.h>

enum {
	FIELDS_MAX = 4096,
	FIELD_BYTES_MAX = 256,
	CHUNK_SLOTS_MIN = 256,  /* with fewer a table is slow to read */
};

enum kind { VARIABLE, STRUCT, NUMBER, ARRAY };

static const struct {
	const char *name;
	enum kind kind;
} fields[PGO_FIELD_COUNT] = {
#define X(id, name, kind) [id] = { name, kind },
	PGO_FIELDS(X)
#undef X
};

static void take(struct pgo_offsets *o, bool *had,
		 const struct pgo_layout_field *f)
{
	for (int i = 0; i < PGO_FIELD_COUNT; i++) {
		if (strncmp(f->name, fields[i].name, sizeof(f->name)))
			continue;
		o->address[i] = f->address;
		o->offset[i] = f->offset;
		o->bytes[i] = f->size;
		had[i] = true;
	}
}

/* The struct or variable of which member F is, its name before the dot. */
static int owner_of(int f)
{
	size_t n = strcspn(fields[f].name, ".");

	for (int i = 0; i < PGO_FIELD_COUNT; i++)
		if (strlen(fields[i].name) == n &&
		    !strncmp(fields[i].name, fields[f].name, n))
			return i;
	return f;
}

static bool is_large(int f)
{
	return f == PGO_GTAB || f == PGO_CHUNK;
}

static bool makes_sense(const struct pgo_offsets *o, int f)
{
	uint32_t bytes = o->bytes[f], whole = o->bytes[owner_of(f)];

	switch (fields[f].kind) {
	case VARIABLE:
		return o->address[f] != 0 &&
		       (bytes <= PGO_STRUCT_BYTES_MAX || is_large(f));
	case STRUCT:
		if (f == PGO_CHUNK && bytes / CHUNK_SLOTS_MIN <
				      o->bytes[PGO_G] + o->bytes[PGO_ROW])
			return false;
		return bytes > 0 &&
		       (bytes <= PGO_STRUCT_BYTES_MAX || is_large(f));
	case NUMBER:
		if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
			return false;
		break;
	case ARRAY:
		break;
	}
	return bytes <= whole && o->offset[f] <= whole - bytes;
}

static int check(const struct pgo_offsets *o, const bool *had,
		 const struct space *s, struct err *e)
{
	for (int i = 0; i < PGO_FIELD_COUNT; i++) {
		if (!had[i] && i >= PGO_YOUNGER)
			continue;
		if (!had[i])
			return err_say(e, -ENOTSUP, "%s: its pgo does not "
				       "tell where %s is (start it with "
				       "PGO_AGENT=unix)", s->name,
				       fields[i].name);
		if (!makes_sense(o, i))
			return err_say(e, -ENOTSUP, "%s: its layout table is "
				       "wrong about %s", s->name,
				       fields[i].name);
	}
	return 0;
}

int pgo_offsets_read(struct pgo_offsets *o, struct space *s, uint64_t address,
		     const struct pgo_layout *head, struct err *e)
{
	uint32_t n = head->field_count, bytes = head->field_bytes;
	bool had[PGO_FIELD_COUNT] = { false };
	struct pgo_layout_field f;
	uint8_t *table;
	int rc;

	memset(o, 0, sizeof(*o));
	if (n > FIELDS_MAX || bytes < sizeof(f) || bytes > FIELD_BYTES_MAX)
		return err_say(e, -ENOTSUP, "%s: its layout table makes no "
			       "sense", s->name);
	table = malloc((size_t)n * bytes + 1);
	if (!table)
		return err_set(e, -ENOMEM, "%s", s->name);
	rc = space_read(s, address + head->header_bytes, table, n * bytes);
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		memcpy(&f, table + (size_t)i * bytes, sizeof(f));
		take(o, had, &f);
	}
	free(table);
	if (rc < 0)
		return err_set(e, rc, "%s: layout table", s->name);
	return check(o, had, s, e);
}
