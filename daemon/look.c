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
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "daemon/look_child.h"
#include "daemon/look_words.h"
#include "daemon/text.h"
#include "daemon/wake.h"

#define WAITING_MAX 16
#define OF_ONE_MAX 8		       /* of them, of one client */
#define UNTAKEN_MAX ((size_t)32 << 20) /* answers on their way; over that none is begun */
#define READ_AT_ONCE ((size_t)1 << 20)
#define HEAD_ROOM 64 /* in front of a document: what makes it a reply */
#define TAIL_ROOM 2
#define START_BYTES ((size_t)64 << 10)

struct look {
	uint64_t token; /* 0: answered, but its process has not gone yet */
	enum pl_cmd cmd;
	char who[80], format[8], name[80];
	struct pl_look_words words;
	int64_t asked_ns, deadline_ns;
	pid_t pid;    /* 0: waits */
	int out, err; /* -1: at its end */
	char *buf;    /* HEAD_ROOM, output, TAIL_ROOM */
	size_t n, cap;
	char said[2048]; /* the end of its stderr */
	size_t said_n;
	struct look *next;
};

struct pl_looks {
	const struct pl_config *config;
	const struct pl_log *log;
	struct pl_control *control;
	struct look *first; /* oldest first */
	int64_t time_ns;    /* of each, and until it is its turn */
	bool stopping;
};

/* Outlives the looks: ZeroMQ frees answers when it has sent them, from its own thread. */
static atomic_size_t bytes;

size_t pl_looks_bytes(void)
{
	return atomic_load(&bytes);
}

struct pl_looks *pl_looks_new(const struct pl_config *config, const struct pl_log *log,
			      struct pl_error *err)
{
	struct pl_looks *l = calloc(1, sizeof(*l));

	if (!l) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory");
		return NULL;
	}
	l->config = config;
	l->log = log;
	l->time_ns = (int64_t)(config->access.look_s * 1e9);
	return l;
}

void pl_looks_answer_to(struct pl_looks *l, struct pl_control *control)
{
	l->control = control;
}

/* ---- answers ---- */

/* Block of memory that a message of ZeroMQ is in, and what of it counts. */
struct answer {
	char *buf;
	size_t cap;
};

static void sent(void *data, void *hint)
{
	struct answer *a = hint;

	(void)data;
	atomic_fetch_sub(&bytes, a->cap);
	free(a->buf);
	free(a);
}

static void release_buffer(struct look *k)
{
	atomic_fetch_sub(&bytes, k->cap);
	free(k->buf);
	k->buf = NULL;
	k->n = k->cap = 0;
}

/* n bytes of the look's buffer from "from" on become a message, without being copied. */
static int hand_over(struct look *k, zmq_msg_t *msg, char *from, size_t n)
{
	struct answer *a = malloc(sizeof(*a));

	if (!a)
		return -1;
	*a = (struct answer){k->buf, k->cap};
	if (zmq_msg_init_data(msg, from, n, sent, a)) {
		free(a);
		return -1;
	}
	k->buf = NULL;
	k->n = k->cap = 0;
	return 0;
}

static void refuse(struct pl_looks *l, struct look *k, const struct pl_error *err)
{
	if (k->token)
		pl_control_refuse(l->control, k->token, err);
	k->token = 0;
}

static void no_memory(struct pl_looks *l, struct look *k)
{
	struct pl_error err = {0};

	pl_error_set(&err, PL_ENOMEM, ENOMEM, "out of memory for the answer");
	refuse(l, k, &err);
}

static void answer_document(struct pl_looks *l, struct look *k)
{
	static const char *const keys[] = {[PL_CMD_SESSION] = "session",
					   [PL_CMD_ANALYSIS] = "analysis",
					   [PL_CMD_COMPARE] = "comparison",
					   [PL_CMD_TREND] = "trend"};
	/* the others are objects whose members are those of the reply */
	const char *key = k->cmd < sizeof(keys) / sizeof(keys[0]) ? keys[k->cmd] : NULL;
	char head[HEAD_ROOM], *document = k->buf + HEAD_ROOM;
	size_t n = k->n, head_n;
	zmq_msg_t msg;

	if (key)
		snprintf(head, sizeof(head), "{\"ok\":true,\"%s\":", key);
	else
		snprintf(head, sizeof(head), "{\"ok\":true,");
	head_n = strlen(head);
	if (key) {
		document[n++] = '}';
	} else { /* its { is the reply's */
		document++;
		n--;
	}
	memcpy(document - head_n, head, head_n);
	if (hand_over(k, &msg, document - head_n, n + head_n)) {
		no_memory(l, k);
		return;
	}
	pl_control_reply_parts(l->control, k->token, &msg, NULL);
	k->token = 0;
}

