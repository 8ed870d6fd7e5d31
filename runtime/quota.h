/* How many CPUs the process may use. */
#ifndef PGO_RUNTIME_QUOTA_H
#define PGO_RUNTIME_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

/* The CPUs of the caller's affinity mask, at least 1, when GROUP_COUNTS limited
 * by the bandwidth its control group grants.  One at a time.  [any] */
int32_t quota_cpus(bool group_counts);

/* Of the group alone: rounded up, and no lower than 2, as Go does; INT32_MAX
 * without a limit.  The process's group is looked for by the first call. */
int32_t quota_group_cpus(void);

/* Goes before every name of a file; for tests. */
extern const char *quota_root;

#endif
