/*
 * The folder is looked for upwards from the program and not at a place fixed
 * when it was built: so an installation can be moved, and a build that was
 * never installed works.
 */
#include "lib/target/share.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* From build/MODE/test/unit, the deepest there is, to the top. */
enum { FOLDERS_UP = 4 };

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Takes the last part off PATH.  False when only the root is left. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = '\0';
	return true;
}

static bool beside_program(char *out, size_t max, const char *name)
{
	char at[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", at, sizeof(at) - 1);

	if (n <= 0)
		return false;
	at[n] = '\0';
	if (!go_up(at))
		return false;
	for (int i = 0; i < FOLDERS_UP && go_up(at); i++) {
		n = snprintf(out, max, "%s/share/pgo/%s", at, name);
		if (n > 0 && (size_t)n < max && is_folder(out))
			return true;
	}
	return false;
}

int share_folder(char *out, size_t max, const char *name, struct err *e)
{
	const char *given = secure_getenv("PGO_SHARE");
	int n;

	if (!given || !*given) {
		if (beside_program(out, max, name))
			return 0;
		err_say(e, -ENOENT, "share/pgo/%s: not beside the program",
			name);
		err_way_out(e, "PGO_SHARE=FOLDER says where share/pgo is");
		return -ENOENT;
	}
	n = snprintf(out, max, "%s/%s", given, name);
	if (n < 0 || (size_t)n >= max)
		return err_set(e, -ENAMETOOLONG, "PGO_SHARE");
	if (!is_folder(out))
		return err_say(e, -ENOENT, "%s: no such folder (PGO_SHARE)",
			       out);
	return 0;
}
