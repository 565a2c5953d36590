/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A calibration that has expired must not make newtons. At the start that is easy: its mat says
 * counts. One that expires while the daemon runs cannot change the unit under subscribers and
 * recordings, so from then on no new session is started on its mat: the person learns it before
 * the recording, not after it, and a session under way is finished as it began.
 */
#include "daemon/calibrated.h"

#include "daemon/daemon.h"

#define SOON_S (30 * 86400)
#define WAY_OUT "'plantar calibrate' makes a new one"

void pl_calibrated_begin(struct pl_config *config, int64_t utc_s, const struct pl_log *log)
{
	for (unsigned i = 0; i < config->n_mats; i++) {
		struct pl_calibration *cal = &config->mats[i].mat.calibration;
		const char *name = config->mats[i].name, *expires = cal->origin.expires;

		if (!pl_calibrated(cal)) {
			pl_logf(log, PL_NOTICE, "%s has no calibration: its values are counts",
				name);
		} else if (pl_calibration_expired(cal, utc_s)) {
			pl_logf(log, PL_WARNING,
				"calibration %s of %s expired on %s: values are counts; " WAY_OUT,
				cal->id, name, expires);
			pl_calibration_expire(cal);
		} else if (pl_calibration_expired(cal, utc_s + SOON_S)) {
			pl_logf(log, PL_WARNING,
				"calibration %s of %s expires on %s; then values are "
				"counts; " WAY_OUT,
				cal->id, name, expires);
		}
	}
}

bool pl_calibrated_outlived(const struct pl_daemon *d, unsigned i)
{
	const struct pl_calibration *cal = &d->config->mats[i].mat.calibration;

	return pl_calibrated(cal) && pl_calibration_expired(cal, pl_utc_ns() / PL_S);
}

void pl_calibrated_clock(struct pl_daemon *d)
{
	for (unsigned i = 0; i < d->config->n_mats; i++) {
		const struct pl_calibration *cal = &d->config->mats[i].mat.calibration;

		if (d->outlived & 1u << i || !pl_calibrated_outlived(d, i))
			continue;
		d->outlived |= 1u << i;
		pl_daemon_event(d, (int)i, PL_WARNING, "calibration-expired",
				"calibration %s expired on %s; no session is started with it. "
				"After a restart of plantard values are counts; " WAY_OUT,
				cal->id, cal->origin.expires);
	}
}

int pl_calibrated_need(const struct pl_daemon *d, unsigned i, const char *wants,
		       struct pl_error *err)
{
	const struct pl_calibration_origin *o = &d->config->mats[i].mat.calibration.origin;
	const char *name = d->config->mats[i].name;

	if (d->mats[i].wire.calibrated)
		return 0;
	if (o->expired)
		return pl_error_set(
			err, PL_ESTATE, 0,
			"%s needs newtons, but the calibration of %s expired on %s: its "
			"values are counts; " WAY_OUT,
			wants, name, o->expires);
	return pl_error_set(err, PL_ESTATE, 0,
			    "%s needs newtons, but %s has no calibration: its values are counts; "
			    "'plantar calibrate' makes one",
			    wants, name);
}

static void text(struct pl_json *j, const char *key, const char *value)
{
	pl_json_string(j, key, *value ? value : NULL);
}

void pl_calibrated_write(const struct pl_daemon *d, unsigned i, struct pl_json *j)
{
	const struct pl_calibration_origin *o = &d->config->mats[i].mat.calibration.origin;

	text(j, "calibration_made", o->calibrated);
	text(j, "calibration_expires", o->expires);
	text(j, "calibration_by", o->by);
	pl_json_bool(j, "calibration_expired", o->expired || pl_calibrated_outlived(d, i));
}
