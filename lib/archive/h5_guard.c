/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library that may crash on a damaged file, and a program that must not. The child speaks through
 * a pipe: how far it is, and at the end that it lived and what it found. (Not by its exit status:
 * whoever uses this library may reap children in his own way.) A good file costs a few
 * milliseconds more.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "h5_guard.h"

#define PATIENCE_MS 60000

struct word {
	uint64_t done, total;
	bool last; /* the result follows */
};

static bool put(int to, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t put = write(to, p, n);

		if (put < 0 && errno != EINTR)
			return false;
		p += put > 0 ? put : 0;
		n -= put > 0 ? (size_t)put : 0;
	}
	return true;
}

void pl_h5_guard_tell(int tell, uint64_t done, uint64_t total)
{
	const struct word word = {.done = done, .total = total};

	if (tell >= 0)
		put(tell, &word, sizeof(word));
}

static _Noreturn void child(const struct h5_guarded *g, int tell)
{
	const struct word last = {.last = true};
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* no core file, no last words of malloc on somebody's terminal, no orphan */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (nowhere >= 0)
		dup2(nowhere, STDERR_FILENO);
	for (int i = SIGILL; i <= SIGSEGV; i++)
		signal(i, SIG_DFL);
	g->work(g->user, tell);
	if (put(tell, &last, sizeof(last)) && g->result)
		put(tell, g->result, g->result_bytes);
	_exit(0);
}

/* n bytes: 1. The child died: 0. It is silent: -1. */
static int get(int from, void *data, size_t n)
{
	struct pollfd p = {.fd = from, .events = POLLIN};
	char *at = data;

	while (n) {
		int ready = poll(&p, 1, PATIENCE_MS);
		ssize_t got;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0)
			return -1;
		got = read(from, at, n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return 0;
		at += got;
		n -= (size_t)got;
	}
	return 1;
}

enum ending { LIVED, GIVEN_UP, DIED, SILENT };

static enum ending listen_to(const struct h5_guarded *g, int from)
{
	struct word word;
	int heard;

	while ((heard = get(from, &word, sizeof(word))) > 0) {
		if (word.last) {
			heard = g->result ? get(from, g->result, g->result_bytes) : 1;
			break;
		}
		if (g->progress && g->progress(g->progress_user, word.done, word.total))
			return GIVEN_UP;
	}
	return heard > 0 ? LIVED : heard == 0 ? DIED : SILENT;
}

int pl_h5_guard(const struct h5_guarded *g, const char *path, struct pl_error *err)
{
	enum ending ending;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0) {
		g->work(g->user, -1);
		return 0;
	}
	/* What waits in a stream would be the child's, too; a sanitizer writes it at _exit. */
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		child(g, ends[1]);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		g->work(g->user, -1);
		return 0;
	}
	ending = listen_to(g, ends[0]);
	close(ends[0]);
	if (ending == GIVEN_UP || ending == SILENT)
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (ending == LIVED || ending == GIVEN_UP)
		return ending == GIVEN_UP;
	return pl_error_set(
		err, PL_ECORRUPT, 0,
		"%s is damaged: %s; a copy or the session's journal may be intact", path,
		ending == SILENT ? "HDF5 does not come to an end with it" : "HDF5 crashes on it");
}
