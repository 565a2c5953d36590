/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tare and weigh: some seconds of frames are averaged by each mat's own thread, and the client gets
 * its answer when the last of them has done so.
 */
#include <math.h>

#include "daemon/calibrated.h"
#include "daemon/commands.h"
#include "daemon/daemon.h"

int pl_command_average(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
		       struct pl_error *err)
{
	uint32_t mats = pl_command_mats(d, r, err);
	bool weigh = r->cmd == PL_CMD_WEIGH;
	struct pl_held *h;

	if (!mats)
		return -1;
	if (weigh && mats & (mats - 1))
		return pl_error_set(err, PL_EUSAGE, 0, "weigh needs \"mat\": there are %u mats",
				    d->config->n_mats);
	for (unsigned i = 0; i < d->config->n_mats; i++) {
		struct pl_engine_status s;

		if (!(mats & 1u << i))
			continue;
		pl_engine_status(d->mats[i].engine, &s);
		if (weigh && pl_calibrated_need(d, i, "weighing", err))
			return -1;
		if (d->mats[i].averaging)
			return pl_error_set(err, PL_EBUSY, 0,
					    "a tare or weighing of %s is under way; try again in a "
					    "second",
					    d->config->mats[i].name);
		if (!weigh && d->mats[i].recording)
			return pl_error_set(err, PL_ESTATE, 0,
					    "%s is being recorded; stop before the tare changes",
					    d->config->mats[i].name);
		if (s.state != PL_STATE_RUNNING && !r->clear)
			return pl_error_set(err, PL_ESTATE, 0, "no frames come from %s (%s): %s",
					    d->config->mats[i].name, pl_mat_state_name(s.state),
					    s.state_text);
	}
	h = pl_held_take(d, token, r->cmd, err);
	if (!h)
		return -1;
	h->body_mass_kg = r->body_mass_kg;
	for (unsigned i = 0; i < d->config->n_mats; i++) {
		if (!(mats & 1u << i))
			continue;
		h->waiting++;
		d->mats[i].averaging = true;
		if (weigh)
			pl_engine_weigh(d->mats[i].engine, h->id,
					isnan(r->seconds) ? 2 : r->seconds);
		else
			pl_engine_tare(d->mats[i].engine, h->id, isnan(r->seconds) ? 1 : r->seconds,
				       r->clear);
	}
	return 0;
}

static void finish_tare(struct pl_daemon *d, struct pl_held *h)
{
	struct pl_json j;

	pl_command_start_reply(d, &j);
	pl_json_begin_array(&j, "mats");
	for (unsigned i = 0; i < h->n_done; i++) {
		pl_json_begin_object(&j, NULL);
		pl_json_string(&j, "mat", d->config->mats[h->done[i].mat].name);
		pl_json_string(&j, "calibration", h->done[i].calibration);
		pl_json_double(&j, "mean_counts_max", h->done[i].mean_counts_max);
		/* Before the tare: who sees a person's weight here has tared a person. */
		if (d->mats[h->done[i].mat].wire.calibrated)
			pl_json_double(&j, "mean_force_n", h->done[i].mean_force_n);
		pl_json_end_object(&j);
	}
	pl_json_end_array(&j);
	pl_command_send_reply(d, h->token, &j);
	pl_held_drop(h);
}

static void finish_weigh(struct pl_daemon *d, struct pl_held *h)
{
	struct pl_weight_check check = pl_weight_check(h->done[0].mean_force_n, h->body_mass_kg);
	struct pl_json j;

	pl_command_start_reply(d, &j);
	pl_json_string(&j, "mat", d->config->mats[h->done[0].mat].name);
	pl_json_double(&j, "measured_n", check.measured_n);
	pl_json_double(&j, "expected_n", check.expected_n);
	pl_json_double(&j, "ratio", check.ratio);
	pl_json_bool(&j, "within_5_pct", check.ok);
	pl_command_send_reply(d, h->token, &j);
	pl_held_drop(h);
}

void pl_command_done(struct pl_daemon *d, const struct pl_done *done)
{
	struct pl_held *h = pl_held_find(d, done->request);

	if (done->request == PL_VISIT_REQUEST)
		pl_visit_run_measured(d, done);
	if (!h)
		return;
	d->mats[done->mat].averaging = false;
	if (done->err.code != PL_OK && h->failed.code == PL_OK)
		h->failed = done->err;
	h->done[h->n_done++] = *done;
	if (--h->waiting > 0)
		return;
	if (h->failed.code != PL_OK)
		pl_held_refuse(d, h, &h->failed);
	else if (h->cmd == PL_CMD_WEIGH)
		finish_weigh(d, h);
	else
		finish_tare(d, h);
}
