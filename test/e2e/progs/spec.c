/*
 * spec - runs a small program on channels and locks, and says what came of
 * it: the interpreter of test_spec.py's table.
 *
 * usage: spec 'SCRIPT' ['SCRIPT'...]
 *
 * A goroutine a script, begun in order; words are operations on a channel of
 * one digit, its capacity, and a letter: a0 and b2 are two channels, n is the
 * nil one.
 *
 *   a0<7    send 7               a0>     receive       a0!   close
 *   a0?<7   try to send          a0?>    try           a0#   len/cap
 *   [a0<7,b2>]  select           [b2>,-]  with default
 *   m+ m- m?    mutex            r+ r- w+ w-  rwmutex  g+N g- g=  waitgroup
 *   c= c1 c*    wait with m, signal, broadcast         o      once
 *   z       sleep 2 ms           /       pgo_goexit()
 *
 * Each result is a line "GOROUTINE WORD RESULT", written at once: what comes
 * of a program may be its death.  A select's says the case that was taken.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pgo/pgo.h>

enum { CASES = 4, LINE_BYTES = 128 };

static struct pgo_chan *chans[26][10];
static struct pgo_mutex mutex;
static struct pgo_rwmutex rwmutex;
static struct pgo_cond cond;
static struct pgo_waitgroup group, all;
static struct pgo_once once;
static int64_t short_ns = 2000000;
static int main_ends;           /* goroutine 1 does not wait for others */

struct script {
	int id;
	const char *text;
};

static void say(const struct script *me, const char *word, const char *result)
{
	char line[LINE_BYTES];
	int n = snprintf(line, sizeof(line), "%d %s %s\n", me->id, word,
			 result);

	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(1);
}

static void say_number(const struct script *me, const char *word, long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", number);
	say(me, word, text);
}

static void make_channels(void)
{
	for (size_t i = 0; i < 26; i++)
		for (size_t n = 0; n < 10; n++)
			chans[i][n] = pgo_chan_make(sizeof(long), n);
}

/* The channel *S begins with; *S goes behind it. */
static struct pgo_chan *channel(const char **s)
{
	struct pgo_chan *c;

	if (**s == 'n') {
		++*s;
		return NULL;
	}
	c = chans[(*s)[0] - 'a'][(*s)[1] - '0'];
	*s += 2;
	return c;
}

static void say_received(const struct script *me, const char *word, int ok,
			 long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld%s", value, ok ? "" : " closed");
	say(me, word, text);
}

static void receive(const struct script *me, const char *word,
		    struct pgo_chan *c, int tries)
{
	long value = -1;
	int rc = tries ? pgo_chan_tryrecv(c, &value) : pgo_chan_recv(c, &value);

	if (rc == -EAGAIN)
		say(me, word, "would wait");
	else
		say_received(me, word, !rc, value);
}

static void send(const struct script *me, const char *word, struct pgo_chan *c,
		 long value, int tries)
{
	int rc = tries ? pgo_chan_trysend(c, &value) : pgo_chan_send(c, &value);

	say(me, word, rc == -EAGAIN ? "would wait" : "sent");
}

static void on_channel(const struct script *me, const char *word)
{
	const char *s = word;
	struct pgo_chan *c = channel(&s);
	int tries = *s == '?';
	char text[48];

	s += tries;
	if (*s == '<') {
		send(me, word, c, atol(s + 1), tries);
	} else if (*s == '>') {
		receive(me, word, c, tries);
	} else if (*s == '#') {
		snprintf(text, sizeof(text), "%zu/%zu", pgo_chan_len(c),
			 pgo_chan_cap(c));
		say(me, word, text);
	} else {
		pgo_chan_close(c);
		say(me, word, "done");
	}
}

