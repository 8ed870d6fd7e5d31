/*
 * Files, lines and inlined calls of this process's code, for its dumps.
 *
 * DWARF is read by pgo-sym in a process of its own, never in here.  Without
 * it (not installed, PGO_SYM=off, a sandbox) dumps have the functions of ELF
 * symbols and no lines.  No malloc and no lock: who dies may hold any.
 */
#ifndef PGO_RUNTIME_SOURCE_H
#define PGO_RUNTIME_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct name;

enum {
	SOURCE_LINES = 32,      /* inlined calls of one pc that are shown */
	SOURCE_ANSWER = 16 << 10,
	SOURCE_STACK = 16 << 10,
	SOURCE_MEMO = 1024,
	SOURCE_TEXT = 256 << 10,
};

enum source_state { SOURCE_FRESH, SOURCE_SERVING, SOURCE_GONE };

struct source_line {
	const char *func;
	const char *file;
	uint32_t line;
};

/* The child of one dump, and what it has said.  Zero is ready. */
struct source {
	enum source_state state;
	int pid;
	int fd;
	int64_t deadline_ns;
	size_t text_used;
	struct {
		uintptr_t pc;
		const char *text;       /* in text[] */
	} memo[SOURCE_MEMO];
	struct source_line line[SOURCE_LINES];
	char answer[SOURCE_ANSWER];     /* cut into line[] */
	char text[SOURCE_TEXT];
	_Alignas(16) char stack[SOURCE_STACK]; /* of the child until exec */
};

/* The calls PC lies in, innermost first, into S->line: how many, 0 when it is
 * not known.  NAME is what names_find() said of PC.  The first question
 * starts the child; the whole dump waits 3 s for it at most.  [m] */
size_t source_find(struct source *s, uintptr_t pc, const struct name *name);

/* The dump is over: the child is ended. */
void source_end(struct source *s);

#endif
