/*
 * The memory of another process: what is beneath a live struct space.
 *
 * One thread at a time for each struct mem.  [any but g]
 */
#ifndef LIB_TARGET_MEM_H
#define LIB_TARGET_MEM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/target/space.h"

struct mem {
	pid_t pid;
	int file;               /* /proc/PID/mem once process_vm_readv(2) was
				 * refused, else -1 */
	_Atomic uint64_t *calls; /* up by one with each system call; or NULL */
};

void mem_init(struct mem *m, pid_t pid, _Atomic uint64_t *calls);
void mem_release(struct mem *m);

/* As space_readv(): 0, -EPERM, -ESRCH. */
int mem_readv(struct mem *m, struct space_piece *at, size_t n);

#endif
