/*
 * Most processes are neither Go nor pgo, and that is seen in their files.
 * Reading memory needs more rights than reading the file: where only that is
 * refused, the program is named and the reason told.
 */
#include "lib/target/look.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/elffile.h"
#include "lib/target/note.h"
#include "lib/target/open.h"
#include "lib/wire/schedtrace.h"

#define ASK_NS INT64_C(1000000000)

enum { LINE_BYTES_MAX = 65536, NAMES_BYTES_MAX = 65536 };

/* Whether the file's sections are those of Go's linker. */
static bool has_buildinfo(const struct elffile *f)
{
	static const char wanted[] = ".go.buildinfo";
	char name[sizeof(wanted)];
	Elf64_Shdr names, s;

	if (elffile_section(f, f->header.e_shstrndx, &names) < 0)
		return false;
	for (uint32_t i = 0; i < f->sections; i++)
		if (elffile_section(f, i, &s) == 0 &&
		    s.sh_name < NAMES_BYTES_MAX &&
		    elffile_read(f, names.sh_offset + s.sh_name, name,
				 sizeof(name)) == 0 &&
		    !memcmp(name, wanted, sizeof(wanted)))
			return true;
	return false;
}

/* -EACCES and its like when the file cannot be seen. */
static int look_at_file(struct look *l)
{
	struct elffile f;
	struct note note;
	char path[32];
	int rc;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)l->pid);
	rc = elffile_open(&f, path, NULL);
	if (rc == -EINVAL)
		return -ENOENT;
	if (rc < 0)
		return rc;
	if (note_find(&note, &f) == 0)
		l->runtime = LOOK_PGO;
	/* Without sections only an attempt can tell. */
	else if (has_buildinfo(&f) || f.sections == 0)
		l->runtime = LOOK_GO;
	elffile_close(&f);
	return l->runtime == LOOK_UNKNOWN ? -ENOENT : 0;
}

static int ask_agent(struct look *l, const struct target *t)
{
	static struct sched_lists lists;
	struct target_ask ask = {
		.deadline_ns = clock_mono_ns() + ASK_NS,
		.max = LINE_BYTES_MAX,
		.accept = "text/plain",
	};
	struct http_answer a = { 0 };
	struct sched_line line;
	int rc = target_get(t, "/debug/pgo/sched?debug=1", &ask, &a, &l->why);

	if (rc == 0)
		rc = sched_line_parse((const char *)a.body.data, a.body.len,
				      &line, &lists);
	if (rc == 0 && line.has_gs)
		l->goroutines = (int64_t)line.gcount;
	http_answer_release(&a);
	if (rc == 0)
		l->how = "agent";
	return rc;
}

static void read_version(struct look *l)
{
	struct pgo_layout layout;

	if (note_layout(&layout, l->pid, NULL) == 0)
		snprintf(l->version, sizeof(l->version), "%s", layout.runtime);
}

static int attach(struct look *l, const struct target *t)
{
	static const struct source_wants wants = { .no_stacks = true };
	struct source_info info;
	struct snapshot s;
	struct source *src;
	int rc = target_source_open(&src, t, &wants, &l->why);

	if (rc < 0)
		return rc;
	snapshot_init(&s);
	rc = source_refresh(src, &s, &l->why);
	source_info(src, &info);
	if (info.go[0])
		snprintf(l->version, sizeof(l->version), "%s", info.go);
	if (rc == 0) {
		l->goroutines = s.total;
		l->how = "attach";
	}
	snapshot_release(&s);
	source_close(src);
	return rc;
}

int look_at(struct look *l, pid_t pid)
{
	static struct target t;
	char text[16];
	int rc;

	*l = (struct look){ .pid = pid, .goroutines = -1 };
	rc = look_at_file(l);
	if (rc == -ENOENT || rc == -ESRCH)
		return -ENOENT;
	snprintf(text, sizeof(text), "%d", (int)pid);
	rc = target_resolve(&t, text, NULL, &l->why);
	snprintf(l->exe, sizeof(l->exe), "%s", t.exe);
	if (l->runtime == LOOK_PGO)
		read_version(l);
	if (rc == 0)
		rc = t.agent[0] ? ask_agent(l, &t) : attach(l, &t);
	return rc == -ENOENT || rc == -ESRCH ? -ENOENT : 0;
}
