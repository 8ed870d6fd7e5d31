/*
 * A table and a thread that looks at it while there are connections.
 *
 * libmicrohttpd's own timeout begins anew with every byte, so a client that
 * sends one a second stays for ever.  shutdown(2) makes its thread see the
 * end; closing stays with it.
 */
#include "lib/httpd/deadline.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"

enum { CONNECTIONS_MAX = 4096, LOOK_MS = 200 };

struct watched {
	int fd;
	int64_t at_ns;
};

/* All under the lock. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	pthread_t thread;
	struct watched all[CONNECTIONS_MAX];
	int n;
	bool running;
} watch = { .lock = PTHREAD_MUTEX_INITIALIZER,
	    .more = PTHREAD_COND_INITIALIZER };

static void shut_late(int64_t now_ns)
{
	for (int i = 0; i < watch.n; i++)
		if (watch.all[i].at_ns <= now_ns) {
			shutdown(watch.all[i].fd, SHUT_RDWR);
			watch.all[i].at_ns = DEADLINE_NEVER;
		}
}

static void *look(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&watch.lock);
	while (watch.running) {
		struct timespec at;

		shut_late(clock_mono_ns());
		if (!watch.n) {
			pthread_cond_wait(&watch.more, &watch.lock);
			continue;
		}
		clock_gettime(CLOCK_REALTIME, &at);
		at.tv_nsec += LOOK_MS * 1000000;
		at.tv_sec += at.tv_nsec / 1000000000;
		at.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&watch.more, &watch.lock, &at);
	}
	pthread_mutex_unlock(&watch.lock);
	return NULL;
}

int deadline_start(void)
{
	int rc;

	watch.running = true;
	rc = -pthread_create(&watch.thread, NULL, look, NULL);
	if (rc)
		watch.running = false;
	return rc;
}

void deadline_stop(void)
{
	pthread_mutex_lock(&watch.lock);
	watch.running = false;
	watch.n = 0;
	pthread_cond_signal(&watch.more);
	pthread_mutex_unlock(&watch.lock);
	pthread_join(watch.thread, NULL);
}

static struct watched *find(int fd)
{
	for (int i = 0; i < watch.n; i++)
		if (watch.all[i].fd == fd)
			return &watch.all[i];
	return NULL;
}

void deadline_set(int fd, int64_t after_ns)
{
	struct watched *w;

	pthread_mutex_lock(&watch.lock);
	w = find(fd);
	if (!w && watch.n < CONNECTIONS_MAX) {
		w = &watch.all[watch.n++];
		w->fd = fd;
		pthread_cond_signal(&watch.more);
	}
	if (w)
		w->at_ns = after_ns == DEADLINE_NEVER ? DEADLINE_NEVER :
					clock_mono_ns() + after_ns;
	pthread_mutex_unlock(&watch.lock);
}

void deadline_forget(int fd)
{
	struct watched *w;

	pthread_mutex_lock(&watch.lock);
	w = find(fd);
	if (w)
		*w = watch.all[--watch.n];
	pthread_mutex_unlock(&watch.lock);
}

void deadline_in_child(void)
{
	for (int i = 0; i < watch.n; i++)
		close(watch.all[i].fd);
	watch.n = 0;
	watch.running = false;
}
