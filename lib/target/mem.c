/*
 * process_vm_readv(2), or /proc/PID/mem where a seccomp filter or an old
 * kernel has it not.
 *
 * The call reads piece after piece and stops at the first that is not mapped:
 * that one is left out and the next call begins behind it, so that one bad
 * piece loses no other.  Each call gets rid of a piece at least.
 */
#include "lib/target/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	PIECES_MAX = 1024,      /* UIO_MAXIOV */
	CALL_BYTES_MAX = 1 << 30,       /* the kernel cuts at 2 GiB */
};

void mem_init(struct mem *m, pid_t pid, _Atomic uint64_t *calls)
{
	*m = (struct mem){ .pid = pid, .file = -1, .calls = calls };
}

void mem_release(struct mem *m)
{
	if (m->file >= 0)
		close(m->file);
	m->file = -1;
}

static void count(struct mem *m)
{
	if (m->calls)
		atomic_fetch_add_explicit(m->calls, 1, memory_order_relaxed);
}

static int open_file(struct mem *m)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)m->pid);
	m->file = open(path, O_RDONLY | O_CLOEXEC);
	if (m->file >= 0)
		return 0;
	return errno == ENOENT ? -ESRCH : errno == EACCES ? -EPERM : -errno;
}

/* What is not mapped is EIO; when the whole memory is gone there is nothing
 * to read. */
static int read_file(struct mem *m, struct space_piece *p)
{
	size_t done = 0;

	while (done < p->bytes &&
	       p->address <= (uint64_t)INT64_MAX - p->bytes) {
		ssize_t got = pread(m->file, (char *)p->to + done,
				    p->bytes - done,
				    (off_t)(p->address + done));

		count(m);
		if (got > 0)
			done += (size_t)got;
		else if (got == 0)
			return -ESRCH;
		else if (errno != EINTR)
			break;
	}
	p->ok = done == p->bytes;
	return 0;
}

static int read_by_file(struct mem *m, struct space_piece *at, size_t n)
{
	int rc = m->file < 0 ? open_file(m) : 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = read_file(m, &at[i]);
	return rc;
}

/* Fills the vectors with the first pieces; how many fit one call. */
static size_t gather(const struct space_piece *at, size_t n,
		     struct iovec *to, struct iovec *from)
{
	size_t i, bytes = 0;

	for (i = 0; i < n && i < PIECES_MAX; i++) {
		bytes += at[i].bytes;
		if (i && bytes > CALL_BYTES_MAX)
			break;
		to[i] = (struct iovec){ at[i].to, at[i].bytes };
		from[i] = (struct iovec){ (void *)(uintptr_t)at[i].address,
					  at[i].bytes };
	}
	return i;
}

/* Marks those of N pieces that GOT bytes are; how many are settled, the one
 * that stopped the call among them. */
static size_t settle(struct space_piece *at, size_t n, size_t got)
{
	size_t i;

	for (i = 0; i < n && got >= at[i].bytes; i++) {
		got -= at[i].bytes;
		at[i].ok = true;
	}
	return i < n ? i + 1 : n;
}

static int read_by_call(struct mem *m, struct space_piece *at, size_t n)
{
	struct iovec to[PIECES_MAX], from[PIECES_MAX];

	while (n) {
		size_t some = gather(at, n, to, from);
		ssize_t got = process_vm_readv(m->pid, to, some, from, some,
					       0);

		count(m);
		if (got < 0 && errno != EFAULT)
			return -errno;
		some = settle(at, some, got < 0 ? 0 : (size_t)got);
		at += some;
		n -= some;
	}
	return 0;
}

int mem_readv(struct mem *m, struct space_piece *at, size_t n)
{
	int rc = -ENOSYS;

	for (size_t i = 0; i < n; i++)
		at[i].ok = false;
	if (m->file < 0)
		rc = read_by_call(m, at, n);
	if (rc == -ENOSYS || rc == -EPERM)
		rc = read_by_file(m, at, n);
	for (size_t i = 0; i < n && rc < 0; i++)
		at[i].ok = false;
	return rc;
}
