/*
 * What test/unit/sym.c looks up: two inlined calls inside one function, and a
 * function of its own.  The lines are counted on there.
 */
volatile int sink;

static inline __attribute__((always_inline)) void inner(int v)
{
	sink = v * 3;                                   /* line 9 */
}

static inline __attribute__((always_inline)) void middle(int v)
{
	sink++;
	inner(v + 1);                                   /* line 15 */
}

__attribute__((noipa)) void outer(int v)
{
	middle(v);                                      /* line 20 */
	__asm__ volatile("");
}

int main(void)
{
	outer(1);                                       /* line 26 */
	return 0;
}
