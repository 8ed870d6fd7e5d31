/*
 * Exceptions across many segments: thrown at the end of a descent whose frames
 * are of all sizes, rethrown on the way, handled while another is thrown, and
 * carried to another goroutine.  Every destructor runs once.
 */
#include "cxx.h"

#include <exception>
#include <stdexcept>
#include <string>

namespace {

const int GOROUTINES = 40;
const int ROUNDS = 30;
const int DEEP = 1000;          /* 1.2 MB: segments, or a larger stack */
const int SHALLOW = 150;        /* what any stack has room for */

cxx::Sum sum;

/* Lives in a frame of the descent. */
struct Live {
	explicit Live(long &n) : n(n) { ++n; }
	~Live() { --n; }
	Live(const Live &) = delete;
	long &n;
};

struct Bottom : std::runtime_error {
	Bottom(int who, int depth)
		: std::runtime_error("bottom of " + std::to_string(who)),
		  depth(depth) {}
	int depth;
};

template <int BYTES>
__attribute__((noinline)) int descend(int who, int depth, long &n);

/* Frames of 40 bytes to 6 KB, by the depth. */
int next(int who, int depth, long &n)
{
	switch ((who + depth) % 7) {
	case 0: return descend<6000>(who, depth, n);
	case 3: return descend<700>(who, depth, n);
	case 5: return descend<200>(who, depth, n);
	default: return descend<40>(who, depth, n);
	}
}

template <int BYTES> int descend(int who, int depth, long &n)
{
	volatile char frame[BYTES];
	Live live(n);

	frame[depth % BYTES] = static_cast<char>(who);
	if (depth == 0)
		throw Bottom(who, 0);
	if (depth % 50 != 49)
		return next(who, depth - 1, n) + frame[depth % BYTES];
	try {
		return next(who, depth - 1, n);
	} catch (Bottom &b) {
		b.depth++;
		throw;
	}
}

void thrown_from(int who, int depth)
{
	long n = 0;

	try {
		next(who, depth, n);
		CHECK(!"thrown");
	} catch (const std::exception &e) {
		const Bottom &b = dynamic_cast<const Bottom &>(e);

		CHECK(n == 0);
		CHECK("bottom of " + std::to_string(who) == e.what());
		CHECK(b.depth == (depth + 1) / 50);
		sum.add(static_cast<uint64_t>(depth));
	}
}

/* Throws and catches while another is on its way. */
struct Thrower {
	explicit Thrower(int &count) : count(count) {}
	~Thrower()
	{
		int before = std::uncaught_exceptions();

		try {
			throw count;
		} catch (int i) {
			CHECK(i == count);
			CHECK(std::uncaught_exceptions() == before);
		}
		thrown_from(count, 110);
		count++;
	}
	int &count;
};

int nested(int depth, int &count)
{
	Thrower t(count);

	if (depth == 0)
		throw std::logic_error("nested");
	return nested(depth - 1, count) + 1;
}

void handle_while_handling(int who)
{
	int count = 0;

	try {
		nested(8, count);
		CHECK(!"thrown");
	} catch (const std::logic_error &first) {
		try {
			throw std::runtime_error("second");
		} catch (const std::runtime_error &second) {
			CHECK(!std::string("second").compare(second.what()));
			thrown_from(who, SHALLOW);
		}
		CHECK(!std::string("nested").compare(first.what()));
		CHECK(std::current_exception() != nullptr);
	}
	CHECK(count == 9);
	CHECK(std::current_exception() == nullptr);
}

/* What is nested in what, by std::nested_exception. */
void with_nested(int depth)
{
	try {
		if (depth == 0)
			throw std::out_of_range("0");
		with_nested(depth - 1);
	} catch (...) {
		std::throw_with_nested(
			std::runtime_error(std::to_string(depth)));
	}
}

int levels(const std::exception &e)
{
	try {
		std::rethrow_if_nested(e);
	} catch (const std::exception &inner) {
		return levels(inner) + 1;
	}
	return 0;
}

void carried(struct pgo_chan *c)
{
	std::exception_ptr p;

	try {
		with_nested(12);
	} catch (...) {
		p = std::current_exception();
	}
	std::exception_ptr *sent = new std::exception_ptr(p);

	pgo_chan_send(c, &sent);
}

void receive(struct pgo_chan *c)
{
	std::exception_ptr *got;

	CHECK(pgo_chan_recv(c, &got) == 0);
	try {
		std::rethrow_exception(*got);
	} catch (const std::runtime_error &e) {
		CHECK(!std::string("12").compare(e.what()));
		CHECK(levels(e) == 13);
		sum.add(static_cast<uint64_t>(levels(e)));
	}
	delete got;
}

void one(int who, struct pgo_chan *c)
{
	for (int i = 0; i < ROUNDS; i++)
		thrown_from(who, (who * 37 + i * 101) % SHALLOW);
	handle_while_handling(who);
	if (who % 2)
		carried(c);
	else
		receive(c);
}

/* One in ten on segments, whatever the others have, where that can be. */
void deep(int who)
{
	struct pgo_go_opts o = {sizeof(o), PGO_STACK_SEGMENTED, 0};
	struct pgo_waitgroup wg = {};
	auto fn = [&wg, who] {
		for (int i = 0; i < ROUNDS; i++)
			thrown_from(who, (who * 37 + i * 101) % DEEP);
		pgo_waitgroup_done(&wg);
	};

	pgo_waitgroup_add(&wg, 1);
	if (cxx::start(fn, &o) == -ENOTSUP) {
		o.stack = PGO_STACK_CONTIGUOUS;
		o.stack_bytes = 4 << 20;
		CHECK(cxx::start(fn, &o) > 0);
	}
	pgo_waitgroup_wait(&wg);
}

void begin(void *)
{
	struct pgo_chan *c = pgo_chan_make(sizeof(void *), 1);

	cxx::each(GOROUTINES, [c](int i) {
		one(i, c);
		if (i % 10 == 0)
			deep(i);
	});
	pgo_chan_free(c);
}

} /* namespace */

int main()
{
	int rc = cxx::run(begin);

	sum.print("throw");
	return rc;
}
