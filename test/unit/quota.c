/*
 * runtime/quota: the bandwidth a control group grants, from a tree of files as
 * the kernel writes them.  A process looks for its group once, so each look is
 * a child's.
 */
#include "runtime/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NONE = 255 };            /* no limit */

static char root[] = "/tmp/pgo-quota-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", root, name);
	for (char *at = path + sizeof(root); (at = strchr(at, '/')); at++) {
		*at = 0;
		mkdir(path, 0700);
		*at = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int asked(void)
{
	int32_t cpus = quota_group_cpus();

	return cpus == INT32_MAX ? NONE : cpus;
}

/* In a process that has not looked yet. */
static int cpus(void)
{
	pid_t child = fork();
	int status = 0;

	if (!child)
		_exit(asked());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define V2 "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 " \
	"rw,nsdelegate\n"
#define V1 "30 23 0:27 /docker/x /sys/fs/cgroup/cpu,cpuacct rw - cgroup c " \
	"rw,cpu,cpuacct\n"
#define LIMIT "/sys/fs/cgroup/a.slice/b/cpu.max"

static void a_unified_group_says_it_in_one_file(void **state)
{
	(void)state;
	put("/proc/self/cgroup", "0::/a.slice/b\n");
	put("/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda rw\n" V2);
	put(LIMIT, "400000 100000\n");
	assert_int_equal(cpus(), 4);
	put(LIMIT, "max 100000\n");
	assert_int_equal(cpus(), NONE);
}

static void parts_of_a_cpu_count_as_one_and_two_are_the_least(void **state)
{
	(void)state;
	put(LIMIT, "300001 100000\n");
	assert_int_equal(cpus(), 4);
	put(LIMIT, "50000 100000\n");
	assert_int_equal(cpus(), 2);
}

static void a_new_limit_is_seen_where_the_old_one_was(void **state)
{
	pid_t child;
	int status = 0;

	(void)state;
	put(LIMIT, "300000 100000\n");
	child = fork();
	if (!child) {
		int before = asked(), after, none;

		/* Where it is does not matter any more. */
		put("/proc/self/cgroup", "0::/elsewhere\n");
		put(LIMIT, "700000 100000\n");
		after = asked();
		put(LIMIT, "max 100000\n");
		none = asked();
		_exit(before == 3 && after == 7 && none == NONE ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_group_of_version_1_goes_first(void **state)
{
	(void)state;
	put("/proc/self/cgroup", "0::/a.slice/b\n4:memory:/m\n"
				 "3:cpu,cpuacct:/docker/x/in\n");
	put("/proc/self/mountinfo", V2 V1);
	put("/sys/fs/cgroup/cpu,cpuacct/in/cpu.cfs_quota_us", "500000\n");
	put("/sys/fs/cgroup/cpu,cpuacct/in/cpu.cfs_period_us", "100000\n");
	assert_int_equal(cpus(), 5);
	put("/sys/fs/cgroup/cpu,cpuacct/in/cpu.cfs_quota_us", "-1\n");
	assert_int_equal(cpus(), NONE);
}

static void what_makes_no_sense_is_no_limit(void **state)
{
	(void)state;
	put("/proc/self/cgroup", "0::/a.slice/b\n");
	put("/proc/self/mountinfo", V2);
	put(LIMIT, "400000\n");
	assert_int_equal(cpus(), NONE);
	put(LIMIT, "400000 0\n");
	assert_int_equal(cpus(), NONE);
	put(LIMIT, "");
	assert_int_equal(cpus(), NONE);
	put("/proc/self/mountinfo", "29 23 0:26 /other /sys/fs/cgroup rw - "
				    "cgroup2 cgroup2 rw\n29 23\n");
	assert_int_equal(cpus(), NONE);
	put("/proc/self/cgroup", "nonsense\n0:\n");
	assert_int_equal(cpus(), NONE);
}

static int begin(void **state)
{
	(void)state;
	quota_root = mkdtemp(root);
	return quota_root ? 0 : -1;
}

static int end(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unified_group_says_it_in_one_file),
		cmocka_unit_test(
			parts_of_a_cpu_count_as_one_and_two_are_the_least),
		cmocka_unit_test(a_new_limit_is_seen_where_the_old_one_was),
		cmocka_unit_test(a_group_of_version_1_goes_first),
		cmocka_unit_test(what_makes_no_sense_is_no_limit),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
