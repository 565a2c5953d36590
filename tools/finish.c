/* SPDX-License-Identifier: Apache-2.0 */
/* The child speaks through a pipe: what it made, or what went wrong. */
#include "tools/finish.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/progress.h"

static void convert_and_tell(const struct pl_finish *f, int to)
{
	struct pl_log log = pl_command_log(f->self, false);
	struct pl_finished o = {.err = {.code = PL_OK}};
	struct pl_progress progress;
	struct pl_convert_options options = {.journal = f->journal,
					     .keep_journal = f->keep_journal,
					     .progress = pl_progress_step,
					     .user = &progress,
					     .log = &log};

	pl_progress_begin(&progress, f->what, "frames");
	o.ok = (f->table ? pl_table_store(f->table, &o.result, &o.err)
			 : pl_convert(&options, &o.result, &o.err)) >= 0;
	pl_progress_end(&progress);
	if (write(to, &o, sizeof(o)) != (ssize_t)sizeof(o))
		_exit(1);
	_exit(0); /* not exit(): HDF5 may not tidy up after a failure */
}

static void read_outcome(int from, struct pl_finished *o)
{
	char *at = (char *)o;
	size_t left = sizeof(*o);
	ssize_t n;

	while (left && ((n = read(from, at, left)) > 0 || (n < 0 && errno == EINTR))) {
		if (n < 0)
			continue;
		at += n;
		left -= (size_t)n;
	}
	if (left) {
		*o = (struct pl_finished){.ok = false};
		pl_error_set(&o->err, PL_EIO, 0, "the conversion ended without a word");
	}
}

void pl_finish_trial(const struct pl_finish *f, struct pl_finished *o)
{
	int ends[2], status = 0;
	pid_t child;

	*o = (struct pl_finished){.ok = false};
	fflush(stdout);
	if (pipe(ends) < 0) {
		pl_error_set(&o->err, PL_EIO, errno, "cannot make a pipe: %s", strerror(errno));
		return;
	}
	child = fork();
	if (child == 0) {
		close(ends[0]);
		convert_and_tell(f, ends[1]);
	}
	close(ends[1]);
	if (child < 0) {
		pl_error_set(&o->err, PL_EIO, errno, "cannot start a process: %s", strerror(errno));
		close(ends[0]);
		return;
	}
	read_outcome(ends[0], o);
	close(ends[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status)) {
		o->ok = false;
		pl_error_set(&o->err, PL_EIO, 0,
			     "the conversion was ended by signal %d (%s); the %s is untouched",
			     WTERMSIG(status), strsignal(WTERMSIG(status)),
			     f->table ? "table" : "journal");
	}
}
