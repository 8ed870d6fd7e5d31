#include "runtime/reason.h"

const char *const reason_texts[WAIT_NREASONS] = {
	[WAIT_NONE] = "",
	[WAIT_CHAN_RECEIVE] = "chan receive",
	[WAIT_CHAN_RECEIVE_NIL] = "chan receive (nil chan)",
	[WAIT_CHAN_SEND] = "chan send",
	[WAIT_CHAN_SEND_NIL] = "chan send (nil chan)",
	[WAIT_SELECT] = "select",
	[WAIT_SELECT_NONE] = "select (no cases)",
	[WAIT_SLEEP] = "sleep",
	[WAIT_MUTEX] = "sync.Mutex.Lock",
	[WAIT_RWMUTEX_READ] = "sync.RWMutex.RLock",
	[WAIT_RWMUTEX_WRITE] = "sync.RWMutex.Lock",
	[WAIT_COND] = "sync.Cond.Wait",
	[WAIT_SEMA] = "semacquire",
	[WAIT_WAITGROUP] = "sync.WaitGroup.Wait",
	[WAIT_IO] = "IO wait",
};

const char *reason_text(unsigned reason)
{
	return reason < WAIT_NREASONS ? reason_texts[reason] : "unknown";
}
