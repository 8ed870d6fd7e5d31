/*
 * A table of checks over the same few facts: what /proc says of us and of the
 * target.  A check that has nothing to say of a target says nothing.
 *
 * The rules are those of ptrace_may_access() and of Yama: reading memory asks
 * for as much as attaching a debugger, reading links and maps for less.
 */
#include "lib/target/doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "lib/target/look.h"

enum {
	FILE_BYTES_MAX = 65536,
	CAP_BIT_SYS_PTRACE = 19,
	CAP_BIT_SYS_ADMIN = 21,
	CAP_BIT_PERFMON = 38,
	SECCOMP_FILTER = 2,
};

/* A process, by its status file. */
struct who {
	uint64_t uid[3], gid[3];        /* real, effective, saved */
	uint64_t permitted, effective;  /* capabilities */
	uint64_t tracer, seccomp;
	uint64_t depth;                 /* pid namespaces down from ours */
	uint64_t inner_pid;             /* in its own */
	char state;                     /* 'R', 'Z', ... */
};

struct facts {
	const char *root;
	pid_t pid;                      /* 0: nobody in particular */
	struct who us, them;
	struct buf file;
};

/* Files ---------------------------------------------------------------------*/

static const char *slurp(struct facts *f, const char *path)
{
	char full[PATH_MAX];

	buf_reset(&f->file);
	snprintf(full, sizeof(full), "%s%s", f->root, path);
	if (fd_slurp(full, &f->file, FILE_BYTES_MAX, NULL) < 0)
		return "";
	return buf_str(&f->file);
}

/* /proc/PID/FILE, of the target. */
static const char *slurp_their(struct facts *f, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)f->pid, file);
	return slurp(f, path);
}

/* The number in the file PATH, -1 when there is none. */
static long number_in(struct facts *f, const char *path)
{
	const char *text = slurp(f, path);
	char *end;
	long v = strtol(text, &end, 10);

	return end == text ? -1 : v;
}

/* Fills the N numbers behind KEY in a status file; how many were there. */
static size_t numbers(const char *text, const char *key, int base,
		      uint64_t *out, size_t n)
{
	char line[32], *end;
	const char *at;
	size_t had = 0;

	snprintf(line, sizeof(line), "\n%s:", key);
	at = strstr(text, line);
	if (!at)
		return 0;
	at += strlen(line);
	for (; had < n; had++, at = end) {
		at += strspn(at, " \t");
		if (*at == '\n' || !*at)
			break;
		out[had] = strtoull(at, &end, base);
		if (end == at)
			break;
	}
	return had;
}

static bool read_who(struct who *w, const char *text)
{
	uint64_t inner[32];
	const char *state = strstr(text, "\nState:\t");

	*w = (struct who){ .state = '?' };
	if (!*text)
		return false;
	if (state)
		w->state = state[strlen("\nState:\t")];
	numbers(text, "Uid", 10, w->uid, 3);
	numbers(text, "Gid", 10, w->gid, 3);
	numbers(text, "CapPrm", 16, &w->permitted, 1);
	numbers(text, "CapEff", 16, &w->effective, 1);
	numbers(text, "TracerPid", 10, &w->tracer, 1);
	numbers(text, "Seccomp", 10, &w->seccomp, 1);
	w->depth = numbers(text, "NSpid", 10, inner, 32);
	if (w->depth)
		w->inner_pid = inner[--w->depth];
	return true;
}

/* Checks --------------------------------------------------------------------*/

static bool has_cap(const struct who *w, int bit)
{
	return w->effective >> bit & 1;
}

static bool may_all(const struct facts *f)
{
	return has_cap(&f->us, CAP_BIT_SYS_PTRACE);
}

#define SUDO "sudo pgo-trace ...\n" \
	     "or: sudo setcap cap_sys_ptrace+ep $(command -v pgo-trace)"

__attribute__((format(printf, 3, 4)))
static void say(struct doctor_finding *d, enum doctor_state state,
		const char *fmt, ...)
{
	va_list ap;

	d->state = state;
	va_start(ap, fmt);
	vsnprintf(d->what, sizeof(d->what), fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3)))
static void advise(struct doctor_finding *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->remedy, sizeof(d->remedy), fmt, ap);
	va_end(ap);
}

static void check_alive(struct facts *f, struct doctor_finding *d)
{
	const char *link = slurp_their(f, "cmdline");

	if (f->them.state == 'Z')
		say(d, DOCTOR_HINDERS, "it has ended, its parent has not yet "
		    "noticed");
	else if (f->them.state == 'T' || f->them.state == 't')
		say(d, DOCTOR_NOTE, "it is stopped; what is read stays as it "
		    "is");
	else if (!*link)
		say(d, DOCTOR_HINDERS, "a thread of the kernel: it has no "
		    "memory of its own");
	else
		say(d, DOCTOR_FINE, "it runs");
}

