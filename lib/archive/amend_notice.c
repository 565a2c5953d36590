/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /summary and /steps are of the day of the recording and stay so: they were computed by the
 * version that recorded, and whoever cited them must find them again. But who opens the file with
 * nothing but h5py sees them first, and must not take them for what holds since somebody has
 * corrected a side or taken a step out. So both say it themselves.
 */
#include <string.h>

#include "amend_notice.h"
#include "h5_guard.h"
#include "h5_read.h"
#include "layout.h"

#define NOTICE                                                                                 \
	"as of the recording; what this rests on was changed since, see /amendments: plantar " \
	"analyze computes it as corrected"

bool pl_amend_moves_figures(const char *key)
{
	static const char *const keys[] = {"side",	   "facing",  "feet_side", "steps_rejected",
					   "body_mass_kg", "surface", "speed_m_s", "speed_source"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static int renew(hid_t dset, const char *name, const char *text, struct pl_error *err)
{
	htri_t there = H5Aexists(dset, name);

	if (there < 0 || (there > 0 && H5Adelete(dset, name) < 0))
		return pl_h5_error(err, "cannot replace the attribute %s", name);
	return pl_h5_attr_text(dset, name, text, err);
}

int pl_amend_notice(hid_t file, const char *utc, struct pl_error *err)
{
	static const char *const stored[] = {PL_H5_SUMMARY, PL_H5_STEPS};

	for (size_t i = 0; i < sizeof(stored) / sizeof(stored[0]); i++) {
		hid_t dset;

		if (!pl_h5_has(file, stored[i]))
			continue;
		dset = H5Dopen2(file, stored[i], H5P_DEFAULT);
		if (dset < 0)
			return pl_h5_error(err, "cannot open %s", stored[i]);
		if (renew(dset, "amended", NOTICE, err) || renew(dset, "amended_utc", utc, err))
			return -1;
		if (H5Dclose(dset) < 0)
			return pl_h5_error(err, "cannot close %s", stored[i]);
	}
	return 0;
}
