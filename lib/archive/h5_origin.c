/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A figure in newtons is worth what its calibration is worth. So the file says who made it, when,
 * until when it holds and how well it fitted, for whoever opens it without plantard, and keeps the
 * calibration file as it was.
 */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "h5.h"
#include "h5_origin.h"
#include "h5_read.h"
#include "layout.h"

static const struct {
	const char *name;
	size_t at, cap;
} words[] = {
#define WORD(member)                                                        \
	{                                                                   \
#member, offsetof(struct pl_calibration_origin, member),    \
			sizeof(((struct pl_calibration_origin *)0)->member) \
	}
	WORD(calibrated),
	WORD(expires),
	WORD(by),
	WORD(method),
};

static const struct {
	const char *name;
	size_t at;
} numbers[] = {
#define NUMBER(member)                                                  \
	{                                                               \
#member, offsetof(struct pl_calibration_origin, member) \
	}
	NUMBER(reference_n), NUMBER(residual_rms_pct), NUMBER(residual_max_pct),
	NUMBER(repeat_pct),  NUMBER(body_mass_kg),     NUMBER(body_error_pct),
};

int pl_h5_origin_write(hid_t file, hid_t group, const struct pl_session_meta *m,
		       struct pl_error *err)
{
	const struct pl_calibration_origin *o = &m->calibration.origin;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		const char *word = (const char *)o + words[i].at;

		if (*word && pl_h5_attr_text(group, words[i].name, word, err))
			return -1;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		double value = *(const double *)(const void *)((const char *)o + numbers[i].at);

		if (value != 0 && pl_h5_attr_f64(group, numbers[i].name, value, err))
			return -1;
	}
	if (o->loads && pl_h5_attr_u32(group, "loads", o->loads, err))
		return -1;
	if (o->expired && pl_h5_attr_u32(group, "expired", 1, err))
		return -1;
	return m->calibration_text
		       ? pl_h5_text(file, PL_H5_CALIBRATION_TEXT, m->calibration_text, err)
		       : 0;
}

static int impossible(const char *name, struct pl_error *err)
{
	return pl_error_set(err, PL_ECORRUPT, 0, PL_H5_CALIBRATION ": attribute '%s' cannot be so",
			    name);
}

static int read_attributes(hid_t group, struct pl_calibration_origin *o, struct pl_error *err)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (H5Aexists(group, words[i].name) > 0 &&
		    pl_h5_read_text(group, words[i].name, (char *)o + words[i].at, words[i].cap))
			return impossible(words[i].name, err);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		double *value = (double *)(void *)((char *)o + numbers[i].at);

		if (H5Aexists(group, numbers[i].name) <= 0)
			continue;
		if (pl_h5_read_number(group, numbers[i].name, H5T_NATIVE_DOUBLE, value) ||
		    !isfinite(*value))
			return impossible(numbers[i].name, err);
	}
	return 0;
}

static int read_whole(hid_t group, const char *name, uint32_t *value, struct pl_error *err)
{
	if (H5Aexists(group, name) > 0 && pl_h5_read_number(group, name, H5T_NATIVE_UINT32, value))
		return impossible(name, err);
	return 0;
}

int pl_h5_origin_read(hid_t file, hid_t group, struct pl_session_meta *m, struct pl_error *err)
{
	struct pl_calibration_origin *o = &m->calibration.origin;
	uint32_t loads = 0, expired = 0;

	if (read_attributes(group, o, err) || read_whole(group, "loads", &loads, err) ||
	    read_whole(group, "expired", &expired, err))
		return -1;
	o->loads = loads;
	o->expired = expired != 0;
	if (!pl_h5_has(file, PL_H5_CALIBRATION_TEXT))
		return 0;
	m->calibration_text =
		pl_h5_read_long_text(file, PL_H5_CALIBRATION_TEXT, PL_CALIBRATION_TEXT_MAX, err);
	return m->calibration_text ? 0 : -1;
}
