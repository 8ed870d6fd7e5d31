/*
 * The other end of a fuzz target, where no fuzzer is: gives it the files it is
 * told, or its corpus, test/fuzz/corpus/NAME, and says so in the words of
 * test/run.py.  A target that finds something dies.
 *
 * usage: NAME [FILE]...
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "test/fuzz/must.h"

#define INPUT_BYTES_MAX (1 << 20)

static void die(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	exit(1);
}

static void replay(const char *path)
{
	uint8_t *data = malloc(INPUT_BYTES_MAX), *exact;
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f || !data)
		die(path);
	n = fread(data, 1, INPUT_BYTES_MAX, f);
	fclose(f);
	/* Of its own size, so that a sanitizer sees what reads past it. */
	exact = malloc(n ? n : 1);
	if (!exact)
		die(path);
	memcpy(exact, data, n);
	printf("[ RUN      ] %s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	free(data);
}

static int replay_folder(const char *folder)
{
	DIR *d = opendir(folder);
	char path[PATH_MAX + NAME_MAX + 2];
	struct dirent *entry;
	int n = 0;

	if (!d)
		die(folder);
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		replay(path);
		n++;
	}
	closedir(d);
	return n;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	char folder[PATH_MAX];
	int n = argc - 1;

	snprintf(folder, sizeof(folder), "test/fuzz/corpus/%s",
		 name ? name + 1 : argv[0]);
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc == 1)
		n = replay_folder(folder);
	printf("[  PASSED  ] %d test(s).\n", n);
	return 0;
}
