/*
 * The library from goroutines: what it throws by itself, containers, objects,
 * and virtual calls into it that no thunk serves.
 */
#include "cxx.h"

#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <list>
#include <locale>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <typeinfo>
#include <unordered_map>
#include <vector>

namespace {

const int GOROUTINES = 24;
const int ROUNDS = 6;

cxx::Sum sum;
struct Base {
	virtual ~Base() {}
	virtual int f(int x) { return x; }
};
struct Left : virtual Base {
	int f(int x) override { return x + 1; }
	int l = 1;
};
struct Right : virtual Base {
	virtual int g(int x) { return x * 2; }
	int r = 2;
};
struct Both : Left, Right {
	int f(int x) override { return Left::f(x) + Right::g(x) + l + r; }
	int g(int x) override { return x * 3; }
};

/* The text of what FN throws, by type and what(). */
template <class E, class F> void throws(F fn)
{
	try {
		fn();
		CHECK(!"thrown");
	} catch (const E &e) {
		sum.add(std::string(e.what()).size());
	}
}

void what_it_throws(int who)
{
	std::vector<int> v(3);
	std::map<int, int> m;
	std::string s = "text";
	std::function<int()> none;
	Base base;
	Base *null = nullptr;

	throws<std::out_of_range>([&] { v.at(static_cast<size_t>(who + 3)); });
	throws<std::out_of_range>([&] { m.at(who); });
	throws<std::out_of_range>([&] { s.substr(5); });
	throws<std::invalid_argument>([&] { std::stoi(s); });
	throws<std::out_of_range>([&] { std::stoi("99999999999999"); });
	throws<std::length_error>([&] { s.resize(s.max_size() + 1); });
	throws<std::bad_function_call>([&] { none(); });
	throws<std::bad_cast>([&] { (void)dynamic_cast<Both &>(base); });
	throws<std::bad_typeid>([&] { (void)typeid(*null).name(); });
	throws<std::bad_alloc>([] {
		volatile int n = -1;
		int *volatile p = new int[n];

		delete[] p;
	});
	throws<std::ios_base::failure>([] {
		std::ifstream f("/nowhere/at/all");

		f.exceptions(std::ios::failbit);
	});
	throws<std::system_error>([] {
		std::unique_lock<std::mutex> l;

		l.lock();
	});
}

void containers(int who)
{
	std::unordered_map<std::string, std::vector<int>> words;
	std::list<std::unique_ptr<Base>> objects;
	std::set<std::string> sorted;
	std::mt19937 random(static_cast<unsigned>(who));
	int total = 0;

	for (int i = 0; i < 300; i++) {
		std::string w = "word " + std::to_string(random() % 50);

		words[w].push_back(i);
		sorted.insert(w);
		if (i % 3)
			objects.emplace_back(new Both);
		else
			objects.emplace_back(new Left);
	}
	for (auto &o : objects)
		total += o->f(who) + (dynamic_cast<Right *>(o.get()) ? 1 : 0);
	for (auto &w : words)
		total += static_cast<int>(w.second.size());
	CHECK(words.size() == sorted.size());
	CHECK(total == 300 + 100 * (who + 1) + 200 * (who * 3 + 5));
	sum.add(sorted.size());
	std::shared_ptr<Both> p = std::make_shared<Both>();
	std::weak_ptr<Both> weak = p;
	CHECK(weak.lock()->g(2) == 6);
	p.reset();
	CHECK(weak.expired());
}

/* By the virtual functions themselves: unsplit code that no thunk serves. */
void facets(int who)
{
	typedef std::ostreambuf_iterator<char> to;
	typedef std::istreambuf_iterator<char> from;
	const std::locale &loc = std::locale::classic();
	std::ios_base::iostate err = std::ios_base::goodbit;
	std::ostringstream o;
	double d = 0;

	o.setf(std::ios::fixed);
	std::use_facet<std::num_put<char>>(loc).put(
		to(o), o, ' ', std::numeric_limits<long double>::max());
	CHECK(o.str().size() == 4940);
	o.str("");
	std::use_facet<std::money_put<char>>(loc).put(
		to(o), false, o, ' ', 1e30L * who);
	sum.add(o.str().size());
	std::istringstream i("1234.5");
	std::use_facet<std::num_get<char>>(loc).get(from(i), from(), i, err,
						    d);
	CHECK(d == 1234.5);
	std::filebuf f;
	std::streambuf *b = &f;
	f.open("/dev/null", std::ios::out);
	std::string text(30000, 'x');
	CHECK(b->sputn(text.data(), 30000) == 30000);
	CHECK(b->pubsync() == 0);
	CHECK(!std::generic_category().message(ENOENT).empty());
}

void one(int who)
{
	for (int i = 0; i < ROUNDS; i++) {
		what_it_throws(who);
		containers(who);
		facets(who);
	}
}

void begin(void *)
{
	cxx::each(GOROUTINES, one);
}

} /* namespace */

int main()
{
	int rc = cxx::run(begin);

	sum.print("library");
	return rc;
}
