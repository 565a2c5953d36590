/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A polled mat says nothing by itself: who asks too early hears two answers mixed, who never asks
 * again after a lost byte hears nothing any more. So one question is open at a time, and it is
 * given up when no byte has come for a while.
 */
#include "drivers/decode/matrix_talk.h"

#include <string.h>

#define MS INT64_C(1000000)
#define POLL_TIMEOUT_MS 500

static int64_t timeout_ns(const struct pl_matrix_config *c)
{
	return (c->poll_timeout_ms ? c->poll_timeout_ms : POLL_TIMEOUT_MS) * MS;
}

void pl_talk_reset(struct pl_talk *t)
{
	*t = (struct pl_talk){.free_ns = INT64_MIN};
}

bool pl_talk_heard(struct pl_talk *t, const struct pl_matrix_config *c, int64_t now_ns)
{
	/* In a capture nobody asks; a silence shows where an answer had been given up. */
	bool silence =
		c->poll.n && !t->started && t->heard_ns && now_ns - t->heard_ns >= timeout_ns(c);
	bool expired = t->expired || silence;

	t->expired = false;
	t->heard_ns = now_ns;
	return expired;
}

void pl_talk_answered(struct pl_talk *t, const struct pl_matrix_config *c, int64_t now_ns)
{
	t->asked = false;
	t->free_ns = now_ns + c->poll_quiet_ms * MS;
}

bool pl_talk_surplus(const struct pl_talk *t, const struct pl_matrix_config *c)
{
	return c->poll.n && c->poll_quiet_ms && t->started && !t->asked;
}

static void send(struct pl_tx *tx, const struct pl_command *command)
{
	memcpy(tx->bytes, command->bytes, command->n);
	tx->n = command->n;
}

bool pl_talk_tick(struct pl_talk *t, const struct pl_matrix_config *c, int64_t now_ns,
		  struct pl_tx *tx, int64_t *deadline_ns)
{
	bool late, poll;

	if (!t->started) {
		t->started = true;
		if (c->start.n) {
			send(tx, &c->start);
			if (c->poll.n)
				*deadline_ns = now_ns;
			return false;
		}
	}
	if (!c->poll.n)
		return false;
	if (!t->asked && now_ns < t->free_ns) {
		*deadline_ns = t->free_ns;
		return false;
	}
	late = t->asked && now_ns - t->heard_ns >= timeout_ns(c);
	t->expired |= late;
	poll = !t->asked || late;
	if (poll) {
		send(tx, &c->poll);
		t->asked = true;
		t->heard_ns = now_ns;
	}
	*deadline_ns = t->heard_ns + timeout_ns(c);
	return poll;
}

void pl_talk_stop(const struct pl_matrix_config *c, struct pl_tx *tx)
{
	send(tx, &c->stop);
}
