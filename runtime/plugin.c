/*
 * What pgo-cc links into every shared library: a reference that the dynamic
 * linker resolves only in a program of the same version of pgo.  Its name is
 * what the user reads when there is none.
 */
#include "runtime/plugin.h"

extern const char PGO_PLUGIN_NEEDS[];

/* Data, so that it is looked up first, and with lazy binding too. */
__attribute__((used)) static const void *const needs = PGO_PLUGIN_NEEDS;
