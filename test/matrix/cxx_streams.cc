/*
 * Streams and regular expressions from goroutines; and the library's own
 * threads, mutexes and futures beside them.
 */
#include "cxx.h"

#include <chrono>
#include <climits>
#include <condition_variable>
#include <future>
#include <iomanip>
#include <iostream>
#include <locale>
#include <map>
#include <mutex>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

const int GOROUTINES = 24;
const int ROUNDS = 6;

cxx::Sum sum;
std::mutex mutex;
std::map<std::string, int> shared;      /* mutex */

std::string formatted(int who)
{
	std::ostringstream o;

	o << std::hex << std::setw(8) << std::setfill('0') << who << " "
	  << std::dec << who * 1.5 << " " << std::boolalpha << (who > 3) << " "
	  << std::fixed << std::setprecision(2) << who / 3.0 << std::endl
	  << std::scientific << 1e300 << " " << std::put_time([] {
		     static std::tm tm = {};

		     return &tm;
	     }(), "%H:%M");
	return o.str();
}

void streams(int who)
{
	std::string text = formatted(who), word;
	std::istringstream in(text);
	std::vector<std::string> words;
	std::regex number("([0-9]+)\\.([0-9]+)");
	int n = 0;

	CHECK(text == formatted(who));
	while (in >> word)
		words.push_back(word);
	CHECK(words.size() == 6);
	for (std::sregex_iterator i(text.begin(), text.end(), number), end;
	     i != end; ++i)
		n++;
	CHECK(n >= 2);
	sum.add(static_cast<uint64_t>(n) + text.size());
	{
		std::lock_guard<std::mutex> l(mutex);

		shared[words[0]]++;
	}
}

void threads(int who)
{
	std::condition_variable cond;
	std::mutex m;
	bool ready = false;
	thread_local int mine;
	int seen = 0;
	std::thread t([&] {
		std::lock_guard<std::mutex> l(m);

		seen = ++mine;
		ready = true;
		cond.notify_one();
	});
	{
		std::unique_lock<std::mutex> l(m);

		cond.wait(l, [&] { return ready; });
	}
	t.join();
	CHECK(seen == 1);
	std::future<int> f = std::async(std::launch::async, [who] {
		if (who % 2)
			throw std::domain_error("odd");
		return who;
	});
	try {
		CHECK(f.get() == who && who % 2 == 0);
	} catch (const std::domain_error &) {
		CHECK(who % 2);
	}
	std::this_thread::sleep_for(std::chrono::microseconds(50));
}

void refused()
{
	try {
		std::regex r("(");
		CHECK(!"thrown");
	} catch (const std::regex_error &e) {
		CHECK(e.code() == std::regex_constants::error_paren);
	}
	try {
		std::promise<int> p;

		p.get_future();
		p.get_future();
		CHECK(!"thrown");
	} catch (const std::future_error &e) {
		CHECK(e.code() == std::future_errc::future_already_retrieved);
	}
}

void one(int who)
{
	for (int i = 0; i < ROUNDS; i++) {
		streams(who);
		threads(who);
		refused();
	}
}

void begin(void *)
{
	cxx::each(GOROUTINES, one);
}

/* std::ctype<char> remembers each answer of narrow() without a lock, which
 * libstdc++ knows (its PR 77704) and TSan tells: all are asked once, here; for
 * widen(), one makes all. */
void ask_narrow_once()
{
	const auto &type = std::use_facet<std::ctype<char>>(std::locale());

	for (int c = CHAR_MIN; c <= CHAR_MAX; c++)
		type.narrow(static_cast<char>(c), 0);
	type.widen(0);
}

} /* namespace */

int main()
{
	int rc, total = 0;

	ask_narrow_once();
	rc = cxx::run(begin);
	for (auto &w : shared)
		total += w.second;
	CHECK(total == GOROUTINES * ROUNDS);
	sum.print("streams");
	std::cout << "words " << shared.size() << std::endl;
	return rc;
}