static void check_uid(struct facts *f, struct doctor_finding *d)
{
	const struct who *u = &f->us, *t = &f->them;
	bool same = true;

	for (int i = 0; i < 3; i++)
		same &= t->uid[i] == u->uid[0] && t->gid[i] == u->gid[0];
	if (may_all(f)) {
		say(d, DOCTOR_FINE, "you have CAP_SYS_PTRACE");
	} else if (same) {
		say(d, DOCTOR_FINE, "same user, uid %" PRIu64, u->uid[0]);
	} else {
		say(d, DOCTOR_HINDERS, "it runs as uid %" PRIu64 " gid %" PRIu64
		    ", you as uid %" PRIu64 " gid %" PRIu64, t->uid[1],
		    t->gid[1], u->uid[0], u->gid[0]);
		advise(d, "sudo -u '#%" PRIu64 "' pgo-trace ...\nor: " SUDO,
		       t->uid[1]);
	}
}

/* The kernel gives the files of a process that must not be looked at to
 * root. */
static void check_dumpable(struct facts *f, struct doctor_finding *d)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/proc/%d/maps", f->root, (int)f->pid);
	if (stat(path, &st) < 0 || st.st_uid == f->them.uid[1]) {
		say(d, DOCTOR_FINE, "it lets itself be looked at");
	} else if (may_all(f)) {
		say(d, DOCTOR_NOTE, "it is not dumpable, which does not keep "
		    "you out");
	} else {
		say(d, DOCTOR_HINDERS, "it is not dumpable: it has changed its "
		    "user, runs a file that may not be read, or has said "
		    "PR_SET_DUMPABLE 0");
		advise(d, SUDO);
	}
}

static void check_capabilities(struct facts *f, struct doctor_finding *d)
{
	uint64_t more = f->them.permitted & ~f->us.permitted;

	if (may_all(f) || !more) {
		say(d, DOCTOR_FINE, "it has none that you have not");
		return;
	}
	say(d, DOCTOR_HINDERS, "it has capabilities that you have not: 0x%"
	    PRIx64, more);
	advise(d, SUDO);
}

static void check_tracer(struct facts *f, struct doctor_finding *d)
{
	if (!f->them.tracer) {
		say(d, DOCTOR_FINE, "no debugger holds it");
		return;
	}
	say(d, DOCTOR_NOTE, "process %" PRIu64 " debugs it: no --freeze, no "
	    "stacks of running goroutines, no --sampler=ptrace",
	    f->them.tracer);
	advise(d, "end the debugger, process %" PRIu64, f->them.tracer);
}

static void check_ptrace_scope(struct facts *f, struct doctor_finding *d)
{
	long scope = number_in(f, "/proc/sys/kernel/yama/ptrace_scope");

	if (scope <= 0) {
		say(d, DOCTOR_FINE, "processes of a user may look at each "
		    "other");
	} else if (scope >= 3) {
		say(d, DOCTOR_HINDERS, "%ld: nobody may look at another "
		    "process", scope);
		advise(d, "boot with kernel.yama.ptrace_scope below 3 in "
		       "/etc/sysctl.d");
	} else if (may_all(f)) {
		say(d, DOCTOR_FINE, "%ld, which CAP_SYS_PTRACE passes", scope);
	} else {
		say(d, DOCTOR_HINDERS, "%ld: %s", scope, scope == 1 ?
		    "only what you start yourself may be looked at" :
		    "only root may look");
		advise(d, "sudo sysctl kernel.yama.ptrace_scope=0\nor: " SUDO);
	}
}

static void check_perf(struct facts *f, struct doctor_finding *d)
{
	long level = number_in(f, "/proc/sys/kernel/perf_event_paranoid");

	if (level <= 2 || has_cap(&f->us, CAP_BIT_PERFMON) ||
	    has_cap(&f->us, CAP_BIT_SYS_ADMIN)) {
		say(d, DOCTOR_FINE, "%ld: CPU time can be sampled by perf "
		    "events", level);
		return;
	}
	say(d, DOCTOR_NOTE, "%ld: no perf events, so CPU time is sampled by "
	    "stopping threads for some 50 us each time", level);
	advise(d, "sudo sysctl kernel.perf_event_paranoid=2\n"
		  "or: sudo setcap cap_perfmon+ep $(command -v pgo-trace)");
}

