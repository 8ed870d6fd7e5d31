/*
 * One loop over three descriptors: keys, signals, news from the collector.  It
 * waits nowhere else, so a key is answered at once whatever the target does;
 * one drawing at most for each time it wakes.
 */
#include "pgo-top/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "pgo-top/collect.h"
#include "pgo-top/connect.h"
#include "pgo-top/keys.h"
#include "pgo-top/term.h"

#define AGE_EVERY_MS 1000       /* the age in the header goes on meanwhile */

struct screen {
	struct collect *collect;
	struct view view;
	struct keys keys;
	struct grid grid;
	atomic_bool stop;       /* the collector's */
	int signals;            /* signalfd */
	int64_t frames;         /* still to be shown; 0: no limit */
	bool whole;             /* draw all cells anew */
	bool gone;              /* no terminal any more */
};

static int resize(struct screen *s)
{
	int rows, cols;

	term_size(&rows, &cols);
	grid_release(&s->grid);
	if (grid_init(&s->grid, rows, cols) < 0)
		return -ENOMEM;
	s->keys.rows = s->grid.rows;
	s->keys.cols = s->grid.cols;
	view_scroll(&s->view, s->grid.rows);
	return 0;
}

static void take(struct screen *s)
{
	const struct frame *before = s->view.frame;
	struct collected news;

	collect_take(s->collect, &news);
	s->view.frame = news.frame;
	s->view.detail = news.detail;
	s->view.listing = news.listing;
	snprintf(s->view.trouble, sizeof(s->view.trouble), "%s", news.trouble);
	if (s->view.frame == before)
		return;
	view_update(&s->view);
	view_scroll(&s->view, s->grid.rows);
	if (s->frames && --s->frames == 0)
		s->keys.quit = true;
}

/* 0, or -ENOMEM. */
static int take_signal(struct screen *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) != sizeof(info))
		return 0;
	switch (info.ssi_signo) {
	case SIGWINCH:
		return resize(s);
	case SIGTSTP:
		term_stop();
		s->whole = true;
		return resize(s);
	case SIGCONT:
		s->whole = true;
		return resize(s);
	case SIGHUP:
		s->gone = true;
		break;
	}
	s->keys.quit = true;
	return 0;
}

static void take_keys(struct screen *s)
{
	uint32_t key;

	while (!s->keys.quit && (key = term_key()) != 0) {
		if (key == 'Z' - '@')
			kill(getpid(), SIGTSTP);
		else
			keys_press(&s->keys, key);
	}
	if (s->keys.redraw)
		s->whole = true;
	collect_pace(s->collect, s->view.delay_ns, s->view.paused,
		     s->keys.refresh);
	s->keys.redraw = s->keys.refresh = false;
}

static int wait_and_act(struct screen *s)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = collect_fd(s->collect), .events = POLLIN },
	};
	int rc = 0;

	/* Paused, nothing changes by itself. */
	if (poll(fds, 3, s->view.paused ? -1 : AGE_EVERY_MS) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[2].revents)
		take(s);
	if (fds[1].revents)
		rc = take_signal(s);
	if (fds[0].revents & POLLIN)
		take_keys(s);
	else if (fds[0].revents)
		s->keys.quit = s->gone = true;
	return rc;
}

static int loop(struct screen *s)
{
	struct listing_want source;
	int64_t id;
	int rc = resize(s);

	while (rc == 0 && !s->keys.quit) {
		view_wants(&s->view, &id, &source);
		collect_want(s->collect, view_wants_rows(&s->view), id,
			     &source);
		view_draw(&s->view, &s->grid);
		term_show(&s->grid, s->whole);
		s->whole = false;
		rc = wait_and_act(s);
	}
	return rc;
}

static int block_signals(void)
{
	static const int signals[] = {
		SIGWINCH, SIGTSTP, SIGCONT, SIGINT, SIGTERM, SIGHUP, SIGQUIT,
	};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* With the terminal ours. */
static int show(struct screen *s, const struct options *o, struct err *e)
{
	int rc = term_begin(o->no_colour, o->ascii, e);

	if (rc < 0)
		return rc;
	rc = loop(s);
	term_end();
	if (rc < 0)
		err_set(e, rc, "screen");
	return rc;
}

static int run(const struct options *o, struct screen *s, struct source *src,
	       struct frame *first, struct err *e)
{
	int rc;

	view_init(&s->view, o->list);
	s->view.frame = first;
	s->view.at[o->list].order = o->order;
	s->view.delay_ns = o->delay_ns;
	s->keys.view = &s->view;
	s->frames = o->frames;
	view_set_filter(&s->view, o->filter, NULL);
	s->signals = block_signals();
	if (s->signals < 0)
		rc = err_set(e, -errno, "signalfd");
	else
		rc = collect_begin(&s->collect, o->target, src, first,
				   o->delay_ns, &s->stop, e);
	if (rc < 0) {
		frame_free(first);
		source_close(src);
		return rc;
	}
	rc = view_update(&s->view);
	if (rc == 0)
		rc = show(s, o, e);
	collect_end(s->collect);
	view_release(&s->view);
	grid_release(&s->grid);
	return rc;
}

int screen_run(const struct options *o)
{
	struct screen s = { .signals = -1 };
	struct frame *first;
	struct source *src;
	struct err e = { 0 };
	int rc;

	/* What is wrong from the start is said without a screen. */
	if (connect_open_or_say(&src, o->target, &s.stop) < 0)
		return 1;
	rc = frame_new(&first, src, options_want_rows(o), NULL, &e);
	if (rc < 0) {
		connect_name(&e, o->target);
		source_close(src);
	} else {
		rc = run(o, &s, src, first, &e);
	}
	if (s.signals >= 0)
		close(s.signals);
	if (rc < 0 && !s.gone)
		log_error("%s", e.text);
	return rc < 0;
}
