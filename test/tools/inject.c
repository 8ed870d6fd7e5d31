/*
 * Makes system calls of a program fail: inject CALL WHICH ERRNO PROGRAM...
 *
 * CALL is mmap, clone, futex, timer_create, epoll_create1, epoll_ctl or
 * accept4.  WHICH counts from where the
 * runtime begins, which is told by its first membarrier(): N the Nth alone, N+
 * that and all after it.  Of futexes only the runtime's own are meant, by where
 * the call is made: libc takes a failed one for the end of the world.  ERRNO is
 * a number.
 *
 * A seccomp filter sends the calls here, and here it is said which go on; the
 * program is not traced, and its threads run as ever.  Ends as the program did
 * (by a signal: 128 + its number), 125 when this cannot be done; the last line
 * on stderr says how many calls there were.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT = 125 };

static struct {
	int nr[2];
	long which;
	bool all_after;
	int error;
	bool begun;
	long count;
	uint64_t text_low, text_high;   /* the program's own */
} job;

static void die(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(CANNOT);
}

static bool set_call(const char *name)
{
	static const struct {
		const char *name;
		int nr[2];
	} calls[] = {
		{ "mmap", { SYS_mmap, SYS_mmap } },
		{ "clone", { SYS_clone, SYS_clone3 } },
		{ "futex", { SYS_futex, SYS_futex } },
		{ "timer_create", { SYS_timer_create, SYS_timer_create } },
		{ "epoll_create1", { SYS_epoll_create1, SYS_epoll_create1 } },
		{ "epoll_ctl", { SYS_epoll_ctl, SYS_epoll_ctl } },
		{ "accept4", { SYS_accept4, SYS_accept4 } },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i].name, name)) {
			memcpy(job.nr, calls[i].nr, sizeof(job.nr));
			return true;
		}
	return false;
}

/* The program's side ------------------------------------------------------- */

/* The listener, once the filter is there. */
static int filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)job.nr[0], 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)job.nr[1], 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
}

union fd_room {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int send_fd(int to, int fd)
{
	union fd_room room = { 0 };
	char byte = 0;
	struct iovec io = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &io, .msg_iovlen = 1,
		.msg_control = &room, .msg_controllen = sizeof(room),
	};

	room.head = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET,
				      SCM_RIGHTS };
	memcpy(CMSG_DATA(&room.head), &fd, sizeof(fd));
	return sendmsg(to, &msg, 0) == 1 ? 0 : -1;
}

static int receive_fd(int from)
{
	union fd_room room;
	char byte;
	struct iovec io = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &io, .msg_iovlen = 1,
		.msg_control = &room, .msg_controllen = sizeof(room),
	};
	int fd = -1;

	if (recvmsg(from, &msg, MSG_CMSG_CLOEXEC) == 1 &&
	    msg.msg_controllen)
		memcpy(&fd, CMSG_DATA(&room.head), sizeof(fd));
	return fd;
}

static void become(int to, char **argv)
{
	int fd = filter();

	if (fd < 0)
		die("seccomp");
	if (send_fd(to, fd))
		die("sendmsg");
	close(fd);
	close(to);
	execv(argv[0], argv);
	die(argv[0]);
}

/* This side ---------------------------------------------------------------- */

/* Where the program's own code lies: the mapping of the first call. */
static void find_text(pid_t pid, uint64_t pc)
{
	char path[64], line[512];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		unsigned long low, high;

		if (sscanf(line, "%lx-%lx", &low, &high) == 2 && pc >= low &&
		    pc < high) {
			job.text_low = low;
			job.text_high = high;
		}
	}
	if (f)
		fclose(f);
}

static bool is_meant(const struct seccomp_notif *call)
{
	const struct seccomp_data *d = &call->data;

	if (d->nr != job.nr[0] && d->nr != job.nr[1])
		return false;
	return d->nr != SYS_futex || (d->instruction_pointer >= job.text_low &&
				      d->instruction_pointer < job.text_high);
}

static bool shall_fail(const struct seccomp_notif *call)
{
	if (!job.begun || !is_meant(call))
		return false;
	job.count++;
	return job.count == job.which ||
	       (job.all_after && job.count > job.which);
}

static void look_for_begin(const struct seccomp_notif *call)
{
	if (job.begun || call->data.nr != SYS_membarrier ||
	    call->data.args[0] !=
		    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
		return;
	find_text((pid_t)call->pid, call->data.instruction_pointer);
	job.begun = true;
}

static void answer(int fd)
{
	struct seccomp_notif call = { 0 };
	struct seccomp_notif_resp say = { 0 };

	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &call))
		return;
	look_for_begin(&call);
	say.id = call.id;
	if (shall_fail(&call))
		say.error = -job.error;
	else
		say.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &say);
}

/* Until nobody is left whom the filter holds. */
static void serve(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	while (poll(&p, 1, -1) >= 0 || errno == EINTR) {
		if (p.revents & POLLIN)
			answer(fd);
		else if (p.revents)
			return;
	}
}

int main(int argc, char **argv)
{
	int pair[2], status, fd;
	pid_t pid;

	if (argc < 5 || !set_call(argv[1])) {
		fputs("usage: inject CALL N[+] ERRNO PROGRAM...\n", stderr);
		return 2;
	}
	job.which = atol(argv[2]);
	job.all_after = strchr(argv[2], '+');
	job.error = atoi(argv[3]);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	pid = fork();
	if (!pid)
		become(pair[1], argv + 4);
	close(pair[1]);
	fd = receive_fd(pair[0]);
	if (fd >= 0)
		serve(fd);
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	fprintf(stderr, "inject: %ld calls\n", job.count);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}
