/*
 * What went wrong, in words: "thing: trouble (way out)".
 *
 * A struct err is filled where the trouble is seen, by value, and travels up
 * to whoever prints it.  Nothing here allocates; every E may be NULL, then
 * only the number travels.  Texts too long are cut.  [any, on a system stack]
 */
#ifndef LIB_BASE_ERR_H
#define LIB_BASE_ERR_H

struct err {
	int code;               /* -ENAME, 0 when nothing was set */
	char text[252];         /* one line without its end */
};

/*
 * Says "THING: what RC means", RC being -ENAME: err_set(e, -errno, "%s", path).
 * Returns RC.
 */
int err_set(struct err *e, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Says the text alone, for a trouble no errno knows.  Returns RC. */
int err_say(struct err *e, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Appends " (WAY OUT)" to what was set.  Returns its code, 0 without E. */
int err_way_out(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts "THING: " before what was set, unless it begins so. */
void err_named(struct err *e, const char *thing);

/* Puts "THING: " before what was set.  Returns its code, 0 without E. */
int err_of(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
