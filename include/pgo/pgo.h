/*
 * pgo - goroutines for C.
 *
 * Everything a program calls, in one include; layout.h is for readers outside.
 * Where a call may be made is said in brackets: [g] on a goroutine, [any] also
 * on a thread of your own, before pgo_run() only where it says so.  Fallible
 * calls return 0, a count, or a negative errno value; errno itself is never
 * the channel.
 */
#ifndef PGO_PGO_H
#define PGO_PGO_H

#include <pgo/agent.h>
#include <pgo/chan.h>
#include <pgo/ctx.h>
#include <pgo/go.h>
#include <pgo/group.h>
#include <pgo/leakcheck.h>
#include <pgo/malloc.h>
#include <pgo/mutex.h>
#include <pgo/net.h>
#include <pgo/profile.h>
#include <pgo/select.h>
#include <pgo/sema.h>
#include <pgo/sys.h>
#include <pgo/timer.h>
#include <pgo/waitgroup.h>

#endif
