/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read plantard.conf share. Problems go to the struct pl_conf. */
#ifndef DAEMON_CONFIG_PARTS_H
#define DAEMON_CONFIG_PARTS_H

#include "daemon/config.h"
#include "drivers/mat/conf.h"

/* "~/x" is the person's, "x/y" is beside the configuration file, "/x" stays. */
void pl_config_resolve(const struct pl_config *config, const char *path, char *out, size_t cap);
/* Copies a string setting, or fails naming the limit. */
void pl_config_string(struct pl_conf *c, const config_setting_t *group, const char *name,
		      const char *fallback, char *out, size_t cap);

/* config_mats.c: the list mats. */
void pl_config_read_mats(struct pl_conf *c, struct pl_config *config, const config_setting_t *root,
			 pl_mat_loader *loader);
/* The mat file that group names as mat, with group's calibration, if it has one. fallback: the file
 * where group names none. */
void pl_config_load_mat(struct pl_conf *c, const struct pl_config *config, struct pl_mat *mat,
			const config_setting_t *group, const char *fallback, pl_mat_loader *loader);
/* Is the source one that can be, and does nothing else read from its port? */
void pl_config_check_source(struct pl_conf *c, const struct pl_config *config, const char *source,
			    const struct pl_mat *mat, const config_setting_t *setting);
bool pl_config_name_ok(const char *name);

/* config_sources.c: the list sources of entry, the last mat of config; makes its mat. */
void pl_config_read_sources(struct pl_conf *c, struct pl_config *config, struct pl_mat_entry *entry,
			    const config_setting_t *group, pl_mat_loader *loader);

#endif
