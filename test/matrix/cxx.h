/* What the C++ programs of the matrix share: goroutines from lambdas, and a
 * checksum that main() prints; a check that fails says where and exits 1. */
#ifndef PGO_TEST_MATRIX_CXX_H
#define PGO_TEST_MATRIX_CXX_H

#include <pgo/pgo.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#define CHECK(what) \
	((what) ? (void)0 : cxx::failed(__FILE__, __LINE__, #what))

namespace cxx {

inline void failed(const char *file, int line, const char *what)
{
	std::fprintf(stderr, "%s:%d: goroutine %lld: not so: %s\n", file, line,
		     static_cast<long long>(pgo_goid()), what);
	std::exit(1);
}

/* -ENOTSUP where goroutines cannot be as O wants them. */
template <class F> int64_t start(F f, const struct pgo_go_opts *o = nullptr)
{
	F *copy = new F(std::move(f));
	int64_t id = pgo_go_opts(
		o,
		[](void *arg) {
			F *fn = static_cast<F *>(arg);

			(*fn)();
			delete fn;
		},
		copy);

	if (id < 0)
		delete copy;
	return id;
}

/* Runs F(0) to F(n - 1) on goroutines and waits for all of them. */
template <class F> void each(int n, F f)
{
	struct pgo_waitgroup wg = {};

	pgo_waitgroup_add(&wg, n);
	for (int i = 0; i < n; i++)
		CHECK(start([&wg, f, i] {
			f(i);
			pgo_waitgroup_done(&wg);
		}) > 0);
	pgo_waitgroup_wait(&wg);
}

/* pgo_run(); those who have said that they are done may not be gone yet. */
inline int run(void (*fn)(void *))
{
	int rc = pgo_run(fn, nullptr);

	return rc == -EBUSY ? 0 : rc;
}

/* Of unordered contributions. */
class Sum {
	std::atomic<uint64_t> sum{0};

public:
	void add(uint64_t v)
	{
		v *= 0x9e3779b97f4a7c15;
		sum += v ^ v >> 29;
	}

	void print(const char *what)
	{
		std::printf("%s %016llx\n", what,
			    static_cast<unsigned long long>(sum.load()));
	}
};

} /* namespace cxx */

#endif
