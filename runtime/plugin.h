/* The symbol by which a library and the program that loads it know each other;
 * see plugin.c. */
#ifndef PGO_RUNTIME_PLUGIN_H
#define PGO_RUNTIME_PLUGIN_H

#define PGO_PLUGIN_NAME_(tag) pgo_ ## tag ## _of_a_program_linked_by_pgo_cc
#define PGO_PLUGIN_NAME(tag) PGO_PLUGIN_NAME_(tag)
#define PGO_PLUGIN_NEEDS PGO_PLUGIN_NAME(PGO_VERSION_TAG)

#endif