static void answer_file(struct pl_looks *l, struct look *k)
{
	zmq_msg_t head, blob;
	struct pl_json j;
	char text[512];
	size_t n;

	pl_json_init(&j, text, sizeof(text));
	pl_json_begin_object(&j, NULL);
	pl_json_bool(&j, "ok", true);
	pl_json_string(&j, "type", pl_look_type(k->format));
	pl_json_string(&j, "name", k->name);
	pl_json_uint(&j, "bytes", k->n);
	pl_json_end_object(&j);
	n = pl_json_finish(&j);
	if (zmq_msg_init_size(&head, n)) {
		no_memory(l, k);
		return;
	}
	memcpy(zmq_msg_data(&head), text, n);
	if (hand_over(k, &blob, k->buf + HEAD_ROOM, k->n)) {
		zmq_msg_close(&head);
		no_memory(l, k);
		return;
	}
	pl_control_reply_parts(l->control, k->token, &head, &blob);
	k->token = 0;
}

/* A whole document, without the newline behind it? */
static bool is_document(struct look *k)
{
	char *text = k->buf + HEAD_ROOM;

	while (k->n > 0 && (text[k->n - 1] == '\n' || text[k->n - 1] == ' '))
		k->n--;
	return k->n >= 2 && text[0] == '{' && text[k->n - 1] == '}';
}

/* ---- how it ended ---- */

/* "error <code> <message>", what `plantar` says to plantard. */
static bool told(const struct look *k, struct pl_error *err)
{
	const char *line = k->said, *next;
	int code, at;

	for (; line && *line; line = next ? next + 1 : NULL) {
		next = strchr(line, '\n');
		at = 0;
		if (sscanf(line, "error %d %n", &code, &at) != 1 || at == 0 || code <= PL_OK ||
		    code > PL_EUNSUPPORTED)
			continue;
		pl_error_set(err, (enum pl_code)code, 0, "%.*s", (int)strcspn(line + at, "\n"),
			     line + at);
		return true;
	}
	return false;
}

/* What it said itself, before pointing to its help; else the last line of whoever said something.
 */
static const char *said_line(const struct look *k, size_t *n)
{
	const char *line = k->said, *best = "", *next;

	for (; line && *line; line = next ? next + 1 : NULL) {
		next = strchr(line, '\n');
		if (*line == '\n')
			continue;
		best = line;
		if (pl_starts(line, "plantar"))
			break;
	}
	*n = strcspn(best, "\n");
	return best;
}

static void why(const struct look *k, int status, struct pl_error *err)
{
	const char *line;
	size_t n;

	if (WIFSIGNALED(status)) {
		pl_error_set(err, PL_EIO, 0,
			     "plantar %s was ended by signal %d; a recording may be damaged: "
			     "plantar verify says which",
			     k->words.argv[1], WTERMSIG(status));
		return;
	}
	if (told(k, err))
		return;
	line = said_line(k, &n);
	pl_error_set(err, WEXITSTATUS(status) == 2 ? PL_EUSAGE : PL_EIO, 0,
		     "plantar %s ended with code %d%s%.*s", k->words.argv[1], WEXITSTATUS(status),
		     n ? ": " : " and without a result", (int)n, line);
}

static void judge(struct pl_looks *l, struct look *k, int status)
{
	bool lists = k->cmd == PL_CMD_SESSION || k->cmd == PL_CMD_SESSIONS;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	struct pl_error err = {0};

	if (k->cmd == PL_CMD_REPORT && code == 0 && k->n > 0) {
		answer_file(l, k);
	} else if (k->cmd != PL_CMD_REPORT && (code == 0 || (lists && code == 1)) &&
		   is_document(k)) {
		answer_document(l, k); /* of a list, 1: something in it could not be read */
	} else {
		why(k, status, &err);
		refuse(l, k, &err);
	}
}

/* ---- processes ---- */

