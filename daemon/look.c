/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a recording takes HDF5 and seconds of arithmetic: main has neither to spare, and a
 * damaged file may take the process down. So it is done by the program that people use for it,
 * with the same results. What such a child can cost is bounded: its time, its output, how many
 * there are, and the memory of answers that nobody has taken yet; it runs behind everything that
 * acquisition needs, and the kernel kills it when plantard ends (look_child.c).
 */
#include "daemon/look.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "daemon/look_child.h"
#include "daemon/look_internal.h"
#include "daemon/text.h"
#include "daemon/wake.h"

#define WAITING_MAX 16
#define OF_ONE_MAX 8		       /* of them, of one client */
#define UNTAKEN_MAX ((size_t)32 << 20) /* answers on their way; over that none is begun */

struct pl_looks *pl_looks_new(const struct pl_config *config, struct pl_error *err)
{
	struct pl_looks *l = calloc(1, sizeof(*l));

	if (!l) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory");
		return NULL;
	}
	l->config = config;
	l->time_ns = (int64_t)(config->access.look_s * 1e9);
	return l;
}

void pl_looks_answer_to(struct pl_looks *l, struct pl_control *control)
{
	l->control = control;
}

/* ---- processes ---- */

static void let_go(struct pl_look *k)
{
	if (k->pid > 0)
		kill(-k->pid, SIGKILL);
	pl_look_close(&k->out);
	pl_look_close(&k->err);
	pl_look_release(k);
}

static void free_look(struct pl_look *k)
{
	let_go(k);
	free(k);
}

void pl_looks_free(struct pl_looks *l)
{
	if (!l)
		return;
	while (l->first) {
		struct pl_look *k = l->first;

		l->first = k->next;
		free_look(k);
	}
	free(l);
}

static void too_large(struct pl_looks *l, struct pl_look *k)
{
	struct pl_error err = {0};

	pl_error_set(&err, PL_ENOMEM, 0,
		     "the answer is longer than %zu MiB; ask for less at a time, or run plantar "
		     "%s where the recordings are",
		     PL_LOOK_REPLY_MAX >> 20, k->words.argv[1]);
	pl_look_refuse(l, k, &err);
	let_go(k);
}

