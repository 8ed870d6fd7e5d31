/* Channels: the values are copied in and out, ELEM_BYTES each. */
#ifndef PGO_CHAN_H
#define PGO_CHAN_H

#include <stddef.h>

#include <pgo/cdefs.h>

PGO_BEGIN

struct pgo_chan;

/*
 * A channel for CAP buffered elements of ELEM_BYTES each; CAP 0 is a
 * rendezvous.  NULL when memory is out or the sizes overflow.  Free it with
 * pgo_chan_free() when nobody uses it any more.  [any]
 */
PGO_API struct pgo_chan *pgo_chan_make(size_t elem_bytes, size_t cap);

/* Gives the channel back; fatal while a goroutine waits on it.  NULL is
 * fine.  [any] */
PGO_API void pgo_chan_free(struct pgo_chan *c);

/* Sends a copy of *ELEM, parking while nobody can take it.  Returns 0; on a
 * closed channel it is fatal, as in Go.  A NULL channel waits for ever.  [g] */
PGO_API int pgo_chan_send(struct pgo_chan *c, const void *elem);

/* Receives into *ELEM (NULL drops the value), parking while there is none.
 * 0, or -EPIPE when closed and drained: *ELEM is zeroed then.  [g] */
PGO_API int pgo_chan_recv(struct pgo_chan *c, void *elem);

/* The same without parking: -EAGAIN when they would.  [any] */
PGO_API int pgo_chan_trysend(struct pgo_chan *c, const void *elem);
PGO_API int pgo_chan_tryrecv(struct pgo_chan *c, void *elem);

/* No more sends; receivers drain the buffer, then get -EPIPE.  Closing twice
 * or NULL is fatal.  [any] */
PGO_API void pgo_chan_close(struct pgo_chan *c);

/* Elements buffered now, and room in all.  [any] */
PGO_API size_t pgo_chan_len(const struct pgo_chan *c);
PGO_API size_t pgo_chan_cap(const struct pgo_chan *c);

PGO_END

#endif
