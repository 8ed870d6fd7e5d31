/* Profiles written by the program itself. */
#ifndef PGO_PROFILE_H
#define PGO_PROFILE_H

#include <pgo/cdefs.h>

PGO_BEGIN

/*
 * Begins a CPU profile at HZ samples per CPU second (1 to 1000; 0 is 100); a
 * pprof file is written to FD by pgo_cpuprofile_stop().  0, -EBUSY when one
 * runs already, -EINVAL, -EBADF.  [any]
 */
PGO_API int pgo_cpuprofile_start(int fd, int hz);

/* Ends it and writes the file; 0, -EINVAL when none runs, or the negative
 * errno value of write(2).  FD stays open.  [any] */
PGO_API int pgo_cpuprofile_stop(void);

PGO_END

#endif
