/*
 * Core files that say anything: core_file.h's, changed as the input tells, and
 * cut off where it says.
 */
#include "lib/target/core.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test/fuzz/changes.h"
#include "test/fuzz/core_file.h"
#include "test/fuzz/must.h"

/* What is made by hand, once: the core, and the path of its program. */
static struct {
	struct core_program program;
	struct made_core core;
	char path[32];
} made;

static void make(void)
{
	int fd = memfd_create("program", MFD_CLOEXEC);

	snprintf(made.path, sizeof(made.path), "/proc/self/fd/%d", fd);
	make_program(&made.program);
	make_core(&made.core, made.path, &made.program);
	must(write(fd, &made.program, sizeof(made.program)) ==
	     (ssize_t)sizeof(made.program));
}

static void ask(struct space *s)
{
	struct space_thread t[4];
	struct space_regs r;
	uint8_t bytes[600];
	int n = space_threads(s, t, 4);

	must(n >= 0);
	for (int i = 0; i < n && i < 4; i++)
		must(space_regs(s, t[i].host_tid, &r) == 0);
	for (size_t i = 0; i < s->maps.n; i++) {
		const struct map *m = &s->maps.maps[i];

		must(m->start <= m->end);
		must(!i || m[-1].end <= m->start);
		core_path(s, m);
		space_read(s, m->start, bytes, sizeof(bytes));
		space_read(s, m->end - 8, bytes, 16);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct changes c;
	struct space *s;
	uint8_t *copy;
	size_t n;

	if (size < 2)
		return 0;
	if (!made.path[0])
		make();
	n = sizeof(made.core) - (data[0] | (size_t)data[1] << 8) %
				sizeof(made.core);
	copy = malloc(sizeof(made.core));
	must(copy != NULL);
	memcpy(copy, &made.core, sizeof(made.core));
	c = (struct changes){ data + 2, size - 2 };
	while (changes_next(&c, copy, sizeof(made.core)))
		;
	copy = realloc(copy, n);
	must(copy != NULL);
	if (core_open_image(&s, copy, n, made.path, NULL) == 0) {
		ask(s);
		space_close(s);
	}
	free(copy);
	return 0;
}
