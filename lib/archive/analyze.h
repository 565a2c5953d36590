/* SPDX-License-Identifier: Apache-2.0 */
/* pl_recording_analyze for those who want its steps too. */
#ifndef ARCHIVE_ANALYZE_H
#define ARCHIVE_ANALYZE_H

#include <plantar/analysis.h>
#include <plantar/pictures.h>
#include <plantar/recording.h>

/* steps, if not NULL, receives the steps and is then to be freed (pl_gait_free). */
int pl_analyze_steps(struct pl_recording *r, const struct pl_analysis_options *o,
		     struct pl_json *json,
		     bool (*progress)(void *user, uint64_t done, uint64_t total), void *user,
		     struct pl_gait *steps, struct pl_error *err);

/*
 * The same for those who draw: o->pictures is taken as set, and pictures receives what
 * pl_recording_analyze would have written into the document. To be freed (pl_pictures_free) after
 * success. *has false: of this recording there are none (sensors whose places are not known).
 */
int pl_analyze_pictures(struct pl_recording *r, const struct pl_analysis_options *o,
			struct pl_json *json, struct pl_pictures *pictures, bool *has,
			struct pl_error *err);

/* What was said of a trial's speed and of single steps, in the form of the gait's options. */
void pl_analyze_said(const struct pl_annotations *a, struct pl_gait_options *o);

struct pl_table_file;
struct pl_table_options;
/* pl_table_analyze for those who want its steps too; steps as above. */
int pl_table_analyze_steps(const struct pl_table_file *file, const struct pl_table_options *o,
			   struct pl_json *json, struct pl_gait *steps, struct pl_error *err);

#endif
