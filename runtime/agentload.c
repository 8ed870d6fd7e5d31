/*
 * libpgo-agent.so is loaded by name: the program's own run path, which pgo-cc
 * puts there, knows where it lies.  PGO_AGENT_LIB names another.
 *
 * dlopen() is referred to weakly, so that a static program neither links a
 * loader nor is warned about one.
 */
#include "runtime/agentload.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/env.h"
#include "runtime/outfd.h"
#include "runtime/view.h"

#pragma weak dlopen
#pragma weak dlsym
#pragma weak dlerror

typedef int init_fn(const struct view *view);

/* pgo: agent: WHAT (WAY OUT) */
static void complain(const char *what, const char *way_out)
{
	char buf[512];
	struct outfd o;

	outfd_begin(&o, STDERR_FILENO, buf, sizeof(buf));
	text_put(&o.sink, "pgo: agent: ");
	text_name(&o.sink, what);
	text_put(&o.sink, " (");
	text_put(&o.sink, way_out);
	text_put(&o.sink, ")\n");
	outfd_flush(&o);
}

static void load(const char *lib)
{
	void *handle = dlopen(lib, RTLD_NOW | RTLD_LOCAL);
	init_fn *init = NULL;

	if (!handle) {
		complain(dlerror(), "PGO_AGENT_LIB=FILE, or PGO_AGENT=off");
		return;
	}
	init = (init_fn *)dlsym(handle, "pgo_agent_init");
	if (!init)
		complain(dlerror(), "it is of another version of pgo");
	else
		init(&pgo_view_1);
}

void agentload_start(void)
{
	const char *lib = secure_getenv("PGO_AGENT_LIB");

	if (!env.agent || !strcmp(env.agent, "off"))
		return;
	if (dlopen)
		load(lib && *lib ? lib : "libpgo-agent.so");
	else
		complain("a static program cannot load it",
			 "link it without -static, or PGO_AGENT=off");
}
