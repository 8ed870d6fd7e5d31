/* Waiting for the first of several channel operations. */
#ifndef PGO_SELECT_H
#define PGO_SELECT_H

#include <pgo/cdefs.h>
#include <pgo/chan.h>

PGO_BEGIN

enum { PGO_RECV, PGO_SEND };            /* of struct pgo_case */
enum { PGO_NONBLOCK = 1 };              /* of pgo_select() */
enum { PGO_SELECT_MAX = 65536 };        /* cases at most */

struct pgo_case {
	struct pgo_chan *chan;  /* NULL: never ready */
	int dir;                /* PGO_RECV or PGO_SEND */
	void *elem;             /* to receive into (NULL: drop), or to send */
	int ok;                 /* out, of the one chosen: 0 when it received
				 * from a closed channel, else 1 */
};

/*
 * Does one of the N operations that can go on, chosen evenly among those that
 * can, and returns its index; parks while none can.  With PGO_NONBLOCK it
 * returns -1 instead of parking, as Go's default case.  N of 0 parks for ever.
 * Sending on a closed channel, when chosen, is fatal.  -EINVAL for an N, a
 * dir or flags that are none, -ENOMEM when memory for many cases is out.  [any]
 */
PGO_API int pgo_select(struct pgo_case *cases, int n, int flags);

PGO_END

#endif
