/* Around examples/chat: its listener, and users who join over loopback. */
#ifndef EXAMPLES_CROWD_H
#define EXAMPLES_CROWD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <pgo/pgo.h>

enum { SPEAKERS = 20 };

static char chat_address[64];
static struct pgo_waitgroup joined, left;
static struct pgo_mutex counting;
static long heard;

static struct pgo_conn *listen_at(const char *port)
{
	struct pgo_conn *listener;
	int rc;

	snprintf(chat_address, sizeof(chat_address), "localhost:%s", port);
	rc = pgo_listen(&listener, "tcp", chat_address);
	if (rc) {
		fprintf(stderr, "chat: %s: %s (chat PORT)\n", chat_address,
			strerror(-rc));
		exit(1);
	}
	pgo_conn_local(listener, chat_address, sizeof(chat_address));
	printf("chat: %s\n", chat_address);
	fflush(stdout);
	return listener;
}

/* So many lines; how many of them came. */
static int hear(struct pgo_conn *c, int lines)
{
	int n = 0;
	char byte;

	while (n < lines && pgo_read(c, &byte, 1) == 1)
		n += byte == '\n';
	return n;
}

static void one_of_crowd(void *arg)
{
	struct pgo_conn *c;
	int rc = pgo_dial(&c, "tcp", chat_address, 0);

	if (rc) {
		fprintf(stderr, "chat: dial: %s\n", strerror(-rc));
		exit(1);
	}
	hear(c, 1);             /* the welcome */
	pgo_waitgroup_done(&joined);
	pgo_waitgroup_wait(&joined);
	if ((long)arg < SPEAKERS)
		pgo_write(c, "hello\n", 6);
	rc = hear(c, SPEAKERS);
	pgo_mutex_lock(&counting);
	heard += rc;
	pgo_mutex_unlock(&counting);
	pgo_waitgroup_done(&left);
	pgo_close(c);
}

/* Two descriptors a user, and they are all here. */
static void allow_files(void)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

/* N users: all join, twenty say a line, each hears all of them.  With none it
 * never ends. */
static void crowd(int n)
{
	allow_files();
	pgo_waitgroup_add(&joined, n);
	pgo_waitgroup_add(&left, n ? n : 1);
	for (long i = 0; i < n; i++)
		pgo_go(one_of_crowd, (void *)i);
	pgo_waitgroup_wait(&left);
	printf("%d users, %ld lines heard\n", n, heard);
	exit(heard != (long)n * SPEAKERS);
}

#endif
