/* What a tool tells its user on stderr, one line each: "pgo-top: 4711: ...". */
#ifndef LIB_BASE_LOG_H
#define LIB_BASE_LOG_H

/* TOOL, which must stay, begins every line.  Before the first message. */
void log_begin(const char *tool);

/* One line, made safe for a terminal, in one write; a long one is cut.  Keeps
 * errno.  [any but g] */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Writes what stdio still holds for stdout, last thing before a tool ends.
 * Returns STATUS, or, with a line on stderr, 1 when it cannot be written. */
int log_flush_stdout(int status);

#endif
