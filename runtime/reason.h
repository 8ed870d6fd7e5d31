/* Why a goroutine waits; the texts are Go's. */
#ifndef PGO_RUNTIME_REASON_H
#define PGO_RUNTIME_REASON_H

enum wait_reason {
	WAIT_NONE,
	WAIT_CHAN_RECEIVE,
	WAIT_CHAN_RECEIVE_NIL,
	WAIT_CHAN_SEND,
	WAIT_CHAN_SEND_NIL,
	WAIT_SELECT,
	WAIT_SELECT_NONE,
	WAIT_SLEEP,
	WAIT_MUTEX,
	WAIT_RWMUTEX_READ,
	WAIT_RWMUTEX_WRITE,
	WAIT_COND,
	WAIT_SEMA,
	WAIT_WAITGROUP,
	WAIT_IO,
	WAIT_NREASONS
};

/* By enum wait_reason. */
extern const char *const reason_texts[WAIT_NREASONS];

/* "chan receive", ...; "" for WAIT_NONE and "unknown" beyond the table. */
const char *reason_text(unsigned reason);

#endif
