/*
 * lib/target: what TARGET means, and the layout note, in files made to
 * mislead and in this very program, which carries a note and a table of its
 * own.
 */
#include "lib/target/target.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <pgo/layout.h>

#include "lib/base/elffile.h"
#include "lib/base/err.h"
#include "lib/target/mem.h"
#include "lib/target/note.h"
#include "lib/target/procs.h"

extern struct pgo_layout test_layout;

struct pgo_layout test_layout = {
	.magic = PGO_LAYOUT_MAGIC,
	.version = PGO_LAYOUT_VERSION,
	.header_bytes = sizeof(struct pgo_layout),
	.field_bytes = sizeof(struct pgo_layout_field),
	.runtime = "pgo test",
	.agent = "127.0.0.1:6060,unix:/run/x.sock",
};

__asm__(".pushsection .note.pgo,\"a\",@note\n\t"
	".balign 4\n\t"
	".long 4, 8, 1\n\t"
	".asciz \"pgo\"\n"
	"0:\t.quad test_layout - 0b\n\t"
	".popsection");

/* An ELF file of one PT_NOTE segment with an alien note before ours. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	Elf64_Nhdr alien;
	char alien_owner[8];
	uint32_t alien_data;
	Elf64_Nhdr note;
	char owner[4];
	int64_t distance;
} __attribute__((packed));

static struct image make_image(void)
{
	struct image i = {
		.header = {
			.e_ident = ELFMAG,
			.e_type = ET_DYN,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_phoff = offsetof(struct image, segment),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 1,
		},
		.segment = {
			.p_type = PT_NOTE,
			.p_offset = offsetof(struct image, alien),
			.p_filesz = sizeof(i) - offsetof(struct image, alien),
			.p_align = 4,
		},
		.alien = { 6, 4, 1 },
		.alien_owner = "alien",
		.note = { 4, 8, PGO_NOTE_LAYOUT },
		.owner = "pgo",
		.distance = -4096,
	};

	i.header.e_ident[EI_CLASS] = ELFCLASS64;
	i.header.e_ident[EI_DATA] = ELFDATA2LSB;
	i.header.e_ident[EI_VERSION] = EV_CURRENT;
	return i;
}

static int find(const struct image *i, struct note *n)
{
	struct elffile f;
	int rc = elffile_open_image(&f, i, sizeof(*i), NULL);

	return rc < 0 ? rc : note_find(n, &f);
}

static void the_note_is_found_behind_others(void **state)
{
	struct image i = make_image();
	struct note n;

	(void)state;
	assert_int_equal(find(&i, &n), 0);
	assert_int_equal(n.offset, offsetof(struct image, distance));
	assert_int_equal(n.distance, -4096);
}

static void notes_of_others_are_not_ours(void **state)
{
	struct image i = make_image();
	struct note n;

	(void)state;
	i.note.n_type = 2;
	assert_int_equal(find(&i, &n), -ENOENT);
	i = make_image();
	i.owner[2] = 'O';
	assert_int_equal(find(&i, &n), -ENOENT);
	i = make_image();
	i.note.n_descsz = 4;
	assert_int_equal(find(&i, &n), -ENOENT);
	i = make_image();
	i.segment.p_type = PT_LOAD;
	assert_int_equal(find(&i, &n), -ENOENT);
}

static void sizes_that_lie_end_the_search(void **state)
{
	static const uint32_t sizes[] = { 0x7fffffff, 0xffffffff, 0xfffffffc,
					  1000 };
	struct image i;
	struct note n;

	(void)state;
	for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
		i = make_image();
		i.alien.n_namesz = sizes[k];
		assert_int_equal(find(&i, &n), -ENOENT);
		i = make_image();
		i.alien.n_descsz = sizes[k];
		assert_int_equal(find(&i, &n), -ENOENT);
	}
	i = make_image();
	i.segment.p_filesz -= 4;        /* cuts our descriptor */
	assert_int_equal(find(&i, &n), -ENOENT);
	i.segment.p_filesz = UINT64_MAX;
	assert_int_equal(find(&i, &n), -ENOENT);
	i.segment.p_offset = UINT64_MAX - 8;
	assert_int_equal(find(&i, &n), -ENOENT);
	i = make_image();
	i.header.e_phnum = 65534;
	assert_int_equal(find(&i, &n), 0);
	i.segment.p_type = PT_NULL;
	assert_int_equal(find(&i, &n), -EINVAL);
	i.header.e_phoff = UINT64_MAX - 8;
	assert_int_equal(find(&i, &n), -EINVAL);
}

