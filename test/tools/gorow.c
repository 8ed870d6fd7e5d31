/*
 * Prints what the DWARF of a Go program says of the fields that rows have, in
 * the form of a row, and the CPU time that took.
 *
 * usage: gorow PROGRAM
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/target/go/offsets.h"

static void print_field(const struct go_field_name *name, int32_t at)
{
	printf("%s%s%.*s ", name->type, *name->member ? "." : " size",
	       (int)strcspn(name->member, "|"), name->member);
	if (at < 0)
		printf("-\n");
	else
		printf("%d\n", at);
}

int main(int argc, char **argv)
{
	struct go_offsets o;
	struct err e;
	int64_t ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

	if (argc != 2 || go_offsets_by_dwarf(&o, argv[1], 0, &e) < 0) {
		fprintf(stderr, "gorow: %s\n", argc == 2 ? e.text : "usage");
		return 1;
	}
	ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - ns;
	printf("# %.1f ms\n", (double)ns / 1e6);
	for (int f = 0; f < GO_FIELD_COUNT; f++)
		print_field(&go_field_names[f], o.at[f]);
	return 0;
}
