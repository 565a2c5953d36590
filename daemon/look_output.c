/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a child writes becomes a reply of up to 16 MiB, and main must not spend its time on copying
 * that: it is read into one block with room in front, what makes it a reply is written into that
 * room, and the block itself is handed to ZeroMQ. Whether it is a whole document is taken from how
 * the child ended; to parse it would take longer than main may.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "daemon/look_internal.h"
#include "daemon/text.h"

#define READ_AT_ONCE ((size_t)1 << 20)
#define HEAD_ROOM 64 /* in front of a document: what makes it a reply */
#define TAIL_ROOM 2
#define START_BYTES ((size_t)64 << 10)

/* Outlives the looks: ZeroMQ frees answers when it has sent them, from its own thread. */
static atomic_size_t bytes;

size_t pl_looks_bytes(void)
{
	return atomic_load(&bytes);
}

/* ---- reading ---- */

void pl_look_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int grow(struct pl_look *k)
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

int pl_look_read(struct pl_look *k)
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
			pl_look_close(&k->out);
		}
	}
	return k->n > PL_LOOK_REPLY_MAX ? -1 : 0;
}

void pl_look_hear(struct pl_look *k)
{
	char text[1024];
	ssize_t n = 1;

	for (int i = 0; i < 16 && k->err >= 0 && n > 0; i++) {
		size_t room = sizeof(k->said) - 1, drop;

		n = read(k->err, text, sizeof(text));
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			pl_look_close(&k->err);
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

void pl_look_release(struct pl_look *k)
{
	atomic_fetch_sub(&bytes, k->cap);
	free(k->buf);
	k->buf = NULL;
	k->n = k->cap = 0;
}

/* n bytes of the look's buffer from "from" on become a message, without being copied. */
static int hand_over(struct pl_look *k, zmq_msg_t *msg, char *from, size_t n)
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

void pl_look_refuse(struct pl_looks *l, struct pl_look *k, const struct pl_error *err)
{
	if (k->token)
		pl_control_refuse(l->control, k->token, err);
	k->token = 0;
}

static void no_memory(struct pl_looks *l, struct pl_look *k)
{
	struct pl_error err = {0};

	pl_error_set(&err, PL_ENOMEM, ENOMEM, "out of memory for the answer");
	pl_look_refuse(l, k, &err);
}

static void answer_document(struct pl_looks *l, struct pl_look *k)
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

static void answer_file(struct pl_looks *l, struct pl_look *k)
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
static bool is_document(struct pl_look *k)
{
	const char *text = k->buf ? k->buf + HEAD_ROOM : "";

	while (k->n > 0 && (text[k->n - 1] == '\n' || text[k->n - 1] == ' '))
		k->n--;
	return k->n >= 2 && text[0] == '{' && text[k->n - 1] == '}';
}

/* ---- how it ended ---- */

/* "error <code> <message>", what `plantar` says to plantard. */
static bool told(const struct pl_look *k, struct pl_error *err)
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
static const char *said_line(const struct pl_look *k, size_t *n)
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

static void why(const struct pl_look *k, int status, struct pl_error *err)
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

void pl_look_judge(struct pl_looks *l, struct pl_look *k, int status)
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
		pl_look_refuse(l, k, &err);
	}
}
