/* The allocator in a program of any kind: libpgo-malloc.so. */
#ifdef PGO_MALLOC_ALONE
#include "runtime/malloc/host.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/fatal.h"
#include "runtime/sys.h"

struct cache *host_new_cache(void)
{
	return cache_new_thread();
}

void *host_no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

void *host_refuse(void)
{
	errno = EINVAL;
	return NULL;
}

const char *host_who(uint64_t *id)
{
	*id = (uint64_t)sys_gettid();
	return "thread";
}

static void say(const char *text)
{
	sys_write(STDERR_FILENO, text, strlen(text));
}

void fatal_throw(const char *text)
{
	say("fatal error: ");
	say(text);
	say("\n");
	abort();
}

void host_die(const char *text)
{
	fatal_throw(text);
}

/* Nobody watches. */
void host_heap(const void *p, size_t bytes)
{
	(void)p;
	(void)bytes;
}

void host_own(void *p, const void *from)
{
	(void)p;
	(void)from;
}

void host_disown(void *p)
{
	(void)p;
}

/* None are taken. */
void host_sample(struct span *s)
{
	(void)s;
}

void host_sample_ends(struct span *s)
{
	(void)s;
}
#endif
