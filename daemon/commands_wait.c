/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How recordings were finished: told to who waits for one, and kept for a while for who asks later.
 */
#include <errno.h>
#include <string.h>

#include "daemon/commands.h"
#include "daemon/daemon.h"
#include "daemon/text.h"

static void reply_converted(struct pl_daemon *d, uint64_t token, const struct pl_conversion *c)
{
	struct pl_json j;

	if (c->err.code != PL_OK) {
		pl_control_refuse(d->control, token, &c->err);
		return;
	}
	pl_command_start_reply(d, &j);
	pl_json_string(&j, "path", c->path);
	pl_json_uint(&j, "frames", c->frames);
	pl_json_uint(&j, "gaps", c->gaps);
	pl_json_bool(&j, "complete", c->complete);
	pl_command_send_reply(d, token, &j);
}

static const struct pl_conversion *find_result(const struct pl_daemon *d, const char *path)
{
	for (unsigned i = 0; i < d->n_results && i < PL_RESULTS; i++)
		if (strcmp(d->results[i].path, path) == 0)
			return &d->results[i];
	return NULL;
}

int pl_command_wait(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
		    struct pl_error *err)
{
	const struct pl_conversion *result = find_result(d, r->path);
	struct pl_held *h;

	if (result) {
		reply_converted(d, token, result);
		return 0;
	}
	if (!pl_converter_knows(d->converter, r->path))
		return pl_error_set(err, PL_ENOENT, ENOENT,
				    "no recording %.300s was made since plantard runs", r->path);
	h = pl_held_take(d, token, PL_CMD_WAIT, err);
	if (!h)
		return -1;
	pl_copy(h->path, sizeof(h->path), r->path);
	return 0;
}

/* Keeps the outcome for those who ask later, and answers those who wait. */
static void settle(struct pl_daemon *d, const struct pl_conversion *c, bool finished)
{
	unsigned at = d->n_results++ % PL_RESULTS;

	d->results[at] = *c;
	if (finished) {
		d->results[at].err.code = PL_OK;
		d->last_finished = (int)at;
	}
	for (int i = 0; i < PL_HELD_MAX; i++) {
		struct pl_held *h = &d->held[i];

		if (!h->id || h->cmd != PL_CMD_WAIT || strcmp(h->path, c->path) != 0)
			continue;
		reply_converted(d, h->token, &d->results[at]);
		pl_held_drop(h);
	}
}

void pl_command_converted(void *daemon, enum pl_conversion_news news, const struct pl_conversion *c)
{
	struct pl_daemon *d = daemon;

	switch (news) {
	case PL_CONVERSION_FINISHED:
		pl_daemon_event(d, c->mat, PL_NOTICE,
				c->recovery ? "recovered" : "recording-finished",
				"%llu frames in %s", (unsigned long long)c->frames, c->path);
		settle(d, c, true);
		break;
	case PL_CONVERSION_RESTARTED:
		pl_daemon_event(d, c->mat, PL_WARNING, "converter-restarted",
				"finishing %s failed (%s); trying again", c->path, c->err.message);
		break;
	case PL_CONVERSION_FAILED:
		pl_daemon_event(d, c->mat, PL_ERR, "recording-failed",
				"%s cannot be finished: %s. Nothing is lost: everything is in %s; "
				"remove the cause and run `plantar recover`, or restart plantard",
				c->path, c->err.message, c->journal);
		settle(d, c, false);
		break;
	}
}
