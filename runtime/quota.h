/* How many CPUs the process may use. */
#ifndef PGO_RUNTIME_QUOTA_H
#define PGO_RUNTIME_QUOTA_H

#include <stdint.h>

/* The CPUs of the affinity mask, at least 1, limited by the bandwidth its
 * control group grants: rounded up, and no lower than 2, as Go does.  [any] */
int32_t quota_cpus(void);

#endif
