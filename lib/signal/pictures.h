/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting for plantar/pictures.h while an analysis runs. Private to lib/signal. */
#ifndef PL_SIGNAL_PICTURES_H
#define PL_SIGNAL_PICTURES_H

#include <plantar/pictures.h>

struct pl_analysis;
struct pl_stance;

/* NULL: out of memory. */
struct pl_album *pl_album_new(void);
void pl_album_free(struct pl_album *album); /* NULL allowed */

/* The functions below do nothing for an analysis without pictures. */

/* A frame of the second pass. gap: frames are missing before it. */
void pl_album_frame(struct pl_analysis *a, double t_s, bool gap);
/* The stance has become the last step of a->gait. */
void pl_album_stance(struct pl_analysis *a, const struct pl_stance *stance);
/* Quiet standing, in the person's axes, before the filter. from_s: its first sample. */
void pl_album_sway(struct pl_analysis *a, const struct pl_standing *standing, const double *ap_mm,
		   const double *ml_mm, double from_s);

#endif
