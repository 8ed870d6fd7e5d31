/* Memory that goes back to the kernel. */
#ifndef PGO_RUNTIME_MALLOC_TRIM_H
#define PGO_RUNTIME_MALLOC_TRIM_H

/* What sysmon does each second: batches nobody asked for since the last time,
 * and half of what is free but not given back.  [any but g] */
void trim_epoch(void);

#endif
