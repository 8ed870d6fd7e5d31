/*
 * Functions of every frame shape gcc makes, to be single-stepped by
 * test/unit/walk.c, which compiles this file with many flags.
 */
#include <stdarg.h>

#define SHOWN __attribute__((visibility("default"), noinline, noclone))
#define INNER static __attribute__((noinline, noclone))

int ext(int *p, int n);
int steps(int n);

/* Visible: called through the PLT. */
SHOWN int ext(int *p, int n)
{
	if (p)
		*p = n;
	return n + 1;
}

INNER int leaf(int x)
{
	volatile char z[32];

	z[0] = (char)x;
	return z[0];
}

INNER int frameless(int x)
{
	return x * 3 + 1;
}

INNER int large(int x)
{
	int a[300];

	return ext(a, x) + leaf(x) + a[0];
}

INNER int allocates(int n)
{
	volatile char *p = __builtin_alloca(n);

	p[0] = 3;
	ext((int *)p, n);
	return p[1] + frameless(n);
}

INNER int realigned(int x)
{
	int a[8] __attribute__((aligned(64)));

	return ext(a, x) + leaf(a[0]);
}

/* Realigned and of variable size: gcc keeps the old sp in %r10. */
INNER int realigned_twice(int x)
{
	int a[8] __attribute__((aligned(64)));
	int *p = __builtin_alloca(x * 16);

	return ext(a, x) + ext(p, x) + a[0];
}

INNER int variadic(int n, ...)
{
	va_list ap;
	int sum = 0;

	va_start(ap, n);
	while (n-- > 0)
		sum += va_arg(ap, int);
	va_end(ap);
	return ext(&sum, sum);
}

INNER int many(int a, int b, int c, int d, int e, int f, int g, int h)
{
	int q[3];
	int r = ext(&a, b) + ext(q, c);

	return r + a * b + c * d + e * f + g * h;
}

/* Shrink-wrapped at -O2: the early path has no frame. */
INNER int early(int x)
{
	int a[10];

	if (x == 0)
		return 1;
	return ext(a, x) + 1;
}

INNER int tail(int x)
{
	return ext(0, x);
}

INNER int recurses(int n)
{
	return n == 0 ? leaf(n) : recurses(n - 1) + 1;
}

struct big {
	long v[6];
};

INNER struct big by_value(struct big b)
{
	b.v[0] += ext((int *)&b.v[1], 2);
	return b;
}

SHOWN int steps(int n)
{
	struct big b = { { n } };

	return leaf(n) + frameless(n) + large(n) + allocates(50) +
	       realigned(n) + realigned_twice(3) + variadic(3, n, 2, 1) +
	       many(1, 2, 3, 4, 5, 6, 7, n) + early(0) + early(n) + tail(n) +
	       recurses(4) + (int)by_value(b).v[0];
}
