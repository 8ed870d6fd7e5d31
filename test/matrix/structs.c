/* Structs by value, in and out: in registers, in memory, of mixed classes. */
#include <string.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

struct tiny {
	char c;
};

struct mixed {
	double d;
	long l;
};

struct floats {
	float f[4];
};

struct three {
	long l[3];
};

struct odd {
	char c[37];
};

struct wide {
	long l[40];
};

struct real {
	long double d;
	int n;
};

union both {
	long l;
	double d;
};

CALLED static struct tiny of_tiny(struct tiny t, int n)
{
	t.c = (char)(t.c + n);
	return t;
}

CALLED static struct mixed of_mixed(struct mixed a, struct mixed b)
{
	pgo_yield();
	return (struct mixed){ a.d + b.d * 2, a.l * 3 + b.l };
}

CALLED static struct floats of_floats(struct floats a, float k)
{
	for (int i = 0; i < 4; i++)
		a.f[i] *= k;
	return a;
}

CALLED static struct three of_three(struct three a, struct tiny t, long k)
{
	pgo_yield();
	a.l[1] += t.c;
	a.l[2] *= k;
	return a;
}

CALLED static struct odd of_odd(struct odd o, union both b)
{
	o.c[36] = (char)(o.c[0] + b.l % 7);
	return o;
}

/* Each level passes all of it on by value. */
CALLED static struct wide of_wide(struct wide w, int depth)
{
	w.l[depth % 40] += depth;
	if (depth)
		w = of_wide(w, depth - 1);
	else
		pgo_yield();
	w.l[(depth + 1) % 40] ^= depth;
	return w;
}

CALLED static struct real of_real(struct real r, struct wide w)
{
	pgo_yield();
	return (struct real){ r.d * 2 + w.l[3], r.n + (int)w.l[4] };
}

uint64_t sum_structs(uint64_t seed)
{
	int n = (int)(seed % 50);
	struct tiny tiny = of_tiny((struct tiny){ 'a' }, n % 20);
	struct mixed mixed = of_mixed((struct mixed){ 1.5, n },
				      (struct mixed){ n, 4 });
	struct floats floats = of_floats((struct floats){ { 1, 2, 3, 4 } },
					 (float)n);
	struct three three = of_three((struct three){ { 1, n, 3 } }, tiny, n);
	struct odd odd = of_odd((struct odd){ "odd" }, (union both){ n });
	struct wide wide = { { n, 1, 2, 3, 4 } };
	struct real real;
	uint64_t sum = mix((uint64_t)tiny.c, (uint64_t)(mixed.d * 2));

	wide = of_wide(wide, n);
	real = of_real((struct real){ 0.5L, n }, wide);
	sum = mix(sum, (uint64_t)mixed.l);
	for (int i = 0; i < 4; i++)
		sum = mix(sum, (uint64_t)floats.f[i]);
	for (int i = 0; i < 3; i++)
		sum = mix(sum, (uint64_t)three.l[i]);
	sum = mix(sum, (uint64_t)(odd.c[36] + odd.c[1]));
	for (int i = 0; i < 40; i++)
		sum = mix(sum, (uint64_t)wide.l[i]);
	return mix(sum, (uint64_t)(real.d * 2) + (uint64_t)real.n);
}
