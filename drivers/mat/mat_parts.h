/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a mat file, each read in a file of its own. Problems go to the struct pl_conf. */
#ifndef DRIVERS_MAT_MAT_PARTS_H
#define DRIVERS_MAT_MAT_PARTS_H

#include "drivers/mat/conf.h"
#include "drivers/mat/mat.h"

/* Names of enum pl_wire_cell, NULL-terminated. */
extern const char *const pl_wire_cell_names[];

/* The groups frame and commands of root; geometry (as delivered), cell and protocol are known. */
void pl_mat_read_frame(struct pl_conf *c, const config_setting_t *root, struct pl_mat *mat,
		       enum pl_wire_cell cell);

/* The group device of root; the protocol is known. */
void pl_mat_read_device(struct pl_conf *c, const config_setting_t *root, struct pl_mat *mat);

/* The group usb of root, or its defaults. */
void pl_mat_read_usb(struct pl_conf *c, const config_setting_t *root, struct pl_usb_config *usb);

/*
 * The content of a calibration group (or of a whole calibration file). folder: where gain_file
 * and offset_file are looked for, NULL: they are refused. Fills an initialised cal.
 */
void pl_mat_read_calibration(struct pl_conf *c, const config_setting_t *group,
			     const struct pl_geometry *g, const char *folder,
			     struct pl_calibration *cal);

/* The path of a mat by its name: 0 and path filled, or PL_ENOENT with the names that exist. */
int pl_mat_find(const char *name, char *path, size_t cap, struct pl_error *err);

/* [a-z0-9-], 1 to 63 of them. */
bool pl_mat_name_ok(const char *name);

#endif
