/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A failing HDF5 call may leave the library in a state where even closing destroys the file, and
 * may take the process down. The journal is the truth, so a conversion is something that can be
 * killed and repeated: a child process at low priority, told of by one line on its stdout, started
 * again a bounded number of times with growing pauses. A child whose parent died is killed by the
 * kernel (PR_SET_PDEATHSIG), so that the next daemon can recover the journal undisturbed.
 */
#include "daemon/convert.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <plantar/archive.h>
#include <plantar/session.h>

#include "daemon/spawn.h"
#include "daemon/text.h"
#include "daemon/wake.h"

#define ATTEMPTS_MAX 5
#define CONVERTER_NICE 10
#define STEADY_NS (60 * PL_S) /* an attempt that lived this long was not a hopeless one */
#define BUSY_NS PL_S	      /* between two looks at what another process converts */
#define LATER_NS (10 * PL_S)  /* after giving up for want of room, doubled up to ... */
#define LATEST_NS (300 * PL_S)

struct job {
	struct pl_conversion c; /* seal: journal is the folder */
	bool seal;
	int64_t pause_ns; /* given up, but looked at again after such pauses; 0: not */
	pid_t pid;	  /* 0: not running */
	int out;	  /* the child's stdout */
	int64_t started_ns, next_ns;
	struct job *next;
};

struct pl_converter {
	pl_conversion_report *report;
	void *user;
	const struct pl_log *log;
	struct job *jobs; /* oldest first */
};

struct pl_converter *pl_converter_new(pl_conversion_report *report, void *user,
				      const struct pl_log *log, struct pl_error *err)
{
	struct pl_converter *c = calloc(1, sizeof(*c));

	if (!c) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for the converter");
		return NULL;
	}
	c->report = report;
	c->user = user;
	c->log = log;
	return c;
}

static void free_job(struct job *job)
{
	if (job->pid > 0) {
		kill(job->pid, SIGKILL);
		waitpid(job->pid, NULL, 0);
		close(job->out);
	}
	free(job);
}

void pl_converter_free(struct pl_converter *c)
{
	if (!c)
		return;
	while (c->jobs) {
		struct job *job = c->jobs;

		c->jobs = job->next;
		free_job(job);
	}
	free(c);
}

int pl_converter_add(struct pl_converter *c, const char *journal, int mat, bool recovery,
		     struct pl_error *err)
{
	size_t stem = strlen(journal) - strlen(".journal");
	struct job *job = calloc(1, sizeof(*job)), **end = &c->jobs;

	if (!job)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory for a conversion");
	pl_copy(job->c.journal, sizeof(job->c.journal), journal);
	snprintf(job->c.path, sizeof(job->c.path), "%.*s.h5", (int)stem, journal);
	job->c.mat = mat;
	job->c.recovery = recovery;
	while (*end)
		end = &(*end)->next;
	*end = job;
	pl_converter_tick(c, pl_now_ns());
	return 0;
}

int pl_converter_seal(struct pl_converter *c, const char *folder, struct pl_error *err)
{
	struct job *job, **end = &c->jobs;

	for (; *end; end = &(*end)->next)
		if ((*end)->seal && (*end)->pid == 0 && strcmp((*end)->c.journal, folder) == 0)
			return 0;
	job = calloc(1, sizeof(*job));
	if (!job)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory to seal a session");
	pl_copy(job->c.journal, sizeof(job->c.journal), folder);
	job->seal = true;
	job->c.mat = -1;
	*end = job;
	pl_converter_tick(c, pl_now_ns());
	return 0;
}

static void start(struct pl_converter *c, struct job *job, int64_t now_ns)
{
	char *argv[] = {"plantard", job->seal ? "--seal" : "--convert", job->c.journal, NULL};
	int fds[2], r;

	job->started_ns = now_ns;
	job->c.attempts++;
	if (pipe2(fds, O_CLOEXEC)) {
		job->next_ns = now_ns + PL_S;
		return;
	}
	r = pl_spawn_own(argv, fds[1], -1, &job->pid);
	close(fds[1]);
	if (r == 0) {
		job->out = fds[0];
		return;
	}
	close(fds[0]);
	job->pid = 0;
	job->next_ns = now_ns + PL_S;
	pl_logf(c->log, PL_ERR, "cannot start the converter: %s", strerror(r));
}

/* "ok <frames> <gaps> <complete> <path>" or "error <code> <message>", one line. */
static bool parse_result(struct job *job, const char *line)
{
	int complete = 0, code = 0, at = 0;

	if (sscanf(line, "ok %" SCNu64 " %" SCNu64 " %d %n", &job->c.frames, &job->c.gaps,
		   &complete, &at) == 3 &&
	    at > 0) {
		job->c.complete = complete != 0;
		pl_copy(job->c.path, sizeof(job->c.path), line + at);
		job->c.path[strcspn(job->c.path, "\n")] = '\0';
		return true;
	}
	if (sscanf(line, "error %d %n", &code, &at) == 1 && at > 0) {
		job->c.err.code = (enum pl_code)code;
		pl_copy(job->c.err.message, sizeof(job->c.err.message), line + at);
		job->c.err.message[strcspn(job->c.err.message, "\n")] = '\0';
	}
	return false;
}

/* What passes without anybody restarting anything: room is made, a disk comes back. */
static bool may_pass(const struct job *job)
{
	return job->c.err.code == PL_ENOSPC || job->c.err.code == PL_EACCES ||
	       job->c.err.code == PL_EIO;
}

