/*
 * Symbols.
 *
 * STT_FILE symbols stand before the local symbols of their file, and globals
 * stand behind all locals, where the last STT_FILE says nothing about them:
 * only when it is the only one does it.
 */
#include "symbolizer/symtab.h"

#include <stdlib.h>

#include "lib/base/grow.h"

#define BACK_MAX 256            /* symbols looked at around an address */

/* Which STT_FILE the next symbol belongs to. */
struct scope {
	const char *file;
	bool any;               /* a symbol was seen */
	bool several;           /* and a file behind it */
};

static uint8_t rank_of(const GElf_Sym *sym)
{
	uint8_t rank = 0;

	if (GELF_ST_TYPE(sym->st_info) != STT_NOTYPE)
		rank |= 4;
	if (GELF_ST_BIND(sym->st_info) == STB_GLOBAL)
		rank |= 2;
	if (GELF_ST_BIND(sym->st_info) == STB_WEAK)
		rank |= 1;
	return rank;
}

static bool names_code(const GElf_Sym *sym, const char *name)
{
	switch (GELF_ST_TYPE(sym->st_info)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		return *name;
	case STT_NOTYPE:
		/* Notes of compiler plugins are local, hidden and empty. */
		return *name && (sym->st_size ||
				 GELF_ST_BIND(sym->st_info) != STB_LOCAL ||
				 GELF_ST_VISIBILITY(sym->st_other) !=
					 STV_HIDDEN);
	}
	return false;
}

static int put_symbol(struct symtab *t, struct scope *scope, const char *name,
		      const GElf_Sym *sym, uint64_t addr)
{
	bool local = GELF_ST_BIND(sym->st_info) == STB_LOCAL;

	if (GELF_ST_TYPE(sym->st_info) == STT_FILE) {
		scope->file = name;
		scope->several |= scope->any;
		return 0;
	}
	scope->any = true;
	if (!names_code(sym, name))
		return 0;
	if (grow(&t->symbols, &t->room, t->n, sizeof(*t->symbols)))
		return -ENOMEM;
	t->symbols[t->n++] = (struct symbol){
		.start = addr,
		.size = sym->st_size,
		.name = name,
		.file = local || !scope->several ? scope->file : NULL,
		.rank = rank_of(sym),
	};
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	/* The smaller of those that cover an address is the better one. */
	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return (x->name < y->name) - (x->name > y->name);
}

static void sort_symbols(struct symtab *t)
{
	uint64_t max = 0;

	if (t->n)
		qsort(t->symbols, t->n, sizeof(*t->symbols), by_start);
	for (size_t i = 0; i < t->n; i++) {
		struct symbol *s = &t->symbols[i];

		if (s->size > UINT64_MAX - s->start)
			s->size = 0;
		if (s->start + s->size > max)
			max = s->start + s->size;
		s->end_max = max;
	}
}

int symtab_read(struct symtab *t, const struct debugfile *d)
{
	int n = dwfl_module_getsymtab(d->mod), rc = 0;
	struct scope scope = { 0 };

	for (int i = 1; !rc && i < n; i++) {
		GElf_Word shndx;
		GElf_Addr addr;
		GElf_Sym sym;
		const char *name;

		name = dwfl_module_getsym_info(d->mod, i, &sym, &addr, &shndx,
					       NULL, NULL);
		if (!name || shndx == SHN_UNDEF || (shndx == SHN_ABS &&
		    GELF_ST_TYPE(sym.st_info) != STT_FILE))
			continue;
		rc = put_symbol(t, &scope, name, &sym, addr);
	}
	sort_symbols(t);
	return rc;
}

/* The number of symbols that start at ADDR or before. */
static size_t symbols_until(const struct symtab *t, uint64_t addr)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->symbols[mid].start <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct symbol *symtab_find(const struct symtab *t, uint64_t addr,
				 const struct section *in)
{
	size_t n = symbols_until(t, addr), back = 0;
	const struct symbol *last = n ? &t->symbols[n - 1] : NULL;

	for (size_t i = n; i-- && back < BACK_MAX; back++) {
		const struct symbol *s = &t->symbols[i];

		if (symbol_covers(s, addr))
			return s;
		if (s->end_max <= addr)
			break;
	}
	return last && in && last->start >= in->lo ? last : NULL;
}

void symtab_release(struct symtab *t)
{
	free(t->symbols);
	*t = (struct symtab){ 0 };
}