/* Whatever byte is changed: an answer, and a note that lies in the file. */
static void no_changed_byte_misleads(void **state)
{
	static const uint8_t values[] = { 0, 1, 4, 0x7f, 0x80, 0xff };

	(void)state;
	for (size_t at = 0; at < sizeof(struct image); at++) {
		for (size_t v = 0; v < sizeof(values); v++) {
			struct image i = make_image();
			struct note n = { 0 };

			((uint8_t *)&i)[at] = values[v];
			if (find(&i, &n) == 0)
				assert_true(n.offset + 8 <= sizeof(i));
		}
	}
}

static void a_programs_table_is_read_from_its_memory(void **state)
{
	struct pgo_layout l;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(note_layout(&l, getpid(), &e), 0);
	assert_string_equal(l.runtime, "pgo test");
	assert_string_equal(l.agent, "127.0.0.1:6060,unix:/run/x.sock");
}

static void what_is_no_table_is_refused(void **state)
{
	const struct pgo_layout good = test_layout;
	struct pgo_layout l;
	struct err e = { 0 };

	(void)state;
	test_layout.magic[0] = 'x';
	assert_int_equal(note_layout(&l, getpid(), &e), -ENOENT);
	test_layout = good;
	test_layout.version = 77;
	assert_int_equal(note_layout(&l, getpid(), &e), -ENODATA);
	assert_non_null(strstr(e.text, "layout of another pgo"));
	test_layout = good;
	test_layout.header_bytes = 8;
	assert_int_equal(note_layout(&l, getpid(), &e), -ENODATA);
	test_layout = good;
	memset(test_layout.agent, 'a', sizeof(test_layout.agent));
	assert_int_equal(note_layout(&l, getpid(), &e), 0);
	assert_int_equal(strlen(l.agent), sizeof(l.agent) - 1);
	test_layout = good;
}

static int mem_read(pid_t pid, uint64_t address, void *out, uint32_t n)
{
	struct space_piece one = { address, out, n, false };
	struct mem m;
	int rc;

	mem_init(&m, pid, NULL);
	rc = mem_readv(&m, &one, 1);
	mem_release(&m);
	return rc < 0 ? rc : one.ok ? 0 : -EFAULT;
}

static void memory_that_is_not_there_is_a_fault(void **state)
{
	char byte, page[64];

	(void)state;
	assert_int_equal(mem_read(getpid(), (uintptr_t)&test_layout, page, 8),
			 0);
	assert_memory_equal(page, PGO_LAYOUT_MAGIC, 8);
	assert_int_equal(mem_read(getpid(), 16, &byte, 1), -EFAULT);
	assert_int_equal(mem_read(getpid(), UINT64_MAX - 4, page, 64),
			 -EFAULT);
	assert_int_equal(mem_read(999999999, 4096, &byte, 1), -ESRCH);
}

/* A child of this program, called NAME. */
static pid_t start(const char *name)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int resolve(struct target *t, pid_t pid, struct err *e)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return target_resolve(t, text, NULL, e);
}