/* Nobody waits for it any more; from now on it is a recovery that comes by when it can. */
static bool give_up(struct pl_converter *c, struct job *job, int64_t now_ns)
{
	if (!job->pause_ns)
		c->report(c->user, PL_CONVERSION_FAILED, &job->c);
	if (!may_pass(job))
		return true;
	job->pause_ns = !job->pause_ns			? LATER_NS
			: job->pause_ns < LATEST_NS / 2 ? 2 * job->pause_ns
							: LATEST_NS;
	job->c.recovery = true;
	job->c.mat = -1;
	job->next_ns = now_ns + job->pause_ns;
	return false;
}

/* The child has ended: true when the job is done with. */
static bool judge(struct pl_converter *c, struct job *job, int status, int64_t now_ns)
{
	char line[5000] = "";
	ssize_t n = read(job->out, line, sizeof(line) - 1);

	close(job->out);
	job->pid = 0;
	line[n > 0 ? n : 0] = '\0';
	pl_error_set(&job->c.err, PL_EIO, 0,
		     WIFSIGNALED(status) ? "it was ended by signal %d" : "it ended with code %d",
		     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (parse_result(job, line) && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		if (!job->seal)
			c->report(c->user, PL_CONVERSION_FINISHED, &job->c);
		return true;
	}
	if (job->seal) {
		pl_logf(c->log, PL_WARNING,
			"the overview of %s could not be brought up to date: %s; its files are "
			"whole",
			job->c.journal, job->c.err.message);
		return true;
	}
	if (job->c.err.code == PL_EBUSY) {
		/* Somebody's `plantar recover`, or the converter of a daemon that was killed a
		 * moment ago and has not gone yet. */
		job->c.attempts--;
		job->next_ns = now_ns + BUSY_NS;
		return false;
	}
	if (now_ns - job->started_ns > STEADY_NS && !job->pause_ns)
		job->c.attempts = 1;
	if (job->c.attempts >= ATTEMPTS_MAX)
		return give_up(c, job, now_ns);
	job->next_ns = now_ns + (PL_S / 2 << job->c.attempts);
	c->report(c->user, PL_CONVERSION_RESTARTED, &job->c);
	return false;
}

void pl_converter_tick(struct pl_converter *c, int64_t now_ns)
{
	struct job **at = &c->jobs;
	bool recovering = false;

	while (*at) {
		struct job *job = *at;
		int status;

		if (job->pid > 0 && waitpid(job->pid, &status, WNOHANG) == job->pid &&
		    judge(c, job, status, now_ns)) {
			*at = job->next;
			free(job);
			continue;
		}
		if (job->pid == 0 && now_ns >= job->next_ns && !(job->c.recovery && recovering))
			start(c, job, now_ns);
		recovering |= job->c.recovery && job->pid > 0;
		at = &job->next;
	}
}

void pl_converter_drop_recoveries(struct pl_converter *c)
{
	struct job **at = &c->jobs;

	while (*at) {
		struct job *job = *at;

		if (!job->c.recovery) {
			at = &job->next;
			continue;
		}
		*at = job->next;
		free_job(job);
	}
}

static unsigned number_of(const struct pl_converter *c, bool recovery)
{
	unsigned n = 0;

	for (const struct job *job = c->jobs; job; job = job->next)
		n += job->c.recovery == recovery;
	return n;
}

unsigned pl_converter_following(const struct pl_converter *c)
{
	return number_of(c, false);
}

unsigned pl_converter_recovering(const struct pl_converter *c)
{
	return number_of(c, true);
}

bool pl_converter_knows(const struct pl_converter *c, const char *path)
{
	for (const struct job *job = c->jobs; job; job = job->next)
		if (!job->seal && strcmp(job->c.path, path) == 0)
			return true;
	return false;
}

/* ---- the child ---- */

/* False: the daemon died meanwhile. */
static bool be_a_child(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == 1 && getenv("PLANTARD_CONVERT_ALONE") == NULL)
		return false;
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	prctl(PR_SET_NAME, "plantard-conv");
	close_range(3, ~0U, 0);
	pl_thread_priority(CONVERTER_NICE);
	return true;
}

static void say_failed(const struct pl_error *err)
{
	printf("error %d %s\n", (int)err->code, err->message);
	fflush(stdout);
	_exit(1); /* past HDF5's exit handlers, which a failed call may have broken */
}

int pl_convert_seal_main(const char *folder)
{
	struct pl_error err = {0};

	if (!be_a_child())
		return 1;
	if (pl_session_reseal(folder, &err))
		say_failed(&err);
	printf("ok 0 0 1 %s\n", folder);
	fflush(stdout);
	_exit(0);
}

int pl_convert_main(const char *journal, const struct pl_log *log)
{
	struct pl_convert_options options = {.journal = journal, .follow = true, .log = log};
	struct pl_convert_result result = {0};
	struct pl_error err = {0};

	if (!be_a_child())
		return 1;
	/* gone: an earlier attempt was killed after its last step, or another process was faster */
	if (pl_convert(&options, &result, &err) &&
	    (err.code != PL_ENOENT || pl_convert_done(journal, &result, NULL)))
		say_failed(&err);
	printf("ok %" PRIu64 " %" PRIu64 " %d %s\n", result.frames, result.gaps, result.complete,
	       result.path);
	fflush(stdout);
	_exit(0);
}
