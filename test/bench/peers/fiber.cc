/*
 * fiber - what ops.c measures, by boost.fiber: one thread, CPU time.
 *
 * usage: fiber OP [N]
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include <boost/fiber/all.hpp>

namespace fibers = boost::fibers;

enum { RING = 503, ROOM = 128 };

using unbuffered = fibers::unbuffered_channel<long>;

static double now()
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return static_cast<double>(t.tv_sec) * 1e9 +
	       static_cast<double>(t.tv_nsec);
}

static void yield_often(long n)
{
	while (n--)
		boost::this_fiber::yield();
}

static void yield(long n)
{
	fibers::fiber a(yield_often, n / 2), b(yield_often, n / 2);

	a.join();
	b.join();
}

static void spawn(long n)
{
	while (n--)
		fibers::fiber([] {}).join();
}

/* Hands N values on. */
static void hand_on(unbuffered *in, unbuffered *out, long n)
{
	long v;

	while (n--) {
		in->pop(v);
		out->push(v);
	}
}

static void pingpong(long n)
{
	unbuffered there, back;
	fibers::fiber other(hand_on, &there, &back, n);
	long v = 0;

	while (n--) {
		there.push(v);
		back.pop(v);
	}
	other.join();
}

static void ring(long n)
{
	static unbuffered c[RING];
	std::vector<fibers::fiber> all;
	long rounds = n / RING + 1, v = 0;

	for (int i = 1; i < RING; i++)
		all.emplace_back(hand_on, &c[i], &c[(i + 1) % RING], rounds);
	for (long i = 0; i < rounds; i++) {
		c[1].push(v);
		c[0].pop(v);
	}
	for (auto &f : all)
		f.join();
}

static void buffered(long n)
{
	fibers::buffered_channel<long> c(ROOM);
	fibers::fiber from([&c, n] {
		for (long i = 0; i < n; i++)
			c.push(i);
	});
	long v;

	while (n--)
		c.pop(v);
	from.join();
}

static const struct {
	const char *name;
	void (*run)(long n);
	long n;
} ops[] = {
	{ "yield", yield, 4000000 },
	{ "spawn", spawn, 400000 },
	{ "pingpong", pingpong, 500000 },
	{ "ring", ring, 1000000 },
	{ "buffered", buffered, 4000000 },
};

int main(int argc, char **argv)
{
	for (const auto &op : ops) {
		if (argc < 2 || std::strcmp(op.name, argv[1]))
			continue;
		long n = argc > 2 ? std::atol(argv[2]) : op.n;
		double begin = now();

		op.run(n);
		std::printf("%s %.1f\n", op.name,
			    (now() - begin) / static_cast<double>(n));
		return 0;
	}
	return 2;
}
