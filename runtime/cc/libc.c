/*
 * The classes of libc's functions.
 *
 * Most follow from the prototype.  The tables hold what no prototype tells:
 * which functions are short and never block (they stay on the goroutine's
 * stack: less than 512 bytes of it, measured), which variadic ones never
 * look beyond six registers, and which must not be touched at all.
 */

#include "runtime/cc/libc.h"

#include <string.h>

#include "runtime/cc/mem.h"
#include "runtime/cc/proto.h"

const char *const libc_own[] = {
	"__errno_location", "longjmp", "_longjmp", "siglongjmp",
	"__longjmp_chk", "dlsym", "pthread_create", "vfork",
	"pthread_exit", "thrd_exit",
	"_ZSt13set_terminatePFvvE", "_ZSt13get_terminatev",
	/* runtime/child.c */
	"posix_spawn", "posix_spawnp", "system", "popen", "wordexp", "execve",
	"execv", "execvp", "execvpe", "fexecve", "execveat", "execl",
	"execlp", "execle",
	/* runtime/sigaction.c */
	"sigaction", "__sigaction", "signal", "bsd_signal", "ssignal",
	"sysv_signal", "__sysv_signal", "sigset", "siginterrupt",
	/* runtime/sigmask.c */
	"pthread_sigmask", "sigprocmask", "sigblock", "sigsetmask",
	"siggetmask", "sighold", "sigrelse", "sigsuspend", "__sigsuspend",
	"sigpause", "__sigpause", "__xpg_sigpause", "pause", "raise",
	"gsignal", "kill", "pthread_kill", "sigaltstack",
	NULL
};

const char *const libc_unwind[] = {
	"_Unwind_RaiseException", "_Unwind_Resume",
	"_Unwind_Resume_or_Rethrow", "_Unwind_ForcedUnwind",
	"_Unwind_DeleteException", "_Unwind_Backtrace", NULL
};

static const char *const leaf[] = {
	"memcpy", "memmove", "memset", "memcmp", "memchr", "memrchr",
	"rawmemchr", "mempcpy", "__memcpy_chk", "__memmove_chk",
	"__memset_chk", "__mempcpy_chk", "bcmp", "bcopy", "bzero",
	"explicit_bzero", "strlen", "strnlen", "strcmp", "strncmp", "strchr",
	"strrchr", "strchrnul", "strcpy", "strncpy", "stpcpy", "stpncpy",
	"strcat", "strncat", "strspn", "strcspn", "strpbrk", "__strcpy_chk",
	"__strcat_chk", "__strncpy_chk", "__stpcpy_chk", "isalnum", "isalpha",
	"isdigit", "isspace", "isupper", "islower", "isprint", "ispunct",
	"isxdigit", "isgraph", "iscntrl", "toupper", "tolower",
	"__ctype_b_loc", "__ctype_tolower_loc", "__ctype_toupper_loc", "abs",
	"labs", "llabs", "div", "ldiv", "lldiv", "rand_r", "ffs", "ffsl",
	"ffsll", "htons", "htonl", "ntohs", "ntohl", "clock_gettime", "time",
	"gettimeofday", "getpid", "gettid", "getuid", "getppid",
	"sched_yield", "pthread_self", "pthread_equal", "sched_getcpu",
	"wmemcpy", "wmemset", "wcslen", "__h_errno_location", "getauxval",
	"sqrt", "sqrtf", "fabs", "fabsf", "floor", "floorf", "ceil", "ceilf",
	"rint", "rintf", "trunc", "truncf", "fmin", "fmax", "fminf", "fmaxf",
	"copysign", "copysignf", NULL
};

static const char *const twice[] = {
	"setjmp", "_setjmp", "__sigsetjmp", "sigsetjmp", "__vfork",
	"getcontext", "savectx", NULL
};

static const char *const bare[] = {
	"setcontext", "swapcontext", "makecontext", "clone", "__clone",
	"__clone2", "__tls_get_addr", "__stack_chk_fail", "_mcount", "mcount",
	"__fentry__", "__gmon_start__", "__cxa_finalize",
	"__gcc_personality_v0", "__gxx_personality_v0",
	"__deregister_frame_info", "__register_frame_info",
	"__deregister_frame", "__register_frame", "_fini", "_init",
	"arch_prctl", "__arch_prctl", "brk", "sbrk", "__sbrk", "__brk",
	"xdr_void", NULL
};

