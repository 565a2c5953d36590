/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which insole was worn decides how large its sensors are; the recording does not say, the maker's
 * documents do. A person writes it down once a size; a sensor forgotten or named twice would be a
 * force that is silently wrong, so every one of them must be there once.
 */
#include <stdlib.h>

#include <plantar/session.h>

#include "import_areas.h"
#include "import_file.h"
#include "import_text.h"

static int one_line(struct pl_text *t, double *area_m2, unsigned n)
{
	struct pl_number area;
	const char *at;
	uint64_t sensor;

	pl_text_blanks(t);
	at = t->at;
	if (!pl_text_uint(t, &sensor) || sensor < 1 || sensor > n) {
		t->at = at;
		return pl_text_expected(t, "the number of a sensor from 1 to %u", n);
	}
	if (area_m2[sensor - 1] > 0) {
		t->at = at;
		return pl_text_fail(t, PL_ECORRUPT, "sensor %u a second time", (unsigned)sensor);
	}
	pl_text_blanks(t);
	if (pl_text_char(t, ',') || pl_text_char(t, ';'))
		pl_text_blanks(t);
	at = t->at;
	if (!pl_text_number(t, &area) ||
	    !(area.value > 0 && area.value <= PL_SENSOR_AREA_MAX_M2 * 1e4)) {
		t->at = at;
		return pl_text_expected(t, "an area in cm2 above 0");
	}
	if (pl_text_decimal_comma(t))
		return -1;
	pl_text_blanks(t);
	if (t->at < t->stop)
		return pl_text_expected(t, "the end of the line after the area");
	area_m2[sensor - 1] = area.value / 1e4;
	return 0;
}

int pl_import_areas(const char *text, size_t length, double *area_m2, unsigned n,
		    struct pl_error *err)
{
	struct pl_text t;

	for (unsigned i = 0; i < n; i++)
		area_m2[i] = 0;
	pl_text_init(&t, text, length, err);
	while (pl_text_line(&t)) {
		bool is_head = t.line == 1 && t.at < t.stop && (*t.at < '0' || *t.at > '9') &&
			       *t.at != ' ' && *t.at != '\t';

		if (!is_head && !pl_text_line_is_blank(&t) && one_line(&t, area_m2, n))
			return -1;
	}
	for (unsigned i = 0; i < n; i++)
		if (!(area_m2[i] > 0))
			return pl_text_expected(&t, "the area of sensor %u of %u", i + 1, n);
	return 0;
}

int pl_import_areas_read(const char *path, double *area_m2, unsigned n, struct pl_error *err)
{
	size_t length;
	char *text = pl_import_read_path(path, &length, err);
	int result;

	if (!text)
		return -1;
	result = pl_import_areas(text, length, area_m2, n, err);
	if (result)
		pl_error_prefix(err, "%s: ", path);
	free(text);
	return result;
}
