/* pgo-top: the goroutines of a running program, live. */
#include <locale.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "pgo-top/batch.h"
#include "pgo-top/connect.h"
#include "pgo-top/options.h"
#include "pgo-top/screen.h"

static int batch(const struct options *o)
{
	struct source *src;
	int status;

	if (connect_open_or_say(&src, o->target, NULL) < 0)
		return 1;
	status = batch_run(o, src);
	source_close(src);
	return status;
}

int main(int argc, char **argv)
{
	struct options o;
	int status;

	setlocale(LC_ALL, "");
	/* Numbers are written as everywhere, whatever the language. */
	setlocale(LC_NUMERIC, "C");
	fd_hold_standard();
	log_begin("pgo-top");
	status = options_parse(&o, argc, argv);
	if (status >= 0)
		return log_flush_stdout(status);
	if (o.batch || o.dump_frame)
		return batch(&o);
	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)) {
		log_error("stdout is no terminal (-b for plain text, --json "
			  "for JSON)");
		return 1;
	}
	return screen_run(&o);
}