static void a_pid_leads_to_its_unix_socket_first(void **state)
{
	pid_t pid = start("pgo-t-one");
	struct target t;
	struct err e = { 0 };
	char root[32];

	(void)state;
	assert_int_equal(resolve(&t, pid, &e), 0);
	assert_int_equal(t.kind, TARGET_PROCESS);
	assert_int_equal(t.pid, pid);
	assert_non_null(strstr(t.exe, "/test/unit/target"));
	assert_string_equal(t.agent, "unix:/run/x.sock");
	assert_true(t.url.is_unix);
	assert_string_equal(t.url.socket, "/run/x.sock");
	snprintf(root, sizeof(root), "/proc/%d/root", (int)pid);
	assert_string_equal(t.url.root, root);
	assert_int_equal(t.url.peer, pid);
	assert_int_equal(target_resolve(&t, "pgo-t-one", NULL, &e), 0);
	assert_int_equal(t.pid, pid);
	stop(pid);
}

static void tcp_will_do_where_there_is_no_socket(void **state)
{
	const struct pgo_layout good = test_layout;
	struct target t;
	struct err e = { 0 };
	pid_t pid;

	(void)state;
	strcpy(test_layout.agent, "127.0.0.1:6060");
	pid = start("pgo-t-tcp");
	assert_int_equal(resolve(&t, pid, &e), 0);
	assert_string_equal(t.agent, "127.0.0.1:6060");
	assert_string_equal(t.url.host, "127.0.0.1");
	assert_string_equal(t.url.path, "");
	stop(pid);
	test_layout = good;
}

static void a_program_without_an_agent_says_how_to_get_one(void **state)
{
	const struct pgo_layout good = test_layout;
	struct target t;
	struct err e = { 0 };
	char want[100];
	pid_t pid;

	(void)state;
	strcpy(test_layout.agent, "");
	pid = start("pgo-t-none");
	assert_int_equal(resolve(&t, pid, &e), 0);
	assert_int_equal(t.pid, pid);
	assert_string_equal(t.agent, "");
	assert_int_equal(target_need_agent(&t, &e), -ENXIO);
	snprintf(want, sizeof(want), "%d: no agent (start it with "
		 "PGO_AGENT=unix)", (int)pid);
	assert_string_equal(e.text, want);
	stop(pid);
	test_layout = good;
}

static void a_name_of_two_lists_both(void **state)
{
	pid_t one = start("pgo-t-twin"), two = start("pgo-t-twin");
	struct buf choices = { 0 };
	struct target t;
	struct err e = { 0 };
	char pid[16];

	(void)state;
	assert_int_equal(target_resolve(&t, "pgo-t-twin", &choices, &e),
			 -ENOTUNIQ);
	assert_string_equal(e.text, "pgo-t-twin: 2 processes have that name "
				    "(give a pid)");
	snprintf(pid, sizeof(pid), "%d  20", (int)one);
	assert_non_null(strstr(buf_str(&choices), pid));
	snprintf(pid, sizeof(pid), "%d  20", (int)two);
	assert_non_null(strstr(buf_str(&choices), pid));
	buf_release(&choices);
	stop(one);
	stop(two);
}

static void addresses_need_no_process(void **state)
{
	static const struct {
		const char *text, *agent, *path;
		enum target_kind kind;
	} cases[] = {
		{ "http://h:6060/debug/pprof/profile?seconds=5", "h:6060", "",
		  TARGET_URL },
		{ "http://h/svc/", "h:80", "/svc", TARGET_URL },
		{ "http://h/svc/debug/pprof/", "h:80", "/svc", TARGET_URL },
		{ "h:6060", "h:6060", "", TARGET_URL },
		{ "[::1]:6060", "[::1]:6060", "", TARGET_URL },
		{ "unix:/run/a.sock", "unix:/run/a.sock", "", TARGET_UNIX },
	};
	struct target t;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(target_resolve(&t, cases[i].text, NULL, &e),
				 0);
		assert_int_equal(t.kind, cases[i].kind);
		assert_string_equal(t.agent, cases[i].agent);
		assert_string_equal(t.url.path, cases[i].path);
		assert_int_equal(t.pid, 0);
	}
}