static void close_pipe(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void let_go(struct look *k)
{
	if (k->pid > 0)
		kill(-k->pid, SIGKILL);
	close_pipe(&k->out);
	close_pipe(&k->err);
	release_buffer(k);
}

static void free_look(struct look *k)
{
	let_go(k);
	free(k);
}

void pl_looks_free(struct pl_looks *l)
{
	if (!l)
		return;
	while (l->first) {
		struct look *k = l->first;

		l->first = k->next;
		free_look(k);
	}
	free(l);
}

static int grow(struct look *k)
{
	size_t cap = k->cap ? 2 * k->cap : START_BYTES;
	char *buf;

	if (cap > PL_LOOK_REPLY_MAX + HEAD_ROOM + TAIL_ROOM + 1)
		cap = PL_LOOK_REPLY_MAX + HEAD_ROOM + TAIL_ROOM + 1;
	buf = realloc(k->buf, cap);
	if (!buf)
		return -1;
	atomic_fetch_add(&bytes, cap - k->cap);
	k->buf = buf;
	k->cap = cap;
	return 0;
}

/* Some of what there is. Closed at its end; -1: more than may be, or no memory for it. */
static int read_output(struct look *k)
{
	size_t taken = 0;
	ssize_t n = 1;

	while (k->out >= 0 && n > 0 && taken < READ_AT_ONCE) {
		if (k->n > PL_LOOK_REPLY_MAX)
			return -1;
		if (k->n + HEAD_ROOM + TAIL_ROOM >= k->cap && grow(k))
			return -1;
		n = read(k->out, k->buf + HEAD_ROOM + k->n, k->cap - HEAD_ROOM - TAIL_ROOM - k->n);
		if (n > 0) {
			k->n += (size_t)n;
			taken += (size_t)n;
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			close_pipe(&k->out);
		}
	}
	return k->n > PL_LOOK_REPLY_MAX ? -1 : 0;
}

/* The end of it is kept. */
static void read_messages(struct look *k)
{
	char text[1024];
	ssize_t n = 1;

	for (int i = 0; i < 16 && k->err >= 0 && n > 0; i++) {
		size_t room = sizeof(k->said) - 1, drop;

		n = read(k->err, text, sizeof(text));
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			close_pipe(&k->err);
		if (n <= 0)
			break;
		drop = k->said_n + (size_t)n > room ? k->said_n + (size_t)n - room : 0;
		memmove(k->said, k->said + drop, k->said_n - drop);
		for (ssize_t c = 0; c < n; c++) /* a line is a line, whatever is in it */
			k->said[k->said_n - drop + (size_t)c] = text[c] ? text[c] : ' ';
		k->said_n += (size_t)n - drop;
		k->said[k->said_n] = '\0';
	}
}

static void too_large(struct pl_looks *l, struct look *k)
{
	struct pl_error err = {0};

	pl_error_set(&err, PL_ENOMEM, 0,
		     "the answer is longer than %zu MiB; ask for less at a time, or run plantar "
		     "%s where the recordings are",
		     PL_LOOK_REPLY_MAX >> 20, k->words.argv[1]);
	refuse(l, k, &err);
	let_go(k);
}

/* True: it has gone, and everything it wrote was read. */
static bool ended(struct pl_looks *l, struct look *k)
{
	siginfo_t info = {0};
	int status;

	/* looked at first, so that its number is not another's while what it left is killed */
	if (waitid(P_PID, (id_t)k->pid, &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid)
		return false;
	if (k->token && read_output(k))
		too_large(l, k);
	read_messages(k);
	if (k->token && k->out >= 0 && info.si_code == CLD_EXITED) {
		struct pollfd more = {.fd = k->out, .events = POLLIN};

		if (poll(&more, 1, 0) > 0 && more.revents & POLLIN)
			return false; /* the next turn reads on */
	}
	kill(-k->pid, SIGKILL);
	waitpid(k->pid, &status, 0); /* it is there already */
	k->pid = 0;
	if (k->token)
		judge(l, k, status);
	return true;
}

static void start(struct pl_looks *l, struct look *k, int64_t now_ns)
{
	struct pl_error err = {0};

	k->deadline_ns = now_ns + l->time_ns;
	if (pl_look_spawn(k->words.argv, &k->pid, &k->out, &k->err, &err))
		refuse(l, k, &err);
}

static void too_slow(struct pl_looks *l, struct look *k)
{
	struct pl_error err = {0};

	pl_error_set(&err, PL_ETIMEOUT, 0,
		     "plantar %s took longer than %g s (access.look_s) and was ended; ask for less "
		     "at a time, or "
		     "run it where the recordings are",
		     k->words.argv[1], l->config->access.look_s);
	refuse(l, k, &err);
	let_go(k);
}

static void out_of_patience(struct pl_looks *l, struct look *k)
{
	struct pl_error err = {0};

	pl_error_set(&err, PL_EBUSY, 0,
		     "it was not its turn for %g s: too much is asked of recordings at once; try "
		     "again later",
		     l->config->access.look_s);
	refuse(l, k, &err);
}

/* True: done with. */
static bool attend(struct pl_looks *l, struct look *k, unsigned running, int64_t now_ns)
{
	if (k->pid > 0) {
		if (k->token && read_output(k))
			too_large(l, k);
		read_messages(k);
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

	for (const struct look *k = l->first; k; k = k->next)
		n += k->pid > 0;
	return n;
}

void pl_looks_tick(struct pl_looks *l, int64_t now_ns)
{
	struct look **at = &l->first;

	while (*at) {
		struct look *k = *at;

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

	for (const struct look *k = l->first; k; k = k->next) {
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

	for (const struct look *k = l->first; k; k = k->next) {
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
	struct look *k, **end = &l->first;

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
	snprintf(k->name, sizeof(k->name), "report-%.36s.%s", r->sessions[0], r->format);
	while (*end)
		end = &(*end)->next;
	*end = k;
	pl_looks_tick(l, k->asked_ns);
	return 0;
}

/* ---- the end ---- */

static bool changes(const struct look *k)
{
	return k->token && k->pid > 0 && pl_command_acts(k->cmd);
}

void pl_looks_stop(struct pl_looks *l)
{
	struct pl_error err = {0};

	l->stopping = true;
	pl_error_set(&err, PL_ESTATE, 0, "plantard is ending");
	for (struct look *k = l->first; k; k = k->next)
		if (!changes(k)) {
			refuse(l, k, &err);
			let_go(k);
		}
	pl_looks_tick(l, pl_now_ns());
}

unsigned pl_looks_changing(const struct pl_looks *l)
{
	unsigned n = 0;

	for (const struct look *k = l->first; k; k = k->next)
		n += changes(k);
	return n;
}
