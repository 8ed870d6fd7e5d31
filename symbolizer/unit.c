/*
 * Walking the DIEs of a unit.
 *
 * Wanted are subprograms with code and inlined subroutines; they sit in
 * namespaces, in blocks, and in classes local to functions.  The walk is in
 * the order of the file and takes only DIEs beyond the last one: what a broken
 * DW_AT_sibling points back to is not visited again, so the work is bounded by
 * the bytes of the unit.
 *
 * The ranges of the DIEs say which functions; the line table says where in the
 * innermost of them, and the call sites where in the others.  Names are looked
 * for when first asked, as most functions never are.
 */
#include "symbolizer/unit.h"

#include <stdlib.h>

#include <dwarf.h>

#include "lib/base/grow.h"

#define DEPTH_MAX 512           /* of the DIE tree */
#define AT_GNU_DISCRIMINATOR 0x2136     /* no header has it */

/* Newer than the header. */
enum { LANG_C17 = 0x2c, LANG_C23 = 0x3e };

struct level {
	Dwarf_Die die;
	uint32_t node;          /* the function its children lie in */
};

struct walk {
	struct unit *u;
	size_t *budget;         /* ranges that may still be added */
	Dwarf_Off last;         /* offset of the last DIE seen */
	struct level *levels;   /* DEPTH_MAX of them */
};

static uint32_t number_of(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attr;
	Dwarf_Word v;

	if (!dwarf_attr_integrate(die, name, &attr) ||
	    dwarf_formudata(&attr, &v) || v > UINT32_MAX)
		return 0;
	return (uint32_t)v;
}

static const char *string_of(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attr;

	if (!dwarf_attr_integrate(die, name, &attr))
		return NULL;
	return dwarf_formstring(&attr);
}

/* A linker leaves 0, 1, -1 or -2 where it threw a function away. */
static bool is_tombstone(Dwarf_Addr lo)
{
	return lo <= 1 || lo >= UINT64_MAX - 1;
}

static int add_ranges(struct walk *w, Dwarf_Die *die, uint32_t id,
		      uint32_t depth, bool *any)
{
	Dwarf_Addr base, lo, hi;
	ptrdiff_t at = 0;

	*any = false;
	while ((at = dwarf_ranges(die, at, &base, &lo, &hi)) > 0) {
		if (is_tombstone(lo) || lo >= hi)
			continue;
		if (!*w->budget)
			return -E2BIG;
		--*w->budget;
		if (segs_add(&w->u->segs, lo, hi, id, depth))
			return -ENOMEM;
		*any = true;
	}
	return 0;
}

/* Makes a node of DIE when it has code: *NODE is it, else stays. */
static int add_node(struct walk *w, Dwarf_Die *die, int tag, uint32_t depth,
		    uint32_t *node)
{
	struct unit *u = w->u;
	struct node n = { .die = *die };
	bool any;
	int rc;

	if (!dwarf_hasattr(die, DW_AT_low_pc) &&
	    !dwarf_hasattr(die, DW_AT_ranges))
		return 0;
	if (u->n >= UINT32_MAX)
		return -E2BIG;
	rc = add_ranges(w, die, (uint32_t)u->n, depth, &any);
	if (rc || !any)
		return rc;
	if (grow(&u->nodes, &u->room, u->n, sizeof(*u->nodes)))
		return -ENOMEM;
	if (tag == DW_TAG_inlined_subroutine)
		n.parent = *node;
	*node = (uint32_t)u->n;
	u->nodes[u->n++] = n;
	return 0;
}

/* Whether the children of a DIE with this tag may have code. */
static bool holds_code(int tag, Dwarf_Die *die)
{
	switch (tag) {
	case DW_TAG_subprogram:
		return !dwarf_hasattr(die, DW_AT_declaration) &&
		       !dwarf_hasattr(die, DW_AT_inline);
	case DW_TAG_inlined_subroutine:
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
		return true;
	}
	return false;
}

/* Takes one DIE; *NODE becomes the function its children lie in, and *DOWN
 * whether they are worth a look. */
static int visit(struct walk *w, Dwarf_Die *die, uint32_t depth,
		 uint32_t *node, bool *down)
{
	int tag = dwarf_tag(die);

	*down = holds_code(tag, die) && dwarf_haschildren(die) > 0;
	if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
		return 0;
	return add_node(w, die, tag, depth, node);
}

/* The DIE behind the one at LEVEL, or behind one around it; the new level, -1
 * at the end. */
static int next_die(struct walk *w, int level)
{
	for (; level > 0; level--) {
		struct level *l = &w->levels[level];

		if (dwarf_siblingof(&l->die, &l->die))
			continue;
		l->node = w->levels[level - 1].node;
		if (dwarf_dieoffset(&l->die) > w->last)
			return level;
	}
	return -1;
}

static int walk_unit(struct walk *w, Dwarf_Die *root)
{
	int level = 1;
	bool down;
	int rc = 0;

	w->levels[0] = (struct level){ .die = *root };
	w->last = dwarf_dieoffset(root);
	if (dwarf_child(root, &w->levels[1].die))
		return 0;
	w->levels[1].node = 0;
	while (level > 0 && !rc) {
		struct level *l = &w->levels[level];

		w->last = dwarf_dieoffset(&l->die);
		rc = visit(w, &l->die, (uint32_t)level, &l->node, &down);
		if (!rc && down && level + 1 < DEPTH_MAX &&
		    !dwarf_child(&l->die, &l[1].die) &&
		    dwarf_dieoffset(&l[1].die) > w->last) {
			l[1].node = l->node;
			level++;
		} else {
			level = next_die(w, level);
		}
	}
	return rc;
}

