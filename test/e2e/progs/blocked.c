/*
 * blocked - one goroutine in each kind of call that blocks, and one that goes
 * on.
 *
 * usage: blocked [alone]
 *
 * Says how often a goroutine yields in a millisecond of the process's CPU time
 * while all others are in a call of libc for good, and how many of those have
 * come back, which is an error.  alone: how many threads there are before and
 * after calls by pgo_blocking() of the only goroutine.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <pgo/pgo.h>

enum {
	LONG_S = 60,
	SETTLE_NS = 100000000,
	MEASURE_NS = 50000000,
	CALLS = 500,
};

extern char **environ;

static int pipes[2];
static pid_t child;
static char file[] = "/tmp/pgo-blocked-XXXXXX";
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t sema;
static _Atomic int begun, returned;

static void reads(void)
{
	char c;

	(void)!read(pipes[0], &c, 1);
}

static void naps(void)
{
	struct timespec t = { .tv_sec = LONG_S };

	nanosleep(&t, NULL);
}

static void polls(void)
{
	struct pollfd p = { .fd = pipes[0], .events = POLLIN };

	poll(&p, 1, LONG_S * 1000);
}

static int local_socket(int type, struct sockaddr_in *at)
{
	socklen_t n = sizeof(*at);
	int fd = socket(AF_INET, type, 0);

	*at = (struct sockaddr_in){ .sin_family = AF_INET };
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)at, n) ||
	    getsockname(fd, (struct sockaddr *)at, &n))
		abort();
	return fd;
}

static void accepts(void)
{
	struct sockaddr_in at;
	int fd = local_socket(SOCK_STREAM, &at);

	if (listen(fd, 1))
		abort();
	accept(fd, NULL, NULL);
}

/* By a server that never answers.  What it is belongs to the thread. */
static void looks_up(void)
{
	struct addrinfo *found;

	pgo_lock_os_thread();
	if (res_init())
		abort();
	local_socket(SOCK_DGRAM, &_res.nsaddr_list[0]);
	_res.nscount = 1;
	_res.retrans = LONG_S;
	getaddrinfo("blocked.pgo.invalid.", "80", NULL, &found);
}

static void locks_file(void)
{
	int fd = open(file, O_RDWR);

	flock(fd, LOCK_EX);
}

static void waits(void)
{
	int status;

	waitpid(child, &status, 0);
}

static void locks(void)
{
	pthread_mutex_lock(&mutex);
}

static void waits_for_semaphore(void)
{
	sem_wait(&sema);
}

static void *read_blocking(void *arg)
{
	reads();
	return arg;
}

static void hands_off(void)
{
	pgo_blocking(read_blocking, NULL);
}

static void (*const kinds[])(void) = {
	reads, naps, polls, accepts, looks_up, locks_file, waits, locks,
	waits_for_semaphore, hands_off,
};

enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static void block(void *arg)
{
	begun++;
	(*(void (*const *)(void))arg)();
	returned++;
}

/* What they wait for is there, and held. */
static void prepare(void)
{
	char name[] = "sleep", seconds[] = "60";
	char *sleep_long[] = { name, seconds, NULL };
	int fd = mkstemp(file);

	if (fd < 0 || flock(fd, LOCK_EX) || pipe(pipes) ||
	    sem_init(&sema, 0, 0) || pthread_mutex_lock(&mutex) ||
	    posix_spawnp(&child, name, NULL, NULL, sleep_long, environ))
		abort();
}

static int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int count_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int n = 0;

	while (readdir(tasks))
		n++;
	closedir(tasks);
	return n;
}

static void *short_nap(void *arg)
{
	usleep(100);
	return arg;
}

static void alone(void *arg)
{
	int before = count_threads();

	for (int i = 0; i < CALLS; i++)
		pgo_blocking(short_nap, arg);
	printf("before %d\nafter %d\n", before, count_threads());
}

static void crowd(void *arg)
{
	int64_t begin, took;
	long yields = 0;

	(void)arg;
	prepare();
	for (int i = 0; i < KINDS; i++)
		pgo_go(block, (void *)&kinds[i]);
	while (begun < KINDS)
		pgo_yield();
	pgo_sleep(SETTLE_NS);
	begin = cpu_ns();
	do {
		for (int i = 0; i < 1000; i++)
			pgo_yield();
		yields += 1000;
		took = cpu_ns() - begin;
	} while (took < MEASURE_NS);
	printf("blocked %d\nreturned %d\nyields_per_ms %ld\n", begun, returned,
	       (long)(yields * INT64_C(1000000) / took));
	fflush(stdout);
	unlink(file);
	kill(child, SIGKILL);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "alone"))
		return pgo_run(alone, NULL);
	return pgo_run(crowd, NULL) != -EBUSY;
}
