/*
 * SQLite in a thousand goroutines: a database each in memory with functions,
 * collations and rows handed to callbacks that wait; and one on disk that some
 * write together, waiting for each other in the busy handler.
 */
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "test/real/crowd.h"

enum { ROWS = 40, WRITERS = 20, WRITES = 10 };

static char shared_file[64];

struct user {
	sqlite3 *db;
	uint32_t dice;
	long sum, rows, progress;
};

static void wait_at_times(struct user *u, uint32_t one_in)
{
	u->dice = u->dice * 1664525 + 1013904223;
	if ((u->dice >> 8) % one_in == 0)
		crowd_wait(u->dice >> 16);
}

/* Callbacks ---------------------------------------------------------------- */

static void twice(sqlite3_context *c, int n, sqlite3_value **v)
{
	wait_at_times(sqlite3_user_data(c), 8);
	sqlite3_result_int64(c, n == 1 ? 2 * sqlite3_value_int64(v[0]) : -1);
}

/* A function that asks the database for more: callback, C, callback. */
static void asks_again(sqlite3_context *c, int n, sqlite3_value **v)
{
	sqlite3 *db = sqlite3_context_db_handle(c);
	sqlite3_stmt *s = NULL;

	(void)n;
	if (sqlite3_prepare_v2(db, "SELECT twice(?1) + 1", -1, &s, NULL) ||
	    sqlite3_bind_int64(s, 1, sqlite3_value_int64(v[0])) ||
	    sqlite3_step(s) != SQLITE_ROW)
		sqlite3_result_error(c, "no row", -1);
	else
		sqlite3_result_int64(c, sqlite3_column_int64(s, 0));
	sqlite3_finalize(s);
}

static int backwards(void *arg, int na, const void *a, int nb, const void *b)
{
	int n = na < nb ? na : nb;
	int rc = memcmp(b, a, (size_t)n);

	wait_at_times(arg, 64);
	return rc ? rc : nb - na;
}

static int take_row(void *arg, int n, char **text, char **names)
{
	struct user *u = arg;

	(void)names;
	wait_at_times(u, 8);
	u->rows++;
	u->sum += n == 1 && text[0] ? atol(text[0]) : 1000000;
	return 0;
}

static int go_on(void *arg)
{
	struct user *u = arg;

	u->progress++;
	wait_at_times(u, 8);
	return 0;
}

/* Half a minute at the least: the machine may be busy with others. */
static int wait_for_others(void *arg, int times)
{
	wait_at_times(arg, 1);
	pgo_sleep(100000);
	return times < 300000;
}

/* A database each ---------------------------------------------------------- */

static void run(struct user *u, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(u->db, sql, take_row, u, &error))
		fprintf(stderr, "%s: %s\n", sql, error);
	CHECK(!error);
	sqlite3_free(error);
}

static void begin(struct user *u, const char *file)
{
	CHECK(sqlite3_open(file, &u->db) == SQLITE_OK);
	CHECK(!sqlite3_create_function(u->db, "twice", 1, SQLITE_UTF8, u, twice,
				       NULL, NULL));
	CHECK(!sqlite3_create_function(u->db, "asks", 1, SQLITE_UTF8, u,
				       asks_again, NULL, NULL));
	CHECK(!sqlite3_create_collation(u->db, "backwards", SQLITE_UTF8, u,
					backwards));
	sqlite3_progress_handler(u->db, 200, go_on, u);
	sqlite3_busy_handler(u->db, wait_for_others, u);
}

static void fill(struct user *u)
{
	sqlite3_stmt *s = NULL;
	char name[32];

	run(u, "CREATE TABLE t(n INTEGER, name TEXT)");
	CHECK(!sqlite3_prepare_v2(u->db, "INSERT INTO t VALUES(?, ?)", -1, &s,
				  NULL));
	for (int i = 0; i < ROWS; i++) {
		sqlite3_snprintf(sizeof(name), name, "row %03d %.3f", i,
				 (double)i / 3);
		sqlite3_bind_int(s, 1, i);
		sqlite3_bind_text(s, 2, name, -1, SQLITE_TRANSIENT);
		CHECK(sqlite3_step(s) == SQLITE_DONE);
		sqlite3_reset(s);
	}
	sqlite3_finalize(s);
}

static void alone(struct user *u)
{
	const long all = ROWS * (ROWS - 1) / 2;

	begin(u, ":memory:");
	fill(u);
	u->sum = u->rows = 0;
	run(u, "SELECT twice(n) FROM t");
	CHECK(u->sum == 2 * all && u->rows == ROWS);
	u->sum = u->rows = 0;
	run(u, "SELECT asks(n) FROM t WHERE n % 4 = 0");
	CHECK(u->sum == 2 * 180 + 10 && u->rows == ROWS / 4);
	u->sum = u->rows = 0;
	run(u, "SELECT n FROM t ORDER BY name COLLATE backwards LIMIT 1");
	CHECK(u->sum == ROWS - 1 && u->rows == 1);
	u->sum = u->rows = 0;
	run(u, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL "
	       "SELECT x + 1 FROM c WHERE x < 300) SELECT sum(x) FROM c");
	CHECK(u->sum == 300 * 301 / 2 && u->progress > 5);
	CHECK(sqlite3_close(u->db) == SQLITE_OK);
}

/* One for all -------------------------------------------------------------- */

static struct pgo_waitgroup written;

static void together(struct user *u)
{
	begin(u, shared_file);
	run(u, "CREATE TABLE IF NOT EXISTS s(n INTEGER)");
	for (int i = 0; i < WRITES; i++)
		run(u, "BEGIN IMMEDIATE; INSERT INTO s VALUES(1); COMMIT");
	CHECK(sqlite3_close(u->db) == SQLITE_OK);
	pgo_waitgroup_done(&written);
}

/* A table of functions that no linker sees: called on the thread's stack. */
static void by_table(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	char path[1024];

	CHECK(!pgo_sys((void *)vfs->xFullPathname, vfs, "x.db",
		       (long)sizeof(path), path));
	CHECK(path[0] == '/' && strstr(path, "/x.db"));
}

static void count_all(struct user *u)
{
	pgo_waitgroup_wait(&written);
	begin(u, shared_file);
	u->sum = u->rows = 0;
	run(u, "SELECT count(*) FROM s");
	CHECK(u->sum == WRITERS * WRITES);
	CHECK(sqlite3_close(u->db) == SQLITE_OK);
	by_table();
}

static void one(int number)
{
	struct user u = { .dice = (uint32_t)number * 2654435761u };

	if (number < WRITERS)
		together(&u);
	else
		alone(&u);
	if (number == WRITERS)
		count_all(&u);
}

int main(int argc, char **argv)
{
	int rc;

	snprintf(shared_file, sizeof(shared_file), "/tmp/pgo-sqlite-%d.db",
		 getpid());
	pgo_waitgroup_add(&written, WRITERS);
	rc = crowd_run("sqlite", one, argc, argv);
	unlink(shared_file);
	return rc;
}
