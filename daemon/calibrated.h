/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the mats' calibrations still hold, and what follows when they do not. Main's thread. */
#ifndef DAEMON_CALIBRATED_H
#define DAEMON_CALIBRATED_H

#include <plantar/json.h>
#include <plantar/log.h>

#include "daemon/config.h"

struct pl_daemon;

/* Before anything runs: mats whose calibration has expired say counts from here on; each is told,
 * and so are those that have none or one that ends within a month. */
void pl_calibrated_begin(struct pl_config *config, int64_t utc_s, const struct pl_log *log);

/* Has the calibration of mat i expired since the daemon started? */
bool pl_calibrated_outlived(const struct pl_daemon *d, unsigned i);
/* Now and then: an event when one has. */
void pl_calibrated_clock(struct pl_daemon *d);

/* PL_ESTATE, saying why, if the values of mat i are counts; wants: what it is that needs newtons.
 */
int pl_calibrated_need(const struct pl_daemon *d, unsigned i, const char *wants,
		       struct pl_error *err);

/* Members calibration_made, calibration_expires, calibration_by (null: not said) and
 * calibration_expired of the open object. */
void pl_calibrated_write(const struct pl_daemon *d, unsigned i, struct pl_json *j);

#endif
