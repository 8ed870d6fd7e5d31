/*
 * One check per way in which split code and libc meet.  All of it runs in one
 * goroutine on the smallest first segment.  Prints what failed and how many.
 */

#define _GNU_SOURCE
#include <alloca.h>
#include <arpa/inet.h>
#include <complex.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netdb.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include <pgo/pgo.h>

static int failed;
static volatile long double one = 1, two = 2, three = 3, four = 4;
static volatile double dtwo = 2;

#define CHECK(e) check(e, #e, __LINE__)

static void check(int ok, const char *what, int line)
{
	if (ok)
		return;
	failed++;
	fprintf(stderr, "FAIL line %d: %s\n", line, what);
}

static __attribute__((noipa)) int depth(int n)
{
	volatile char frame[300];

	frame[0] = (char)n;
	return n ? depth(n - 1) + 1 + (frame[0] != (char)n) : 0;
}

static int format(char *to, size_t n, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vsnprintf(to, n, fmt, ap);
	va_end(ap);
	return rc;
}

static void variadic(void)
{
	char b[600], word[20], *big = malloc(9000);
	int x, y;

	CHECK(snprintf(b, sizeof(b), "%d %d %d %d %d %d %s %g %g %g %g %g %g "
		       "%g %g %g %Lg %d", 1, 2, 3, 4, 5, 6, "seven", .1, .2,
		       .3, .4, .5, .6, .7, .8, .9, 1.25L, 99) > 0);
	CHECK(!strcmp(b, "1 2 3 4 5 6 seven 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 "
		      "0.9 1.25 99"));
	sprintf(b, "%Lf %d %Lf", 1.5L, 3, 2.5L);
	CHECK(!strcmp(b, "1.500000 3 2.500000"));
	CHECK(format(b, sizeof(b), "%s %d %f", "abc", 5, 1.5) == 14);
	CHECK(snprintf(big, 9000, "%Lf", (long double)1e4000L) > 4000);
	CHECK(sscanf("12 ab 7", "%d %19s %d", &x, word, &y) == 3);
	CHECK(x == 12 && y == 7 && !strcmp(word, "ab"));
	CHECK(swprintf((wchar_t *)b, 100, L"%d", 5) == 1);
	free(big);
}

static void arithmetic(void)
{
	int e;

	CHECK(div(7, 2).rem == 1 && lldiv(7LL, 2LL).quot == 3);
	CHECK(fabsl(sinl(one) - 0.84147098480789650665L) < 1e-17L);
	CHECK(fmal(two, three, four) == 10);
	CHECK(fabsl(powl(three, two) - 9) < 1e-12L);
	CHECK(frexpl(two * 4, &e) == .5L && e == 4);
	CHECK(ldexpl(one / 2, 4) == 8);
	CHECK(fabs(creal(cpow(dtwo, 3)) - 8) < 1e-9);
	CHECK(fabsl(creall(cpowl(two, one + four)) - 32) < 1e-9L);
	CHECK(cabsl(three + four * I) == 5);
	CHECK(crealf(cexpf((float)dtwo - 2)) == 1);
	CHECK(nexttoward(1, two) > 1);
}