static bool language_mangles(Dwarf_Die *cu)
{
	switch (dwarf_srclang(cu)) {
	case -1:
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case LANG_C17:
	case LANG_C23:
	case DW_LANG_Mips_Assembler:
	case DW_LANG_Fortran77:
	case DW_LANG_Cobol74:
	case DW_LANG_Cobol85:
	case DW_LANG_Pascal83:
	case DW_LANG_UPC:
		return false;
	}
	return true;
}

/* The unit that has the DIEs: the split one, where there is one. */
static Dwarf_Die *root_of(struct unit *u, Dwarf_Die *split)
{
	uint8_t type;

	if (!dwarf_cu_info(u->cu.cu, NULL, &type, NULL, split, NULL, NULL,
			   NULL) && type == DW_UT_skeleton && split->addr)
		return split;
	return &u->cu;
}

static int index_dies(struct unit *u, size_t *budget)
{
	struct walk w = { .u = u, .budget = budget };
	Dwarf_Die split = { 0 }, *root = root_of(u, &split);
	int rc;

	u->mangles = language_mangles(root);
	u->folder = string_of(root, DW_AT_comp_dir);
	if (!u->folder)
		u->folder = string_of(&u->cu, DW_AT_comp_dir);
	if (dwarf_getsrcfiles(root, &u->files, &u->nfiles)) {
		u->files = NULL;
		u->nfiles = 0;
	}
	if (grow(&u->nodes, &u->room, u->n, sizeof(*u->nodes)))
		return -ENOMEM;
	u->nodes[u->n++] = (struct node){ .named = true };
	w.levels = malloc(DEPTH_MAX * sizeof(*w.levels));
	if (!w.levels)
		return -ENOMEM;
	rc = walk_unit(&w, root);
	free(w.levels);
	return rc;
}

int unit_walk(struct unit *u, size_t *budget)
{
	int rc, end;

	if (u->walked)
		return 0;
	u->walked = true;
	rc = index_dies(u, budget);
	end = segs_finish(&u->segs);
	return rc ? rc : end;
}

int unit_index(struct unit *u, size_t *budget)
{
	int rc, lines;

	if (u->read)
		return 0;
	u->read = true;
	rc = unit_walk(u, budget);
	/* Unless memory is gone, lines are good without functions too. */
	lines = rc == -ENOMEM ? rc : lines_read(&u->lines, &u->cu, budget);
	return rc ? rc : lines;
}

/* Of NODE alone, not of the function it is an instance of. */
static uint32_t own_number(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute attr;
	Dwarf_Word v;

	if (!dwarf_attr(die, name, &attr) || dwarf_formudata(&attr, &v) ||
	    v > UINT32_MAX)
		return 0;
	return (uint32_t)v;
}

static void name_node(struct unit *u, struct node *n)
{
	uint32_t file;

	if (n->named)
		return;
	n->named = true;
	n->func = string_of(&n->die, DW_AT_name);
	n->linkage = string_of(&n->die, DW_AT_linkage_name);
	if (!n->linkage)
		n->linkage = string_of(&n->die, DW_AT_MIPS_linkage_name);
	n->start_line = number_of(&n->die, DW_AT_decl_line);
	if (dwarf_tag(&n->die) != DW_TAG_inlined_subroutine)
		return;
	n->call_line = own_number(&n->die, DW_AT_call_line);
	n->call_column = own_number(&n->die, DW_AT_call_column);
	n->call_discriminator = own_number(&n->die, AT_GNU_DISCRIMINATOR);
	file = own_number(&n->die, DW_AT_call_file);
	if (u->files && file < u->nfiles)
		n->call_file = dwarf_filesrc(u->files, file, NULL, NULL);
}

/* Where the innermost function stands. */
static void place_by_row(struct sym_frame *f, const struct row *row)
{
	if (!row)
		return;
	f->file = row->file;
	f->line = row->line;
	f->column = row->column;
	f->discriminator = row->discriminator;
}

/* Where INNER was called. */
static void place_by_call(struct sym_frame *f, const struct node *inner)
{
	f->file = inner->call_file;
	f->line = inner->call_line;
	f->column = inner->call_column;
	f->discriminator = inner->call_discriminator;
}

static const char *whole_path(struct unit *u, const char *file)
{
	return file && u->folder ? memo_path(&u->paths, u->folder, file) : file;
}

size_t unit_lookup(struct unit *u, uint64_t addr, struct sym_frame *out,
		   size_t max)
{
	const struct row *row = lines_find(&u->lines, addr);
	uint32_t id = segs_find(&u->segs, addr);
	const struct node *inner = NULL;
	size_t n = 0;

	if (!id && row && max) {
		out[0] = (struct sym_frame){ 0 };
		place_by_row(&out[0], row);
		out[0].file = whole_path(u, out[0].file);
		return 1;
	}
	for (; id && n < max; id = u->nodes[id].parent) {
		struct node *node = &u->nodes[id];

		name_node(u, node);
		out[n] = (struct sym_frame){
			.func = node->func,
			.linkage = node->linkage,
			.start_line = node->start_line,
			.inlined = node->parent != 0,
		};
		if (inner)
			place_by_call(&out[n], inner);
		else
			place_by_row(&out[n], row);
		out[n].file = whole_path(u, out[n].file);
		inner = node;
		n++;
	}
	return n;
}

void unit_release(struct unit *u)
{
	free(u->nodes);
	segs_release(&u->segs);
	lines_release(&u->lines);
	memo_release(&u->paths);
}
