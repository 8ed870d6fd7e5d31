/* Arguments by va_list: of all classes, copied, handed on, in great numbers. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

struct pair {
	long a;
	double b;
};

struct large {
	char text[40];
};

/* One argument a letter of FORMAT. */
CALLED static uint64_t walk(const char *format, va_list ap)
{
	uint64_t sum = 1;

	for (; *format; format++) {
		struct large l;
		struct pair p;

		switch (*format) {
		case 'i':
			sum = mix(sum, (unsigned)va_arg(ap, int));
			break;
		case 'l':
			sum = mix(sum, va_arg(ap, uint64_t));
			break;
		case 'd':
			sum = mix(sum, (uint64_t)(va_arg(ap, double) * 8));
			break;
		case 'D':
			sum = mix(sum, (uint64_t)(va_arg(ap, long double) * 8));
			break;
		case 's':
			sum = mix(sum, strlen(va_arg(ap, char *)));
			break;
		case 'p':
			p = va_arg(ap, struct pair);
			sum = mix(sum, (uint64_t)p.a + (uint64_t)(p.b * 4));
			break;
		case 'L':
			l = va_arg(ap, struct large);
			sum = mix(sum, strlen(l.text));
			break;
		}
		pgo_yield();
	}
	return sum;
}

CALLED static uint64_t of_all(const char *format, ...)
{
	va_list ap, again;
	uint64_t sum;

	va_start(ap, format);
	va_copy(again, ap);
	sum = walk(format, ap);
	va_end(ap);
	pgo_yield();
	if (walk(format, again) != sum)
		sum = 0;
	va_end(again);
	return sum;
}

/* The list begins on the stack: six words are named. */
CALLED static uint64_t after_six(long a, long b, long c, long d, long e,
				 const char *format, ...)
{
	va_list ap;
	uint64_t sum;

	va_start(ap, format);
	sum = walk(format, ap);
	va_end(ap);
	return mix(sum, (uint64_t)(a + 2 * b + 3 * c + 4 * d + 5 * e));
}

CALLED static int print(char *to, size_t n, const char *format, ...)
{
	va_list ap;
	int length;

	va_start(ap, format);
	length = vsnprintf(to, n, format, ap);
	va_end(ap);
	return length;
}

uint64_t sum_varargs(uint64_t seed)
{
	struct large large = { "a text of some length" };
	struct pair pair = { (long)seed, 1.25 };
	double x = (double)(seed % 1000) / 8;
	int n = (int)(seed % 97);
	char text[120];
	uint64_t sum;

	sum = of_all("ildDspL", n, seed, x, (long double)x * 2, "word", pair,
		     large);
	sum = mix(sum, of_all("iiiiiiiiddddddddddDDll", n, 1, 2, 3, 4, 5, 6, 7,
			      x, 1., 2., 3., 4., 5., 6., 7., 8., 9., 3.5L,
			      4.5L, seed, seed + 1));
	sum = mix(sum, after_six(1, 2, 3, 4, (long)(seed & 0xffff), "dpDiL", x,
				 pair, 0.5L, n, large));
	sum = mix(sum, (unsigned)print(text, sizeof(text),
				       "%d %s %.3f %Lf %ld %c", n, "abc", x,
				       (long double)x, (long)(seed & 0xffff),
				       'z'));
	return mix(sum, strlen(text));
}
