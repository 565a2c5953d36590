/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posix_spawn(3) cannot say that a child must not outlive its parent, nor how important it is. So
 * plantard starts itself first, and that says both of itself and becomes `plantar`: what it said
 * holds for whatever program that is.
 */
#include "daemon/look_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/look.h"
#include "daemon/look_words.h"
#include "daemon/spawn.h"
#include "daemon/text.h"

#define LOOK_NICE 10
#define PIPE_BYTES (1 << 20)

static int spawn(char *const *words, int out, int err_fd, pid_t *pid)
{
	char *argv[PL_LOOK_WORDS_MAX + 4] = {"plantard", "--look"};
	char parent[16];
	int n = 2;

	snprintf(parent, sizeof(parent), "%d", (int)getpid());
	argv[n++] = parent;
	for (; *words; words++)
		argv[n++] = *words;
	return pl_spawn_own(argv, out, err_fd, pid);
}

static void close_both(const int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

int pl_look_spawn(char *const *words, pid_t *pid, int *out, int *err_fd, struct pl_error *err)
{
	int result[2], messages[2], r;

	if (pipe2(result, O_CLOEXEC))
		return pl_error_set(err, PL_EIO, errno, "cannot start plantar: %s",
				    strerror(errno));
	if (pipe2(messages, O_CLOEXEC)) {
		r = errno;
		close_both(result);
		return pl_error_set(err, PL_EIO, r, "cannot start plantar: %s", strerror(r));
	}
	fcntl(result[1], F_SETPIPE_SZ, PIPE_BYTES); /* fewer turns; as it is will do, too */
	r = spawn(words, result[1], messages[1], pid);
	if (r) {
		*pid = 0;
		close_both(result);
		close_both(messages);
		return pl_error_set(err, PL_EIO, r, "cannot start plantar: %s", strerror(r));
	}
	close(result[1]);
	close(messages[1]);
	fcntl(result[0], F_SETFL, O_NONBLOCK);
	fcntl(messages[0], F_SETFL, O_NONBLOCK);
	*out = result[0];
	*err_fd = messages[0];
	return 0;
}

/* ---- the child ---- */

static void step_back(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	pl_thread_priority(LOOK_NICE);
	if (fd < 0)
		return;
	if (write(fd, "500", 3) != 3) /* where memory ends, it ends first */
		errno = 0;
	close(fd);
}

/* Beside plantard, as installed and as built; else wherever a person would find it. */
static void become(char **words)
{
	char path[PATH_MAX], *slash;

	pl_own_program(path, sizeof(path));
	slash = strrchr(path, '/');
	if (slash && (size_t)(slash - path) + sizeof("/plantar") <= sizeof(path)) {
		strcpy(slash, "/plantar");
		if (access(path, X_OK) == 0)
			execv(path, words);
	}
	execvp("plantar", words);
}

int pl_look_main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != (pid_t)atol(argv[0])) /* it ended before that was said */
		return 1;
	close_range(3, ~0U, 0);
	step_back();
	setenv(PL_LOOK_ENVIRONMENT, "1", 1);
	unsetenv("NOTIFY_SOCKET");
	if (chdir("/"))
		return 1;
	become(argv + 1);
	fprintf(stderr,
		"error %d plantar was not found beside plantard, nor in PATH (%s); install it "
		"there\n",
		(int)PL_ENOENT, strerror(errno));
	return 1;
}
