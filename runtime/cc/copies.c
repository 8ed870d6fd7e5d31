/*
 * What stands on the command line by its path is put there by its copy's.  An
 * archive that is found by -lNAME is found by that again: its copy keeps the
 * name and lies in the first folder that is searched.
 */

#include "runtime/cc/copies.h"

#include <string.h>

#include "runtime/cc/args.h"
#include "runtime/cc/folder.h"
#include "runtime/cc/libc.h"
#include "runtime/cc/renamed.h"

static int is_wrapped(const struct check *c, const char *name,
		      struct names *own)
{
	return name && !names_find(own, name) &&
	       !(c->stays && libc_allocates(name));
}

/* Whose undefined symbols go to thunks. */
static void add_wrapped(struct names *to, const struct check *c)
{
	struct names own = { 0 };
	size_t i;

	for (i = 0; i < c->unwrapped.n; i++)
		names_get(&own, c->unwrapped.v[i]);
	for (i = 0; i < c->wraps.room; i++)
		if (is_wrapped(c, c->wraps.at[i].s, &own))
			names_get(to, c->wraps.at[i].s);
	for (i = 0; i < c->n_thunks; i++)
		names_get(to, c->thunks[i].name);
}

static int is_argument(const struct strs *args, const char *path)
{
	size_t i;

	for (i = 0; i < args->n; i++)
		if (!strcmp(args->v[i], path))
			return 1;
	return 0;
}

static const char *copy_path(const struct strs *args, const char *path,
			     size_t nth)
{
	const char *base = str_base(path);

	return folder_file(is_argument(args, path) ?
			   str_form("%zu-%s", nth, base) : base);
}

/* Each file once, however many of its members were taken. */
static void copy_all(struct names *copies, const struct strs *args,
		     const struct check *c)
{
	struct names wrapped = { 0 };
	size_t i;

	add_wrapped(&wrapped, c);
	for (i = 0; i < c->n_in; i++) {
		const struct input *in = c->in[i];
		struct name *e = names_get(copies, in->path);

		if (in->lto)
			die("%s: -flto goes neither with -static nor with "
			    "-fsanitize, its calls cannot be sent to thunks "
			    "(-fno-lto at the link; the object needs "
			    "-ffat-lto-objects then)",
			    in->label);
		if (e->p)
			continue;
		e->p = (char *)copy_path(args, in->path, i);
		renamed_file(e->p, in->path, &wrapped);
	}
}

void copies_make(struct strs *to, const struct strs *args,
		 const struct check *c)
{
	struct names copies = { 0 };
	const struct name *copy;
	size_t i;

	copy_all(&copies, args, c);
	if (folder_path())
		strs_add(to, str_form("-L%s", folder_path()));
	for (i = 0; i < args->n; i++) {
		copy = names_find(&copies, args->v[i]);
		strs_add(to, copy ? copy->p : args->v[i]);
		if (args_takes_value(args->v[i]) && i + 1 < args->n)
			strs_add(to, args->v[++i]);
	}
}

void copies_check(const struct check *c)
{
	size_t i;

	for (i = 0; i < c->n_in; i++)
		if (!str_begins(c->in[i]->path, folder_path()))
			die("%s: came by a linker script, past its thunks "
			    "(name it on the command line, as -static and "
			    "-fsanitize need)",
			    c->in[i]->path);
}