static void check_seccomp(struct facts *f, struct doctor_finding *d)
{
	if (f->us.seccomp != SECCOMP_FILTER) {
		say(d, DOCTOR_FINE, "no filter of system calls here");
		return;
	}
	say(d, DOCTOR_NOTE, "this shell's system calls are filtered, ptrace "
	    "and process_vm_readv perhaps among them");
	advise(d, "docker run --cap-add=SYS_PTRACE "
		  "--security-opt seccomp=unconfined ...\n"
		  "or look from outside the container");
}

/* Which kind of container the control group is of; "" for none. */
static const char *container_of(const char *cgroup)
{
	static const struct { const char *part, *name; } kinds[] = {
		{ "kubepods", "kubernetes" }, { "docker", "docker" },
		{ "libpod", "podman" }, { "containerd", "containerd" },
		{ "lxc", "lxc" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strstr(cgroup, kinds[i].part))
			return kinds[i].name;
	return "";
}

static bool same_namespace(const struct facts *f, const char *kind)
{
	char path[PATH_MAX], ours[64] = "", theirs[64] = "";

	snprintf(path, sizeof(path), "%s/proc/self/ns/%s", f->root, kind);
	if (readlink(path, ours, sizeof(ours) - 1) < 0)
		return true;
	snprintf(path, sizeof(path), "%s/proc/%d/ns/%s", f->root, (int)f->pid,
		 kind);
	if (readlink(path, theirs, sizeof(theirs) - 1) < 0)
		return true;
	return !strcmp(ours, theirs);
}

static void check_namespaces(struct facts *f, struct doctor_finding *d)
{
	if (!same_namespace(f, "user") && f->us.uid[1] != 0) {
		say(d, DOCTOR_HINDERS, "it is in another user namespace");
		advise(d, "sudo nsenter -U -t %d --preserve-credentials "
		       "pgo-trace ...\nor: sudo pgo-trace ...", (int)f->pid);
	} else if (f->them.depth) {
		say(d, DOCTOR_NOTE, "it is in a container, where its pid is %"
		    PRIu64 "; that does not hinder", f->them.inner_pid);
	} else {
		say(d, DOCTOR_FINE, "the same as ours");
	}
}

static void check_container(struct facts *f, struct doctor_finding *d)
{
	const char *kind = container_of(slurp(f, "/proc/self/cgroup"));
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/.dockerenv", f->root);
	if (!*kind && access(path, F_OK) == 0)
		kind = "docker";
	if (!*kind || may_all(f)) {
		say(d, DOCTOR_FINE, *kind ? "you are in one, with "
		    "CAP_SYS_PTRACE" : "you are in none");
		return;
	}
	say(d, DOCTOR_NOTE, "you are in one (%s), without CAP_SYS_PTRACE: "
	    "only processes of your own user can be looked at", kind);
	advise(d, "docker run --cap-add=SYS_PTRACE --pid=container:NAME ...\n"
	       "or: kubectl debug -it POD --image=IMAGE --target=CONTAINER "
	       "--profile=sysadmin");
}

/* Whether it works after all, which only this machine can tell. */
static void check_attach(struct facts *f, struct doctor_finding *d)
{
	static struct look l;

	if (f->root[0])
		return;
	if (look_at(&l, f->pid) < 0)
		say(d, DOCTOR_HINDERS, "neither a Go program nor one of pgo's");
	else if (!l.how)
		say(d, DOCTOR_HINDERS, "%s", l.why.text);
	else
		say(d, DOCTOR_FINE, "%s, by %s", l.version, l.how);
}

static const struct check {
	const char *name;
	bool of_target;
	void (*look)(struct facts *f, struct doctor_finding *d);
} checks[] = {
	{ "process", true, check_alive },
	{ "uid", true, check_uid },
	{ "dumpable", true, check_dumpable },
	{ "capabilities", true, check_capabilities },
	{ "tracer", true, check_tracer },
	{ "namespaces", true, check_namespaces },
	{ "ptrace_scope", false, check_ptrace_scope },
	{ "perf_event_paranoid", false, check_perf },
	{ "seccomp", false, check_seccomp },
	{ "container", false, check_container },
	{ "attach", true, check_attach },
};

int doctor_look(struct doctor_finding *out, const char *root, pid_t pid,
		struct err *e)
{
	struct facts f = { .root = root, .pid = pid };
	int n = 0;

	read_who(&f.us, slurp(&f, "/proc/self/status"));
	if (pid && !read_who(&f.them, slurp_their(&f, "status"))) {
		buf_release(&f.file);
		return err_say(e, -ESRCH, "%d: no such process", (int)pid);
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		if (checks[i].of_target && !pid)
			continue;
		out[n] = (struct doctor_finding){ .check = checks[i].name };
		checks[i].look(&f, &out[n]);
		n += out[n].what[0] != '\0';
	}
	buf_release(&f.file);
	return n;
}
