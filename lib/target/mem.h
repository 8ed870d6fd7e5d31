/* The memory of another process. */
#ifndef LIB_TARGET_MEM_H
#define LIB_TARGET_MEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Copies N bytes at ADDRESS of PID.  0, -EFAULT when they are not all there,
 * -EPERM, -ESRCH.  [any but g] */
int mem_read(pid_t pid, uint64_t address, void *out, size_t n);

#endif
