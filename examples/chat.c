/*
 * chat - who connects hears what anyone says from then on (nc localhost 7777).
 *
 * usage: chat [PORT [USERS]]    7777; 0: any free one
 *
 * A user is two goroutines: one reads, one writes what its channel brings, so
 * that who reads slowly keeps nobody waiting; what is 64 behind he misses.
 * With USERS it brings its own crowd, see crowd.h, and ends with it.
 */
#include "crowd.h"

enum { LINE = 128, BEHIND = 64 };

struct user {
	struct pgo_conn *conn;
	struct pgo_chan *lines;         /* LINE bytes each, up to a NUL */
	struct user *next;
};

static struct pgo_mutex lock;           /* of the list */
static struct user *users;

static void say(const char line[LINE])
{
	pgo_mutex_lock(&lock);
	for (struct user *u = users; u; u = u->next)
		pgo_chan_trysend(u->lines, line);
	pgo_mutex_unlock(&lock);
}

static void tell(void *arg)
{
	struct user *u = arg;
	char line[LINE];

	while (!pgo_chan_recv(u->lines, line))
		if (pgo_write(u->conn, line, strlen(line)) < 0)
			pgo_close_read(u->conn);
	pgo_chan_free(u->lines);
	pgo_close(u->conn);
	free(u);
}

static void listen_to(void *arg)
{
	struct user *u = arg, **at = &users;
	char line[LINE];
	ssize_t n;

	while ((n = pgo_read(u->conn, line, LINE - 1)) > 0) {
		line[n] = 0;
		say(line);
	}
	pgo_mutex_lock(&lock);
	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	pgo_mutex_unlock(&lock);
	pgo_chan_close(u->lines);
}

static void accept_all(void *listener)
{
	struct pgo_conn *c;

	while (!pgo_accept(&c, listener)) {
		struct user *u = malloc(sizeof(*u));

		if (!u || !(u->lines = pgo_chan_make(LINE, BEHIND)))
			exit(1);
		u->conn = c;
		pgo_chan_send(u->lines, (char[LINE]){ "welcome\n" });
		pgo_mutex_lock(&lock);
		u->next = users;
		users = u;
		pgo_mutex_unlock(&lock);
		pgo_go(tell, u);
		pgo_go(listen_to, u);
	}
}

static void start(void *argv)
{
	char **arg = argv;

	pgo_go(accept_all, listen_at(arg[1] ? arg[1] : "7777"));
	crowd(arg[1] && arg[2] ? atoi(arg[2]) : 0);
}

int main(int argc, char **argv)
{
	int help = argc == 2 && !strcmp(argv[1], "--help");

	if (argc < 4 && (argc == 1 || argv[1][0] != '-'))
		return pgo_run(start, argv) != 0;
	fputs("usage: chat [PORT [USERS]]    7777; 0: any free one\n",
	      help ? stdout : stderr);
	return help ? 0 : 2;
}
