/* SPDX-License-Identifier: Apache-2.0 */
/* What reading an XSENSOR file (import_xsensor.c) and proving it (import_xsensor_proof.c) share. */
#ifndef ARCHIVE_IMPORT_XSENSOR_H
#define ARCHIVE_IMPORT_XSENSOR_H

#include <math.h>

#include "import_frames.h"
#include "import_text.h"

#define SENSORS_MAX 2

/* What one block prints beside its cells; decimals tell the slack. */
struct printed {
	struct pl_number mean, peak, contact_cm2, load_n;
	bool has_mean, has_peak, has_contact, has_load;
};

struct sensor {
	char name[64];
	enum pl_side side;
	unsigned rows, cols;
	struct pl_number width_cm, height_cm, total_cm2;
	unsigned long line;	    /* of its first SENSOR */
	double *cells;		    /* of the frame being read, kPa */
	double least_cm2, most_cm2; /* what the area of a sensel can be */
	bool read;		    /* in this frame */
};

/* A printed load waits for the area of a sensel. */
struct load {
	unsigned long line;
	unsigned sensor;
	double sum_kpa, load_n, half_digit;
};

struct xsensor {
	struct pl_text text;
	struct pl_import *im;
	enum pl_side only; /* of a pair, this one */
	struct sensor sensor[SENSORS_MAX];
	unsigned sensors;
	double to_kpa;
	bool has_unit, no_more_sensors;
	uint64_t number; /* of the frame */
	int64_t t_ns, first_ns;
	bool has_time;
	size_t cap_times;
	struct load *loads;
	size_t n_loads, cap_loads;
};

struct sums {
	double sum, peak; /* in the file's unit */
	unsigned loaded, decimals;
};

/* What printing may have rounded off. */
static inline double pl_xsensor_half_digit(const struct pl_number *n)
{
	return 0.5 * pow(10, -(double)n->decimals);
}

/* Does the block whose last row is the current line print what its cells say? Loads are kept until
 * the area of a sensel is known. */
int pl_xsensor_prove(struct xsensor *x, struct sensor *s, const struct printed *p,
		     const struct sums *sums);
/* The area of a sensel of s, once all frames are read. */
int pl_xsensor_area(struct xsensor *x, const struct sensor *s, double *cm2);
/* All loads that were kept, with that area of each sensor. */
int pl_xsensor_check_loads(struct xsensor *x, const double *cm2);

#endif