static void on_select(const struct script *me, const char *word)
{
	struct pgo_case cases[CASES];
	long values[CASES];
	const char *s = word + 1;
	int n = 0, flags = 0, taken;

	for (; *s && *s != ']'; s += *s == ',') {
		if (*s == '-') {
			flags = PGO_NONBLOCK;
			s++;
			continue;
		}
		cases[n].chan = channel(&s);
		cases[n].dir = *s++ == '<' ? PGO_SEND : PGO_RECV;
		values[n] = strtol(s, (char **)(uintptr_t)&s, 10);
		cases[n].elem = &values[n];
		n++;
	}
	taken = pgo_select(cases, n, flags);
	if (taken < 0)
		say(me, word, "default");
	else if (cases[taken].dir == PGO_SEND)
		say_number(me, word, taken);
	else
		say_received(me, word, cases[taken].ok, values[taken]);
}

static void on_mutex(const struct script *me, const char *word)
{
	if (word[1] == '?')
		say_number(me, word, pgo_mutex_trylock(&mutex));
	else if (word[1] == '+')
		pgo_mutex_lock(&mutex);
	else
		pgo_mutex_unlock(&mutex);
}

static void on_rwmutex(const char *word)
{
	if (!strcmp(word, "r+"))
		pgo_rwmutex_rlock(&rwmutex);
	else if (!strcmp(word, "r-"))
		pgo_rwmutex_runlock(&rwmutex);
	else if (!strcmp(word, "w+"))
		pgo_rwmutex_lock(&rwmutex);
	else
		pgo_rwmutex_unlock(&rwmutex);
}

static void on_group(const char *word)
{
	if (word[1] == '=')
		pgo_waitgroup_wait(&group);
	else if (word[1] == '-')
		pgo_waitgroup_done(&group);
	else
		pgo_waitgroup_add(&group, atoi(word + 2));
}

static void on_cond(const char *word)
{
	if (word[1] == '=')
		pgo_cond_wait(&cond, &mutex);
	else if (word[1] == '1')
		pgo_cond_signal(&cond);
	else
		pgo_cond_broadcast(&cond);
}

static void first(void *arg)
{
	pgo_sleep(3 * short_ns);
	say(arg, "o", "first");
}

/* What has no result of its own says that it is over. */
static void on_lock(struct script *me, const char *word)
{
	if (*word == 'm')
		on_mutex(me, word);
	else if (*word == 'r' || *word == 'w')
		on_rwmutex(word);
	else if (*word == 'g')
		on_group(word);
	else if (*word == 'c')
		on_cond(word);
	else
		pgo_once_do(&once, first, me);
	if (strcmp(word, "m?"))
		say(me, word, "done");
}

static void act(struct script *me, const char *word)
{
	if (*word == '[')
		on_select(me, word);
	else if (*word == 'z')
		pgo_sleep(short_ns);
	else if (*word == '/')
		pgo_goexit();
	else if (*word == 'n' || (word[1] >= '0' && word[1] <= '9' &&
				  strcmp(word, "c1")))
		on_channel(me, word);
	else
		on_lock(me, word);
}

static void play(void *arg)
{
	struct script *me = arg;
	char *text = strdup(me->text);
	char *rest = text;
	char *word;

	while ((word = strsep(&rest, " ")))
		if (*word)
			act(me, word);
	free(text);
	pgo_waitgroup_done(&all);
}

static void begin(void *arg)
{
	struct script *s = arg;
	int n = 0;

	make_channels();
	while (s[n].text)
		n++;
	pgo_waitgroup_add(&all, n);
	for (int i = 0; i < n; i++)
		pgo_go(play, &s[i]);
	if (main_ends)
		pgo_sleep(short_ns);
	else
		pgo_waitgroup_wait(&all);
}

int main(int argc, char **argv)
{
	const char *slower = getenv("PGO_TEST_SLOWER");
	struct script *scripts = calloc((size_t)argc + 1, sizeof(*scripts));
	int n = 0;

	if (slower)
		short_ns *= atoi(slower);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "main ends"))
			main_ends = 1;
		else
			scripts[n++] = (struct script){ i, argv[i] };
	}
	return pgo_run(begin, scripts) == -EBUSY ? 3 : 0;
}
