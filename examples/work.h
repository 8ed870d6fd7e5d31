/*
 * What examples/server does with a request: parse, a slow operation, render.
 * The work is counted, not timed: 3 rounds in 5 below slow_stack_operation,
 * 1 in parse, 1 in render, each over a large array on the stack.  Some 60 ms a
 * request: what HTTP costs is hardly seen beside it, and no phase fits between
 * two ticks of the kernel, by which it is sampled.
 */
#ifndef EXAMPLES_WORK_H
#define EXAMPLES_WORK_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <pgo/pgo.h>

enum { WORDS = 2048, LEVELS = 12, LEVEL_ROUNDS = 900, OTHER_ROUNDS = 3600 };

#define OWN_FRAME static __attribute__((noipa))  /* whatever gcc thinks */

struct request {
	const char *head;       /* the caller's; lines end with CR LF */
	int get, keep;          /* a GET?  may the connection go on? */
	uint64_t sum;           /* of all the work, lest it is left out */
	char reply[256];
	size_t reply_bytes;
	struct pgo_waitgroup answered;
};

OWN_FRAME uint64_t churn(uint64_t words[WORDS], int rounds)
{
	uint64_t x = 88172645463325252u;
	int i;

	for (i = 0; i < rounds * WORDS; i++) {
		x = (x ^ x >> 7) * 0x9e3779b97f4a7c15u;
		words[i % WORDS] = x;
	}
	return words[x % WORDS];
}

OWN_FRAME uint64_t alloc_large_array_on_stack(int levels)
{
	uint64_t array[WORDS];
	uint64_t sum = churn(array, LEVEL_ROUNDS);

	if (levels > 1)
		sum += alloc_large_array_on_stack(levels - 1);
	return sum + array[levels];
}

OWN_FRAME void slow_stack_operation(struct request *r)
{
	r->sum += alloc_large_array_on_stack(LEVELS);
}

/* Does the head have LINE, which begins with CR LF, in whatever case? */
static int has(const char *head, const char *line)
{
	while (*head && strncasecmp(head, line, strlen(line)))
		head++;
	return *head;
}

OWN_FRAME void parse(struct request *r)
{
	uint64_t array[WORDS];

	r->sum = churn(array, OTHER_ROUNDS);
	r->get = !strncmp(r->head, "GET ", 4);
	r->keep = r->get && (has(r->head, " HTTP/1.0\r\n") ?
		has(r->head, "\r\nConnection: keep-alive") :
		!has(r->head, "\r\nConnection: close"));
}

OWN_FRAME void render(struct request *r)
{
	uint64_t array[WORDS];

	r->sum += churn(array, OTHER_ROUNDS);
	r->reply_bytes = (size_t)snprintf(r->reply, sizeof(r->reply),
		"HTTP/1.1 %s\r\nContent-Type: text/plain\r\n"
		"Content-Length: 17\r\nConnection: %s\r\n\r\n%016llx\n",
		r->get ? "200 OK" : "405 Method Not Allowed",
		r->keep ? "keep-alive" : "close", (unsigned long long)r->sum);
}

/* The goroutine of one request. */
static void answer(void *arg)
{
	struct request *r = arg;

	parse(r);
	if (r->get)
		slow_stack_operation(r);
	render(r);
	pgo_waitgroup_done(&r->answered);
}

#endif
