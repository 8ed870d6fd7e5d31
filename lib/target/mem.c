/*
 * process_vm_readv(2), or /proc/PID/mem where a seccomp filter or an old
 * kernel has it not.
 */
#include "lib/target/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

static int read_file(pid_t pid, uint64_t address, void *out, size_t n)
{
	char path[32];
	size_t done = 0;
	int fd, rc = 0;

	if (address > INT64_MAX)
		return -EFAULT;
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH :
		       errno == EACCES ? -EPERM : -errno;
	while (done < n && rc == 0) {
		ssize_t got = pread(fd, (char *)out + done, n - done,
				    (off_t)(address + done));

		if (got > 0)
			done += (size_t)got;
		else if (got == 0 || errno == EIO)
			rc = -EFAULT;
		else if (errno != EINTR)
			rc = -errno;
	}
	close(fd);
	return rc;
}

int mem_read(pid_t pid, uint64_t address, void *out, size_t n)
{
	struct iovec to = { .iov_base = out, .iov_len = n };
	struct iovec from = { .iov_base = (void *)(uintptr_t)address,
			      .iov_len = n };
	ssize_t got = process_vm_readv(pid, &to, 1, &from, 1, 0);

	if (got == (ssize_t)n)
		return 0;
	if (got < 0 && (errno == ENOSYS || errno == EPERM))
		return read_file(pid, address, out, n);
	return got < 0 ? -errno : -EFAULT;
}
