/*
 * pgo-cc, pgo-c++ and, as LIB/pgo/ld, the linker that gcc calls: one program
 * under three names.
 */

#include <string.h>

#include "runtime/cc/cc.h"
#include "runtime/cc/ld.h"
#include "runtime/cc/mem.h"

int main(int argc, char **argv)
{
	const char *name = str_base(argc ? argv[0] : "pgo-cc");

	if (!strcmp(name, "ld"))
		return ld_main(argc, argv);
	if (!strcmp(name, "pgo-c++")) {
		prog_name = "pgo-c++";
		return cc_main(argc, argv, 1);
	}
	return cc_main(argc, argv, 0);
}