/* True: it has gone, and everything it wrote was read. */
static bool ended(struct pl_looks *l, struct pl_look *k)
{
	siginfo_t info = {0};
	int status;

	/* looked at first, so that its number is not another's while what it left is killed */
	if (waitid(P_PID, (id_t)k->pid, &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid)
		return false;
	if (k->token && pl_look_read(k))
		too_large(l, k);
	pl_look_hear(k);
	if (k->token && k->out >= 0 && info.si_code == CLD_EXITED) {
		struct pollfd more = {.fd = k->out, .events = POLLIN};

		if (poll(&more, 1, 0) > 0 && more.revents & POLLIN)
			return false; /* the next turn reads on */
	}
	kill(-k->pid, SIGKILL);
	waitpid(k->pid, &status, 0); /* it is there already */
	k->pid = 0;
	if (k->token)
		pl_look_judge(l, k, status);
	return true;
}

static void start(struct pl_looks *l, struct pl_look *k, int64_t now_ns)
{
	struct pl_error err = {0};

	k->deadline_ns = now_ns + l->time_ns;
	if (pl_look_spawn(k->words.argv, &k->pid, &k->out, &k->err, &err))
		pl_look_refuse(l, k, &err);
}

static void too_slow(struct pl_looks *l, struct pl_look *k)
{
	struct pl_error err = {0};

	pl_error_set(&err, PL_ETIMEOUT, 0,
		     "plantar %s took longer than %g s (access.look_s) and was ended; ask for less "
		     "at a time, or "
		     "run it where the recordings are",
		     k->words.argv[1], l->config->access.look_s);
	pl_look_refuse(l, k, &err);
	let_go(k);
}

static void out_of_patience(struct pl_looks *l, struct pl_look *k)
{
	struct pl_error err = {0};

	pl_error_set(&err, PL_EBUSY, 0,
		     "it was not its turn for %g s: too much is asked of recordings at once; try "
		     "again later",
		     l->config->access.look_s);
	pl_look_refuse(l, k, &err);
}

/* True: done with. */
static bool attend(struct pl_looks *l, struct pl_look *k, unsigned running, int64_t now_ns)
{
	if (k->pid > 0) {
		if (k->token && pl_look_read(k))
			too_large(l, k);
		pl_look_hear(k);
		if (k->token && now_ns >= k->deadline_ns)
			too_slow(l, k);
		return ended(l, k);
	}
	if (!k->token)
		return true;
	if (running < PL_LOOKS_AT_ONCE && pl_looks_bytes() <= UNTAKEN_MAX)
		start(l, k, now_ns);
	else if (now_ns >= k->asked_ns + l->time_ns)
		out_of_patience(l, k);
	return k->token == 0 && k->pid == 0;
}

static unsigned running(const struct pl_looks *l)
{
	unsigned n = 0;

	for (const struct pl_look *k = l->first; k; k = k->next)
		n += k->pid > 0;
	return n;
}

void pl_looks_tick(struct pl_looks *l, int64_t now_ns)
{
	struct pl_look **at = &l->first;

	while (*at) {
		struct pl_look *k = *at;

		if (!attend(l, k, running(l), now_ns)) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		free_look(k);
	}
}

unsigned pl_looks_fds(const struct pl_looks *l, struct pollfd *fds)
{
	unsigned n = 0;

	for (const struct pl_look *k = l->first; k; k = k->next) {
		if (k->pid > 0 && k->out >= 0)
			fds[n++] = (struct pollfd){.fd = k->out, .events = POLLIN};
		if (k->pid > 0 && k->err >= 0)
			fds[n++] = (struct pollfd){.fd = k->err, .events = POLLIN};
	}
	return n;
}

/* ---- requests ---- */

static int find_room(const struct pl_looks *l, const char *who, struct pl_error *err)
{
	unsigned waiting = 0, own = 0;

	for (const struct pl_look *k = l->first; k; k = k->next) {
		waiting += k->pid == 0;
		own += k->token && strcmp(k->who, who) == 0;
	}
	if (l->stopping)
		return pl_error_set(err, PL_ESTATE, 0, "plantard is ending");
	if (own >= OF_ONE_MAX)
		return pl_error_set(err, PL_EBUSY, 0,
				    "%d requests of %s about recordings are waiting; try again "
				    "when one is answered",
				    OF_ONE_MAX, who);
	if (waiting >= WAITING_MAX)
		return pl_error_set(err, PL_EBUSY, 0,
				    "%d requests about recordings are waiting; try again later",
				    WAITING_MAX);
	return 0;
}

static int check_subject(const struct pl_looks *l, const struct pl_request *r, struct pl_error *err)
{
	char code[PL_ANNOTATION_VALUE_MAX];

	if (r->cmd != PL_CMD_ANNOTATE)
		return 0;
	pl_annotations_get(&r->annotations, "subject", code);
	return *code ? pl_config_subject(l->config, code, err) : 0;
}

int pl_look(struct pl_looks *l, uint64_t token, const struct pl_request *r, struct pl_error *err)
{
	const char *who = pl_control_who(l->control, token);
	const struct pl_look_place place = {l->config->folder, l->config->fallback, who};
	struct pl_look *k, **end = &l->first;

	if (find_room(l, who, err) || check_subject(l, r, err))
		return -1;
	k = calloc(1, sizeof(*k));
	if (!k)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory");
	if (pl_look_words(r, &place, &k->words, err)) {
		free(k);
		return -1;
	}
	k->token = token;
	k->cmd = r->cmd;
	k->out = k->err = -1;
	k->asked_ns = pl_now_ns();
	pl_copy(k->who, sizeof(k->who), who);
	pl_copy(k->format, sizeof(k->format), r->format);
	pl_look_name(r, k->name, sizeof(k->name));
	while (*end)
		end = &(*end)->next;
	*end = k;
	pl_looks_tick(l, k->asked_ns);
	return 0;
}

/* ---- the end ---- */

static bool changes(const struct pl_look *k)
{
	return k->token && k->pid > 0 && pl_command_acts(k->cmd);
}

void pl_looks_stop(struct pl_looks *l)
{
	struct pl_error err = {0};

	l->stopping = true;
	pl_error_set(&err, PL_ESTATE, 0, "plantard is ending");
	for (struct pl_look *k = l->first; k; k = k->next)
		if (!changes(k)) {
			pl_look_refuse(l, k, &err);
			let_go(k);
		}
	pl_looks_tick(l, pl_now_ns());
}

unsigned pl_looks_changing(const struct pl_looks *l)
{
	unsigned n = 0;

	for (const struct pl_look *k = l->first; k; k = k->next)
		n += changes(k);
	return n;
}