static int by_string(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int yields;

static int by_int_yielding(const void *a, const void *b)
{
	yields++;
	pgo_yield();
	return *(const int *)a - *(const int *)b;
}

static void add_fifty(void *sum)
{
	int i;

	for (i = 0; i < 50; i++) {
		++*(volatile int *)sum;
		pgo_yield();
	}
}

static void callbacks(void)
{
	char *w[] = { "pear", "apple", "fig" };
	int v[60], i, ok = 1, sum = 0;

	qsort(w, 3, sizeof(*w), by_string);
	CHECK(!strcmp(w[0], "apple") && !strcmp(w[2], "pear"));
	CHECK(pgo_go(add_fifty, &sum) > 0);
	for (i = 0; i < 60; i++)
		v[i] = i * 17 % 60;
	qsort(v, 60, sizeof(*v), by_int_yielding);
	for (i = 0; i < 60; i++)
		ok &= v[i] == i;
	CHECK(ok && yields > 100);
	while (*(volatile int *)&sum < 50)
		pgo_yield();
}

static void pointers(void)
{
	int (*volatile print)(char *, size_t, const char *, ...) = snprintf;
	int (*volatile compare)(const char *, const char *) = strcasecmp;
	char b[100];

	CHECK(print(b, sizeof(b), "%d %f", 4, 2.5) == 10);
	CHECK(compare("A", "a") == 0);
}

/* A static program has no names to be found by. */
#ifndef STATIC
static void found_by_name(void)
{
	double (*cosine)(double) = dlsym(RTLD_DEFAULT, "cos");
	int (*found)(char *, size_t, const char *, ...) =
		dlsym(RTLD_DEFAULT, "snprintf");
	FILE **out = dlsym(RTLD_DEFAULT, "stdout");
	char b[100];

	CHECK(cosine && cosine(0) == 1);
	CHECK(found && found(b, sizeof(b), "%d %d %d %d %d %f %s", 1, 2, 3, 4,
			     5, 6.5, "z") == 20);
	CHECK(!strcmp(b, "1 2 3 4 5 6.500000 z"));
	CHECK(out && *out == stdout);
}
#else
#define found_by_name pointers
#endif

static void files(void)
{
	struct stat st;
	char b[9];
	int fd;

	CHECK(stat("/", &st) == 0 && S_ISDIR(st.st_mode));
	fd = open("x.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == 0 && write(fd, "hi", 2) == 2);
	close(fd);
	fd = open64("x.tmp", O_RDONLY);
	CHECK(read(fd, b, sizeof(b)) == 2);
	close(fd);
	errno = 0;
	CHECK(open("/nonexistent", O_RDONLY) < 0 && errno == ENOENT);
	errno = 0;
	CHECK(strtol("5", NULL, 10) == 5 && errno == 0);
}

static void deep_libc(void)
{
	struct in_addr in = { htonl(0x7f000001) };
	struct addrinfo *r = NULL;
	regex_t re;

	CHECK(!strcmp(inet_ntoa(in), "127.0.0.1"));
	CHECK(!regcomp(&re, "^([a-z]+)-([0-9]+)$", REG_EXTENDED));
	CHECK(!regexec(&re, "abc-12", 0, NULL, 0));
	regfree(&re);
	CHECK(getaddrinfo("127.0.0.1", "80", NULL, &r) == 0);
	if (r)
		freeaddrinfo(r);
}

static jmp_buf mark;

static __attribute__((noipa)) void dive(int n)
{
	volatile char frame[300];

	frame[0] = (char)n;
	if (n == 0)
		longjmp(mark, 7);
	dive(n - 1);
	frame[1] = frame[0];
}

static int compared;

static int by_jump(const void *a, const void *b)
{
	(void)a;
	(void)b;
	if (++compared == 20)
		longjmp(mark, 9);
	return 1;
}

static void jumps(void)
{
	int v[100] = { 0 };

	if (setjmp(mark) == 0) {
		dive(60);
		CHECK(!"longjmp over segments");
	}
	CHECK(depth(100) == 100);
	if (setjmp(mark) == 0) {
		qsort(v, 100, sizeof(*v), by_jump);
		CHECK(!"longjmp out of qsort");
	}
	CHECK(depth(200) == 200);
}

static volatile int signals;

static void on_signal(int s)
{
	char b[600];

	snprintf(b, sizeof(b), "%d %f", s, 1.5);
	signals += depth(20) == 20;
	errno = 77;
}

static void handlers(void)
{
	int i, waits;

	signal(SIGUSR1, on_signal);
	errno = 3;
	for (i = 0; i < 10; i++) {
		kill(getpid(), SIGUSR1);
		for (waits = 0; signals <= i && waits < 10000; waits++)
			usleep(100);
		CHECK(depth(30) == 30);
	}
	CHECK(signals == 10 && errno == 3);
}

static void *thread(void *arg)
{
	char b[64];

	snprintf(b, sizeof(b), "%s %Lf %f", (char *)arg, 1.5L, 2.5);
	CHECK(!strcmp(b, "x 1.500000 2.500000"));
	CHECK(depth(3000) == 3000);
	return &signals;
}

static void threads(void)
{
	void *result = NULL;
	pthread_t t;

	CHECK(!pthread_create(&t, NULL, thread, "x"));
	CHECK(!pthread_join(t, &result) && result == &signals);
}

static __attribute__((noipa)) long fill(int n)
{
	char *p = alloca((size_t)n);
	long sum = 0;
	int i;

	memset(p, 3, (size_t)n);
	for (i = 0; i < n; i++)
		sum += p[i];
	return sum;
}

static void allocas(void)
{
	long sum = 0;
	int i;

	for (i = 1; i < 40; i++)
		sum += fill(i * 1000);
	CHECK(sum == 3L * 1000 * 780);
}

static void processes(void)
{
	char b[99];
	FILE *p;

	CHECK(system("exit 3") >> 8 == 3);
	p = popen("echo hello", "r");
	CHECK(p && fgets(b, sizeof(b), p) && !strcmp(b, "hello\n"));
	if (p)
		pclose(p);
}

static void at_exit(void)
{
	char b[100];

	snprintf(b, sizeof(b), "%f", 2.25);
	printf("atexit ran, %d failures\n", failed);
}

static void all(void *arg)
{
	void (**one_of)(void);

	for (one_of = arg; *one_of; one_of++)
		(*one_of)();
}

int main(void)
{
	static void (*parts[])(void) = {
		variadic, arithmetic, callbacks, pointers, found_by_name,
		files, deep_libc, jumps, handlers, threads, allocas, processes,
		NULL
	};

	atexit(at_exit);
	CHECK(pgo_run(all, parts) == 0);
	CHECK(depth(1000) == 1000);
	return failed != 0;
}
