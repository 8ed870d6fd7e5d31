/* An error as a value: a negative errno and one line that names the thing, the
 * trouble and the way out.  Never allocates. */
#ifndef LIB_BASE_ERR_H
#define LIB_BASE_ERR_H

struct err {
	int code;               /* 0, or negative */
	char text[256];
};

/* Fills E (NULL: nobody wants it) and returns CODE.  The text is FMT; when
 * CODE is a plain errno value ": " and its message follow.  [any] */
int err_set(struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with a text that is complete by itself. */
int err_text(struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
