/* The agent's lines on stderr: "pgo: agent: ...", each one write.  [any but
 * g: allocates] */
#ifndef AGENT_SAY_H
#define AGENT_SAY_H

void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
