/*
 * echo - answers each connection with what it sends.
 *
 * Prints its address, and serves until stdin ends.  echo.py measures it beside
 * a bare epoll loop and the same in Go.
 */
#include <stdio.h>
#include <unistd.h>

#include <pgo/pgo.h>

static void serve(void *arg)
{
	struct pgo_conn *c = arg;
	char buf[512];
	ssize_t n;

	while ((n = pgo_read(c, buf, sizeof(buf))) > 0)
		if (pgo_write(c, buf, (size_t)n) < 0)
			break;
	pgo_close(c);
}

static void accept_all(void *arg)
{
	struct pgo_conn *l = arg, *c;

	while (!pgo_accept(&c, l))
		if (pgo_go(serve, c) < 0)
			pgo_close(c);
	pgo_conn_put(l);
}

static void run(void *arg)
{
	struct pgo_conn *l;
	char addr[64], c;

	(void)arg;
	if (pgo_listen(&l, "tcp", "127.0.0.1:0"))
		return;
	pgo_conn_local(l, addr, sizeof(addr));
	puts(addr);
	fflush(stdout);
	pgo_go(accept_all, pgo_conn_get(l));
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	pgo_close(l);
}

int main(void)
{
	pgo_run(run, NULL);
	return 0;
}