static void what_is_no_target_says_so(void **state)
{
	static const struct { const char *text, *says; int rc; } cases[] = {
		{ "", "TARGET is empty", -EINVAL },
		{ "999999999", "999999999: no such process", -ESRCH },
		{ "0", "0: no such process", -ESRCH },
		{ "99999999999999999999", "99999999999999999999: no such "
		  "process", -ESRCH },
		{ "pgo-t-nobody", "pgo-t-nobody: no such process", -ESRCH },
		{ "core:", "core:: no core (core:FILE[,EXE])", -EINVAL },
		{ "core:/nosuch", "/nosuch: No such file or directory",
		  -ENOENT },
		{ "x.pgorec", "x.pgorec: recordings are not read (give a pid, "
		  "a name or an address)", -EPROTONOSUPPORT },
		{ "h:99999", "h:99999: no address (http://HOST:PORT/, "
		  "HOST:PORT or unix:PATH)", -EINVAL },
	};
	struct target t;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(target_resolve(&t, cases[i].text, NULL, &e),
				 cases[i].rc);
		assert_string_equal(e.text, cases[i].says);
	}
}

static void a_core_is_a_file_and_perhaps_its_program(void **state)
{
	static const struct { const char *text, *core, *exe; } cases[] = {
		{ "core:/proc/self/exe", "/proc/self/exe", "" },
		{ "core:/proc/self/exe,/bin/x", "/proc/self/exe", "/bin/x" },
		{ "core:/tmp/pgo-t,core", "/tmp/pgo-t,core", "" },
		{ "core:/tmp/pgo-t,core,x", "/tmp/pgo-t,core", "x" },
	};
	struct target t;
	struct err e = { 0 };

	(void)state;
	close(creat("/tmp/pgo-t,core", 0600));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(target_resolve(&t, cases[i].text, NULL, &e),
				 0);
		assert_int_equal(t.kind, TARGET_CORE);
		assert_string_equal(t.core, cases[i].core);
		assert_string_equal(t.core_exe, cases[i].exe);
		assert_int_equal(target_need_agent(&t, &e), -ENXIO);
	}
	unlink("/tmp/pgo-t,core");
}

static void a_plain_program_has_no_agent(void **state)
{
	struct target t;
	struct err e = { 0 };
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/bin/sleep", "sleep", "30", NULL);
		_exit(1);
	}
	/* Until exec is done it is this program, which has a note. */
	for (int i = 0; i < 500 && (resolve(&t, pid, &e) < 0 || t.agent[0]);
	     i++)
		usleep(10000);
	assert_int_equal(target_need_agent(&t, &e), -ENXIO);
	assert_non_null(strstr(e.text, "no agent: not built with pgo-cc"));
	stop(pid);
}

static void anothers_memory_is_refused_with_the_way_out(void **state)
{
	/* Somebody without rights looks at root's. */
	pid_t other = getuid() == 0 ? getpid() : 1, pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		struct target t;
		struct err e = { 0 };
		char want[200];

		if (getuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(2);
		resolve(&t, other, &e);
		snprintf(want, sizeof(want), "%d: cannot read memory: Operation"
			 " not permitted (same user, or CAP_SYS_PTRACE)",
			 (int)other);
		_exit(strcmp(e.text, want) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_note_is_found_behind_others),
		cmocka_unit_test(notes_of_others_are_not_ours),
		cmocka_unit_test(sizes_that_lie_end_the_search),
		cmocka_unit_test(no_changed_byte_misleads),
		cmocka_unit_test(a_programs_table_is_read_from_its_memory),
		cmocka_unit_test(what_is_no_table_is_refused),
		cmocka_unit_test(memory_that_is_not_there_is_a_fault),
		cmocka_unit_test(a_pid_leads_to_its_unix_socket_first),
		cmocka_unit_test(tcp_will_do_where_there_is_no_socket),
		cmocka_unit_test(
			a_program_without_an_agent_says_how_to_get_one),
		cmocka_unit_test(a_name_of_two_lists_both),
		cmocka_unit_test(addresses_need_no_process),
		cmocka_unit_test(what_is_no_target_says_so),
		cmocka_unit_test(a_core_is_a_file_and_perhaps_its_program),
		cmocka_unit_test(a_plain_program_has_no_agent),
		cmocka_unit_test(anothers_memory_is_refused_with_the_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
