/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of mats: which file each is, where its bytes come from, what it is called. Two entries
 * that read one port, or share a name, would be found out when a session is missing a mat.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_parts.h"
#include "daemon/text.h"
#include "drivers/transport/transport.h"

static const char *const facing_names[] = {"auto", "forward", "backward", "left", "right", NULL};
static const char *const side_names[] = {"unknown", "left", "right", NULL};
static const char *const region_names[] = {"novel", "thirds", "30-30-40", "thirds-box", NULL};

#define URI_TEXT_MAX 256
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

static const config_setting_t *member(const config_setting_t *group, const char *name)
{
	return config_setting_get_member(group, name);
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

void pl_config_load_mat(struct pl_conf *c, const struct pl_config *config, struct pl_mat *mat,
			const config_setting_t *group, const char *fallback, pl_mat_loader *loader)
{
	const char *name = pl_conf_string(c, group, "mat", fallback);
	const char *calibration = pl_conf_string(c, group, "calibration", NULL);
	char path[512], calibration_path[512];
	struct pl_error err = {0};

	if (c->failed)
		return;
	if (strchr(name, '/') || ends_with(name, ".conf"))
		pl_config_resolve(config, name, path, sizeof(path));
	else
		pl_copy(path, sizeof(path), name);
	if (calibration)
		pl_config_resolve(config, calibration, calibration_path, sizeof(calibration_path));
	if (loader(mat, path, calibration ? calibration_path : NULL, &err) == 0)
		return;
	memset(mat, 0, sizeof(*mat));
	pl_conf_fail(c, member(group, "mat") ? member(group, "mat") : group, "%s", err.message);
}

/* Serial ports by their path, USB devices by ids and serial number too. */
static bool same_port(const char *a, const char *b)
{
	char serial_a[URI_TEXT_MAX] = "", serial_b[URI_TEXT_MAX] = "";
	size_t n = strcspn(a, "?");

	if (n != strcspn(b, "?") || strncmp(a, b, n))
		return false;
	pl_uri_query(a, "serial", serial_a, sizeof(serial_a));
	pl_uri_query(b, "serial", serial_b, sizeof(serial_b));
	return !strcmp(serial_a, serial_b);
}

void pl_config_check_source(struct pl_conf *c, const struct pl_config *config, const char *source,
			    const struct pl_mat *mat, const config_setting_t *setting)
{
	struct pl_error err = {0};

	if (pl_transport_check(source, mat, &err)) {
		pl_conf_fail(c, setting, "%s", err.message);
		return;
	}
	if (!pl_starts(source, "serial:") && !pl_starts(source, "usb:"))
		return;
	for (unsigned i = 0; i < config->n_mats; i++) {
		const struct pl_mat_entry *other = &config->mats[i];

		if (!other->n_pads && other->source != source && same_port(other->source, source))
			pl_conf_fail(c, setting,
				     "mat \"%s\" reads from there already; one port is one mat",
				     other->name);
		for (unsigned k = 0; k < other->n_pads; k++)
			if (other->pads[k].source != source &&
			    same_port(other->pads[k].source, source))
				pl_conf_fail(c, setting,
					     "source \"%s\"%s%s reads from there already; one port "
					     "is one pad",
					     other->pads[k].name, *other->name ? " of mat " : "",
					     other->name);
	}
}

bool pl_config_name_ok(const char *name)
{
	return *name && !name[strspn(name, NAME_CHARS)];
}

static bool name_taken(const struct pl_config *config, unsigned before, const char *name)
{
	for (unsigned k = 0; k < before; k++)
		if (strcmp(config->mats[k].name, name) == 0)
			return true;
	return false;
}

/* Without a name of its own an entry is called like its mat file; a second one gets "-2". */
static void name_mat(struct pl_conf *c, struct pl_config *config, unsigned i,
		     const config_setting_t *group)
{
	struct pl_mat_entry *entry = &config->mats[i];
	const config_setting_t *setting = member(group, "name");

	if (setting) {
		pl_config_string(c, group, "name", "", entry->name, sizeof(entry->name));
		if (!pl_config_name_ok(entry->name))
			pl_conf_fail(
				c, setting,
				"\"%s\" cannot name a mat: letters, digits, - and _ are allowed",
				entry->name);
		if (name_taken(config, i, entry->name))
			pl_conf_fail(c, setting, "there is a mat \"%s\" already", entry->name);
		return;
	}
	pl_copy(entry->name, sizeof(entry->name), *entry->mat.name ? entry->mat.name : "mat");
	for (unsigned n = 2; name_taken(config, i, entry->name); n++)
		snprintf(entry->name, sizeof(entry->name), "%.50s-%u", entry->mat.name, n);
}

static void read_source(struct pl_conf *c, struct pl_config *config, struct pl_mat_entry *entry,
			const config_setting_t *group, pl_mat_loader *loader)
{
	pl_conf_require(c, group, "source");
	pl_conf_require(c, group, "mat");
	if (c->failed)
		return;
	pl_config_string(c, group, "source", "", entry->source, sizeof(entry->source));
	pl_config_load_mat(c, config, &entry->mat, group, "", loader);
}

static void read_mat(struct pl_conf *c, struct pl_config *config, unsigned i,
		     const config_setting_t *group, pl_mat_loader *loader)
{
	static const char *const keys[] = {"name",	  "source", "sources", "mat",
					   "calibration", "facing", "side",    "region",
					   "filter_hz",	  NULL};
	struct pl_mat_entry *entry = &config->mats[i];
	struct pl_live_options *live = &entry->mat.live;

	pl_conf_only(c, group, keys);
	if (member(group, "sources"))
		pl_config_read_sources(c, config, entry, group, loader);
	else
		read_source(c, config, entry, group, loader);
	if (c->failed)
		return;
	name_mat(c, config, i, group);
	live->facing = pl_conf_choice(c, group, "facing", facing_names, live->facing);
	live->side = pl_conf_choice(c, group, "side", side_names, live->side);
	live->region = pl_conf_choice(c, group, "region", region_names, live->region);
	live->filter_hz = pl_conf_number(c, group, "filter_hz", live->filter_hz, 0, 1000);
	if (live->filter_hz > 0 && live->rate_hz > 0 && live->filter_hz >= live->rate_hz / 2)
		pl_conf_fail(c, member(group, "filter_hz"),
			     "%g Hz needs a mat faster than %g frames a second; 0 turns it off",
			     live->filter_hz, 2 * live->filter_hz);
	if (!c->failed && !entry->n_pads)
		pl_config_check_source(c, config, entry->source, &entry->mat,
				       member(group, "source"));
}

void pl_config_read_mats(struct pl_conf *c, struct pl_config *config, const config_setting_t *root,
			 pl_mat_loader *loader)
{
	const config_setting_t *mats = member(root, "mats");
	int n = mats && config_setting_is_list(mats) ? config_setting_length(mats) : -1;

	if (mats && n < 0) {
		pl_conf_fail(c, mats,
			     "a list of groups is expected: mats = ({ source = \"...\"; mat = "
			     "\"...\"; })");
		return;
	}
	if (n <= 0 || n > PL_MATS_MAX) {
		pl_conf_fail(c, mats,
			     "between 1 and %d mats are needed; to see one without hardware: "
			     "mats = ({ source = \"sim:standing\"; mat = \"pmp-64x64\"; })",
			     PL_MATS_MAX);
		return;
	}
	config->mats = calloc((size_t)n, sizeof(*config->mats));
	if (!config->mats) {
		pl_conf_fail(c, mats, "out of memory");
		return;
	}
	for (int i = 0; i < n && !c->failed; i++) {
		const config_setting_t *group = config_setting_get_elem(mats, (unsigned)i);

		if (!config_setting_is_group(group)) {
			pl_conf_fail(c, group,
				     "a group { source = \"...\"; mat = \"...\"; } is expected");
			return;
		}
		config->n_mats = (unsigned)i + 1;
		read_mat(c, config, (unsigned)i, group, loader);
	}
}
