/*
 * libcurl in a thousand goroutines: each fetches from a server that is
 * goroutines too, and takes what comes in callbacks that wait.
 *
 * At most a hundred transfers go on at once, for each is a thread in poll(2)
 * and its other end another.
 */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/real/crowd.h"

enum { AT_ONCE = 100 };

static int listener, port;
static struct pgo_waitgroup serving;
static struct pgo_sema gate = PGO_SEMA(AT_ONCE);

static unsigned char byte_at(long size, long at)
{
	return (unsigned char)(at * 7 + size);
}

/* The server: GET /SIZE --------------------------------------------------- */

static void send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		p += sent;
		n -= (size_t)sent;
	}
}

static void serve_one(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char request[2048], head[100];
	size_t n = 0;
	ssize_t got;
	long size;
	char *body;

	while (n < sizeof(request) - 1) {
		got = recv(fd, request + n, sizeof(request) - 1 - n, 0);
		if (got <= 0)
			break;
		n += (size_t)got;
		request[n] = 0;
		if (strstr(request, "\r\n\r\n"))
			break;
	}
	if (n && sscanf(request, "GET /%ld ", &size) == 1) {
		body = malloc((size_t)size);
		for (long i = 0; i < size; i++)
			body[i] = (char)byte_at(size, i);
		snprintf(head, sizeof(head),
			 "HTTP/1.0 200 OK\r\nContent-Length: %ld\r\n\r\n",
			 size);
		send_all(fd, head, strlen(head));
		send_all(fd, body, (size_t)size);
		free(body);
	}
	close(fd);
}

static void serve(void *arg)
{
	int fd;

	(void)arg;
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		pgo_go(serve_one, (void *)(intptr_t)fd);
	pgo_waitgroup_done(&serving);
}

static void begin(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&a, sizeof(a)) ||
	    listen(listener, 1000) ||
	    getsockname(listener, (struct sockaddr *)&a, &len)) {
		perror("listen");
		exit(1);
	}
	port = ntohs(a.sin_port);
	pgo_waitgroup_add(&serving, 1);
	pgo_go(serve, NULL);
}

static void end(void)
{
	shutdown(listener, SHUT_RDWR);
	pgo_waitgroup_wait(&serving);
	close(listener);
}

/* The clients -------------------------------------------------------------- */

struct transfer {
	long size, at, wrong, headers;
	uint32_t number;
};

static size_t take(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	crowd_wait(t->number);
	for (size_t i = 0; i < size * n; i++)
		t->wrong += (unsigned char)p[i] != byte_at(t->size, t->at++);
	return size * n;
}

static size_t take_header(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	(void)p;
	t->headers++;
	return size * n;
}

static void fetch(CURL *c, struct transfer *t)
{
	char url[64], error[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURLcode rc;

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/%ld", port, t->size);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
	rc = curl_easy_perform(c);
	if (rc)
		fprintf(stderr, "%s: %s\n", url, error);
	CHECK(rc == CURLE_OK);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	CHECK(status == 200 && t->headers == 3);
	CHECK(t->at == t->size && !t->wrong);
}

static void one(int number)
{
	struct transfer t = { .size = 100 + number * 37 % 60000,
			      .number = (uint32_t)number };
	CURL *c;

	pgo_sema_acquire(&gate);
	c = curl_easy_init();
	CHECK(c);
	if (c)
		fetch(c, &t);
	curl_easy_cleanup(c);
	pgo_sema_release(&gate);
}

int main(int argc, char **argv)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	crowd.begin = begin;
	crowd.end = end;
	return crowd_run("curl", one, argc, argv);
}
