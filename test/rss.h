/* What the kernel counts as this process's memory. */
#ifndef TEST_RSS_H
#define TEST_RSS_H

#include <stdio.h>
#include <unistd.h>

/* Resident bytes, from /proc/self/statm; -1 when it cannot be read. */
static inline long rss_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = -1;

	if (f && fscanf(f, "%*d %ld", &pages) != 1)
		pages = -1;
	if (f)
		fclose(f);
	return pages < 0 ? -1 : pages * sysconf(_SC_PAGESIZE);
}

/* Of those the bytes in huge pages, from /proc/self/smaps_rollup; -1 when it
 * cannot be read. */
static inline long rss_huge_bytes(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	long kb = -1;

	while (f && kb < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "AnonHugePages: %ld", &kb) != 1)
			kb = -1;
	if (f)
		fclose(f);
	return kb < 0 ? -1 : kb * 1024;
}

#endif
