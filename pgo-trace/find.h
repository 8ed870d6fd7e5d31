/* What all commands do with their arguments. */
#ifndef PGO_TRACE_FIND_H
#define PGO_TRACE_FIND_H

#include <stdbool.h>
#include <sys/types.h>

struct command;
struct target;

/* target_resolve(), saying on stderr what is wrong; several candidates are
 * listed.  0 or -E. */
int find_target(struct target *t, const char *text);

/* The same for a process that has no agent to be asked: its pid, or -E. */
pid_t find_process(const char *text);

/* The whole of TEXT as a number from MIN to MAX. */
bool find_number(const char *text, double min, double max, double *out);

/* The same of a whole number. */
bool find_whole(const char *text, int min, int max, int *out);

/* Says what is wrong with the option that getopt refused; OPT is what it
 * returned, by an option string that begins with ':'.  EXIT_USAGE. */
int find_bad_option(const struct command *c, int opt, char **argv);

#endif
