/*
 * Locks for goroutines: mutex, readers and writers, once.  Threads of your own
 * may use them too.  The zero value of each is ready; none may be copied or
 * moved once used.
 */
#ifndef PGO_MUTEX_H
#define PGO_MUTEX_H

#include <stdint.h>

#include <pgo/cdefs.h>
#include <pgo/sema.h>

PGO_BEGIN

struct pgo_mutex {
	uint32_t state_;        /* private: atomic */
	uint32_t lock_;         /* private: the runtime's lock word */
	void *first_;           /* private, under lock_ */
	void *last_;            /* private, under lock_ */
};

/*
 * Parks until nobody else holds M.  Whoever comes first gets it first, but one
 * that runs may overtake those that must be woken, until somebody has waited
 * for a millisecond: then it is handed from one to the next.  [any]
 */
PGO_API void pgo_mutex_lock(struct pgo_mutex *m);

/* 1, or 0 when somebody holds it or waits for it.  [any] */
PGO_API int pgo_mutex_trylock(struct pgo_mutex *m);

/* Of one that is not locked it is fatal.  Whoever unlocks need not be who
 * locked.  [any] */
PGO_API void pgo_mutex_unlock(struct pgo_mutex *m);

/* Many readers or one writer; a writer that waits keeps new readers out. */
struct pgo_rwmutex {
	struct pgo_mutex writers_;      /* private */
	struct pgo_sema writer_;        /* private: readers have gone */
	struct pgo_sema readers_;       /* private: the writer has gone */
	int32_t count_;                 /* private: atomic */
	int32_t leaving_;               /* private: atomic */
};

/* [any]; unlocking what is not so locked is fatal. */
PGO_API void pgo_rwmutex_rlock(struct pgo_rwmutex *rw);
PGO_API int pgo_rwmutex_tryrlock(struct pgo_rwmutex *rw);
PGO_API void pgo_rwmutex_runlock(struct pgo_rwmutex *rw);
PGO_API void pgo_rwmutex_lock(struct pgo_rwmutex *rw);
PGO_API int pgo_rwmutex_trylock(struct pgo_rwmutex *rw);
PGO_API void pgo_rwmutex_unlock(struct pgo_rwmutex *rw);

struct pgo_once {
	uint32_t done_;                 /* private: atomic */
	struct pgo_mutex mutex_;        /* private */
};

/* Calls FN(ARG) the first time; whoever comes meanwhile waits until it has
 * returned.  Calling it again from FN is a deadlock, as in Go.  [any] */
PGO_API void pgo_once_do(struct pgo_once *o, void (*fn)(void *), void *arg);

/* Where goroutines wait for a condition, which a mutex guards. */
struct pgo_cond {
	uint32_t lock_;                 /* private */
	uint32_t waited_;               /* private: atomic, tickets given */
	uint32_t woken_;                /* private, under lock_: tickets done */
	void *first_;                   /* private, under lock_ */
	void *last_;                    /* private, under lock_ */
};

/* Unlocks M, which is held, and parks until it is woken; holds M again when it
 * returns.  The condition must be looked at again.  [any] */
PGO_API void pgo_cond_wait(struct pgo_cond *c, struct pgo_mutex *m);

/* Wakes the one that has waited longest, or all.  M need not be held.
 * [any] */
PGO_API void pgo_cond_signal(struct pgo_cond *c);
PGO_API void pgo_cond_broadcast(struct pgo_cond *c);

PGO_END

#endif
