/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay:FILE.plcap - a byte capture delivered again, chunk for chunk, at the pace it was recorded
 * (rate=2 twice as fast, rate=0 as fast as it is read), once or again and again (loop=1). What is
 * written to it is accepted and goes nowhere: the mat that would answer has long been recorded.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "drivers/transport/internal.h"
#include "drivers/transport/plcap.h"

struct replay {
	struct pl_paced paced;
	struct pl_plcap *capture;
	const struct pl_log *log;
	double rate;
	bool loop, started;
	int64_t start_ns; /* monotonic time of the capture's beginning */
	int64_t last_ns;  /* capture time of the last record */
	uint64_t records; /* in this round */
};

static const struct pl_uri_key keys[] = {
	{.name = "rate", .min = 0, .max = 1e6},
	{.name = "loop", .min = 0, .max = 1, .whole = true},
	{.name = NULL},
};

/* When a record is due. A capture may claim any time, and a rate may be next to nothing. */
static int64_t due_at(const struct replay *r, int64_t t_ns)
{
	double after_ns = (double)t_ns / r->rate, most_ns = 0x1p62 - (double)r->start_ns;

	return r->start_ns + (int64_t)fmin(after_ns, most_ns);
}

static int again(struct replay *r, struct pl_error *err)
{
	if (pl_plcap_rewind(r->capture, err))
		return -1;
	if (r->rate > 0) /* the next round begins as this one ends */
		r->start_ns = due_at(r, r->last_ns);
	r->records = 0;
	return 0;
}

/* Opening the file again would play its beginning again and not heal it: this is the end. */
static int damaged(struct replay *r, const struct pl_error *err)
{
	pl_logf(r->log, PL_ERR, "replay ends early: %s", err->message);
	return PL_PACED_END;
}

static int next(struct pl_paced *p, struct pl_error *err)
{
	struct replay *r = (struct replay *)p;
	struct pl_error own;
	bool truncated = false;
	int64_t t_ns;
	int got;

	err = err ? err : &own;
	if (!r->started) {
		r->start_ns = pl_mono_ns();
		r->started = true;
	}
	do {
		got = pl_plcap_next(r->capture, &t_ns, &p->bytes, &p->n, &truncated, err);
		if (!got && truncated)
			pl_logf(r->log, PL_WARNING, "replay: the capture's last record is cut off");
		if (!got && (!r->loop || !r->records))
			return PL_PACED_END;
		if (got < 0 || (!got && again(r, err)))
			return damaged(r, err);
		if (got)
			r->records += p->n > 0;
	} while (!got || !p->n);
	r->last_ns = t_ns;
	p->due_ns = r->rate > 0 ? due_at(r, t_ns) : INT64_MIN;
	return PL_PACED_CHUNK;
}

static void replay_close(struct pl_transport *t)
{
	struct replay *r = (struct replay *)t;

	pl_transport_fini(t);
	pl_plcap_close(r->capture);
	free(r);
}

static struct pl_transport *replay_open(const struct pl_uri *uri, const struct pl_mat *mat,
					const struct pl_log *log, struct pl_error *err)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (!r) {
		pl_error_set(err, PL_ENOMEM, 0, "no memory for a replay");
		return NULL;
	}
	r->paced.next = next;
	r->paced.base.cancel_fd = -1;
	r->log = log;
	r->rate = pl_uri_number(uri, "rate", 1);
	r->loop = pl_uri_number(uri, "loop", 0) > 0;
	r->capture = pl_plcap_open(uri->path, err);
	if (!r->capture || pl_transport_init(&r->paced.base, &pl_replay_ops, err)) {
		replay_close(&r->paced.base);
		return NULL;
	}
	if (*pl_plcap_mat_name(r->capture) && strcmp(pl_plcap_mat_name(r->capture), mat->name))
		pl_logf(log, PL_WARNING, "%s was captured from mat %s and is read as %s", uri->path,
			pl_plcap_mat_name(r->capture), mat->name);
	return &r->paced.base;
}

static int replay_write(struct pl_transport *t, const void *bytes, size_t n, struct pl_error *err)
{
	(void)t;
	(void)bytes;
	(void)n;
	(void)err;
	return 0;
}

static bool replay_present(const struct pl_uri *uri)
{
	struct stat st;

	return !stat(uri->path, &st) && S_ISREG(st.st_mode);
}

const struct pl_transport_ops pl_replay_ops = {
	.scheme = "replay",
	.example = "replay:walk.plcap?rate=1",
	.keys = keys,
	.open = replay_open,
	.close = replay_close,
	.read = pl_paced_read,
	.write = replay_write,
	.present = replay_present,
};
