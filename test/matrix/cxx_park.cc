/*
 * Parking while exceptions are handled or on their way: what a catch block
 * handles, and how many are uncaught, belongs to the goroutine, on whichever
 * thread it goes on.
 */
#include "cxx.h"

#include <exception>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace {

const int GOROUTINES = 32;
const int ROUNDS = 60;

cxx::Sum sum;
std::atomic<int> moved{0};      /* catch blocks that changed threads */

/* Gives others a turn, in one of the ways there are. */
void rest(int how)
{
	if (how % 3 == 0)
		pgo_sleep(how % 7 * 20000);
	else
		pgo_yield();
}

struct Rests {
	explicit Rests(int how) : how(how) {}
	~Rests()
	{
		int uncaught = std::uncaught_exceptions();

		rest(how);
		CHECK(std::uncaught_exceptions() == uncaught);
		CHECK(uncaught == 1);
		sum.add(static_cast<uint64_t>(how));
	}
	int how;
};

void thrown(int who, int depth)
{
	Rests r(who + depth);

	if (depth == 0)
		throw who;
	thrown(who, depth - 1);
}

/* The text of what is handled right now. */
std::string handled()
{
	try {
		throw;
	} catch (const std::exception &e) {
		return e.what();
	}
}

void catch_and_rest(int who, int level)
{
	std::string text = std::to_string(who) + "/" + std::to_string(level);

	try {
		throw std::runtime_error(text);
	} catch (const std::exception &e) {
		pid_t thread = gettid();

		rest(who + level);
		moved += gettid() != thread;
		CHECK(text == e.what());
		CHECK(handled() == text);
		if (level < 4)
			catch_and_rest(who, level + 1);
		rest(who * level);
		CHECK(handled() == text);
		CHECK(std::uncaught_exceptions() == 0);
		sum.add(text.size());
	}
}

void one(int who)
{
	for (int i = 0; i < ROUNDS; i++) {
		CHECK(std::current_exception() == nullptr);
		catch_and_rest(who, 0);
		try {
			thrown(who, 5);
		} catch (int w) {
			CHECK(w == who);
		}
	}
}

void begin(void *)
{
	cxx::each(GOROUTINES, one);
}

} /* namespace */

int main()
{
	int rc;

	/* What the thread itself handles is its own. */
	try {
		throw std::runtime_error("of the thread");
	} catch (const std::exception &) {
		rc = cxx::run(begin);
		CHECK(handled() == "of the thread");
	}
	sum.print("park");
	std::fprintf(stderr, "moved %d\n", moved.load());
	return rc;
}
