/* Ways to std::terminate(); argv[1] names one. */
#include <pgo/pgo.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <thread>

static __attribute__((noipa)) int deep(int depth)
{
	volatile char frame[300];

	frame[0] = 0;
	if (!depth)
		throw std::runtime_error("boom");
	return deep(depth - 1) + frame[0];
}

static int guarded(int depth) noexcept
{
	return deep(depth);
}

struct Throws {
	~Throws() noexcept(false) { throw 2; }
};

static void twice()
{
	Throws t;

	throw 1;
}

static void worker(void *arg)
{
	const char *how = static_cast<const char *>(arg);

	if (!std::strcmp(how, "uncaught"))
		deep(29);
	else if (!std::strcmp(how, "double"))
		twice();
	else if (!std::strcmp(how, "thread"))
		std::thread([] { throw 3; }).join();
	else
		guarded(29);
}

static void handler()
{
	try {
		throw;
	} catch (const std::exception &e) {
		std::printf("mine: %s\n", e.what());
	}
	for (int i = 0; i < 1000; i++)
		pgo_yield();
	std::printf("in goroutine %d, %s\n", static_cast<int>(pgo_goid()),
		    std::get_terminate() == handler ? "as set" : "not set");
	std::exit(3);
}

static void begin(void *how)
{
	pgo_go(worker, how);
	pgo_sleep(2000000000);
}

int main(int, char **argv)
{
	std::terminate_handler before = std::get_terminate();

	if (!std::strcmp(argv[1], "handler"))
		if (std::set_terminate(handler) != before)
			return 1;
	return pgo_run(begin, argv[1]);
}
