/*
 * Exceptions and C: thrown in a callback past the C function that called it,
 * caught in the callback, thrown by a function that runs on the thread's
 * stack, with clean-ups of C's kind in between; and comparators that park.
 */
#include "cxx.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

const int GOROUTINES = 24;
const int ROUNDS = 40;
const int ITEMS = 200;

cxx::Sum sum;

/* Of qsort(), which takes no argument for them: by what is compared. */
struct Item {
	int value;
	int throws_at;          /* 0: never */
	int *compared;
};

int compare(const void *a, const void *b)
{
	const Item *x = static_cast<const Item *>(a);
	const Item *y = static_cast<const Item *>(b);

	if (++*x->compared == x->throws_at)
		throw std::range_error("compared " +
				       std::to_string(*x->compared));
	return (x->value > y->value) - (x->value < y->value);
}

int compare_and_catch(const void *a, const void *b)
{
	try {
		return compare(a, b);
	} catch (const std::range_error &) {
		pgo_yield();
		return compare(a, b);
	}
}

/* ITEMS of them in an order of its own. */
std::vector<Item> items(int who, int throws_at, int *compared)
{
	std::vector<Item> v;

	*compared = 0;
	for (int i = 0; i < ITEMS; i++)
		v.push_back({(i * 7919 + who) % 1009, throws_at, compared});
	return v;
}

void counted(int *n)
{
	++*n;
}

/* The stack grows and shrinks with REST between the catch and qsort(). */
int sort_deep(int depth, std::vector<Item> &v, int *cleaned)
{
	volatile char frame[300];
	__attribute__((cleanup(counted))) int seen = 0;
	int rc;

	frame[0] = 1;
	if (depth > 0) {
		rc = sort_deep(depth - 1, v, cleaned);
	} else {
		std::qsort(v.data(), v.size(), sizeof(v[0]), compare);
		rc = 0;
	}
	*cleaned += seen + frame[0];
	return rc;
}

void throw_past_qsort(int who, int round)
{
	int compared, cleaned = 0;
	std::vector<Item> v = items(who, 1 + round * 5, &compared);

	errno = who;
	try {
		sort_deep(round, v, &cleaned);
		CHECK(!"thrown");
	} catch (const std::range_error &e) {
		CHECK("compared " + std::to_string(1 + round * 5) == e.what());
		CHECK(compared == 1 + round * 5 && cleaned == 0);
		sum.add(static_cast<uint64_t>(compared));
	}
	errno = 0;
	std::qsort(v.data(), v.size(), sizeof(v[0]), compare_and_catch);
	for (size_t i = 1; i < v.size(); i++)
		CHECK(v[i - 1].value <= v[i].value);
}

void sort_and_park(int who)
{
	std::vector<int> v;
	int parks = 0;

	for (int i = 0; i < ITEMS; i++)
		v.push_back((i * 7919 + who) % 1009);
	std::sort(v.begin(), v.end(), [&parks](int a, int b) {
		if (++parks % 16 == 0)
			pgo_yield();
		return a < b;
	});
	CHECK(std::is_sorted(v.begin(), v.end()));
	try {
		std::stable_sort(v.begin(), v.end(), [&parks](int a, int b) {
			pgo_yield();
			if (++parks > ITEMS)
				throw parks;
			return a > b;
		});
		CHECK(!"thrown");
	} catch (int at) {
		CHECK(at == parks);
	}
}

void *throws_there(int who, const char *text)
{
	if (who % 2)
		throw std::invalid_argument(text);
	return nullptr;
}

void throw_on_the_threads_stack(int who)
{
	try {
		pgo_sys(reinterpret_cast<void *>(throws_there), who, "there");
		CHECK(who % 2 == 0);
	} catch (const std::invalid_argument &e) {
		CHECK(who % 2 == 1);
		CHECK(!std::strcmp(e.what(), "there"));
	}
}

/* A callback that parks, and throws after it. */
void park_then_throw(int who)
{
	int key = who;
	std::vector<int> v(64, 1);

	try {
		bsearch(&key, v.data(), v.size(), sizeof(v[0]),
			[](const void *k, const void *) -> int {
				pgo_sleep(1000);
				throw *static_cast<const int *>(k);
			});
		CHECK(!"thrown");
	} catch (int k) {
		CHECK(k == who);
		sum.add(static_cast<uint64_t>(k));
	}
}

void one(int who)
{
	for (int i = 0; i < ROUNDS; i++) {
		throw_past_qsort(who, i);
		throw_on_the_threads_stack(who + i);
		if (i % 10 == 0) {
			sort_and_park(who);
			park_then_throw(who);
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
	int rc = cxx::run(begin);

	sum.print("callback");
	return rc;
}