static const char *const allocator[] = {
	"malloc", "calloc", "realloc", "reallocarray", "free", "memalign",
	"aligned_alloc", "posix_memalign", "valloc", "pvalloc", "strdup",
	"__strdup", "strndup", "__strndup", NULL
};

/* Variadic, but never more than six words and no floats. */
static const char *const few_words[] = {
	"open", "open64", "openat", "openat64", "__open", "__open64", "fcntl",
	"fcntl64", "__fcntl", "ioctl", "prctl", "semctl", "mremap", "ulimit",
	"ptrace", "mq_open", "sem_open", NULL
};

/* Variadic with a v-twin, and the arguments before the dots. */
static const struct {
	const char *name;
	unsigned named;
} twin[] = {
	{ "printf", 1 }, { "fprintf", 2 }, { "sprintf", 2 },
	{ "snprintf", 3 }, { "dprintf", 2 }, { "asprintf", 2 },
	{ "scanf", 1 }, { "fscanf", 2 }, { "sscanf", 2 }, { "wprintf", 1 },
	{ "fwprintf", 2 }, { "swprintf", 3 }, { "wscanf", 1 },
	{ "fwscanf", 2 }, { "swscanf", 2 }, { "syslog", 2 }, { "err", 2 },
	{ "errx", 2 }, { "warn", 1 }, { "warnx", 1 },
	{ "__printf_chk", 2 }, { "__fprintf_chk", 3 }, { "__sprintf_chk", 4 },
	{ "__snprintf_chk", 5 }, { "__dprintf_chk", 3 },
	{ "__asprintf_chk", 3 }, { "__wprintf_chk", 2 },
	{ "__fwprintf_chk", 3 }, { "__swprintf_chk", 5 },
	{ "__syslog_chk", 3 },
};

static int is_one_of(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (!strcmp(*list, name))
			return 1;
	return 0;
}

int libc_is_own(const char *name)
{
	return is_one_of(libc_own, name);
}

int libc_returns_twice(const char *name)
{
	return is_one_of(twice, name);
}

int libc_is_bare(const char *name)
{
	return is_one_of(bare, name) || libc_returns_twice(name) ||
	       str_begins(name, "__libc_") || str_begins(name, "_dl_") ||
	       str_begins(name, "__morestack") ||
	       str_begins(name, "__splitstack") ||
	       (str_begins(name, "_Unwind_") &&
		!is_one_of(libc_unwind, name));
}

int libc_allocates(const char *name)
{
	return is_one_of(allocator, name);
}

/* "__isoc23_" of a name that has it, else "". */
static const char *iso_prefix(const char *name)
{
	if (str_begins(name, "__isoc23_"))
		return "__isoc23_";
	return str_begins(name, "__isoc99_") ? "__isoc99_" : "";
}

static int as_valist(struct thunk *t, const char *name,
		     const struct names *funcs)
{
	const char *iso = iso_prefix(name), *plain = name + strlen(iso);
	const char *under = str_begins(plain, "__") ? "__" : "";
	size_t i;

	for (i = 0; i < sizeof(twin) / sizeof(*twin); i++)
		if (!strcmp(twin[i].name, plain))
			break;
	if (i == sizeof(twin) / sizeof(*twin))
		return 0;
	t->real = str_form("%s%sv%s", iso, under, plain + strlen(under));
	if (!names_find(funcs, t->real)) {
		t->real = name;
		return 0;
	}
	t->kind = THUNK_VALIST;
	t->named = twin[i].named;
	return 1;
}

static void by_prototype(struct thunk *t, const struct names *protos)
{
	struct name *p = names_find(protos, t->name);

	if (!p)
		p = names_find(protos, t->name + strlen(iso_prefix(t->name)));
	if (!p || p->v == PROTO_VARIADIC) {
		t->kind = THUNK_ANY;
	} else if (p->v == 1) {
		t->kind = THUNK_REGS;
	} else {
		t->kind = THUNK_STACK;
		t->stack_bytes = (unsigned)(p->v - 1);
	}
}

void libc_thunk(struct thunk *t, const char *name, const struct names *protos,
		const struct names *funcs)
{
	*t = (struct thunk){ .name = name, .real = name };
	if (is_one_of(leaf, name))
		t->kind = THUNK_LEAF;
	else if (is_one_of(few_words, name) || is_one_of(libc_unwind, name))
		t->kind = THUNK_REGS;
	else if (!as_valist(t, name, funcs))
		by_prototype(t, protos);
}
