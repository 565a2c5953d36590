/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mat of several sources: pads side by side, each with a port of its own. Whether they can be one
 * mat is decided here, before any port is opened, and what is wrong is said of the source that is
 * wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_parts.h"
#include "daemon/text.h"

static const config_setting_t *member(const config_setting_t *group, const char *name)
{
	return config_setting_get_member(group, name);
}

/* "left", or its number from 1. */
static void name_pad(struct pl_conf *c, struct pl_mat_entry *entry, unsigned i,
		     const config_setting_t *group)
{
	struct pl_pad_entry *pad = &entry->pads[i];

	snprintf(pad->name, sizeof(pad->name), "%u", i + 1);
	if (member(group, "name"))
		pl_config_string(c, group, "name", "", pad->name, sizeof(pad->name));
	if (!pl_config_name_ok(pad->name))
		pl_conf_fail(c, member(group, "name"),
			     "\"%s\" cannot name a source: letters, digits, - and _ are allowed",
			     pad->name);
	for (unsigned k = 0; k < i; k++)
		if (strcmp(entry->pads[k].name, pad->name) == 0)
			pl_conf_fail(c, member(group, "name") ? member(group, "name") : group,
				     "there is a source \"%s\" already", pad->name);
}

static void read_place(struct pl_conf *c, struct pl_mat_place *place, const config_setting_t *group)
{
	static const char *const keys[] = {"name",   "source", "mat", "calibration",
					   "device", "row",    "col", "flip_x",
					   "flip_y", "rotate", NULL};

	pl_conf_only(c, group, keys);
	place->row = (unsigned)pl_conf_int(c, group, "row", 0, 0, PL_SIDE_MAX - 1);
	place->col = (unsigned)pl_conf_int(c, group, "col", 0, 0, PL_SIDE_MAX - 1);
	place->flip_x = pl_conf_bool(c, group, "flip_x", false);
	place->flip_y = pl_conf_bool(c, group, "flip_y", false);
	place->rotate = (unsigned)pl_conf_int(c, group, "rotate", 0, 0, 270);
	if (place->rotate % 90)
		pl_conf_fail(c, member(group, "rotate"), "is %u; valid: 0, 90, 180, 270",
			     place->rotate);
}

static void read_pad(struct pl_conf *c, struct pl_config *config, struct pl_mat_entry *entry,
		     unsigned i, const config_setting_t *group, const char *mat,
		     pl_mat_loader *loader)
{
	struct pl_pad_entry *pad = &entry->pads[i];

	read_place(c, &pad->place, group);
	pl_conf_require(c, group, "source");
	if (!mat)
		pl_conf_require(c, group, "mat");
	name_pad(c, entry, i, group);
	pl_config_string(c, group, "source", "", pad->source, sizeof(pad->source));
	pl_config_string(c, group, "device", "", pad->device, sizeof(pad->device));
	pl_config_load_mat(c, config, &pad->mat, group, mat ? mat : "", loader);
	if (c->failed)
		return;
	if (*pad->device && strcmp(pad->mat.decoder.protocol, "jq") == 0 &&
	    !pad->mat.decoder.device.identify)
		pl_conf_fail(
			c, member(group, "device"),
			"mat %s does not ask its pad who it is; use a mat file with device = { "
			"identify = true; }",
			pad->mat.name);
	entry->n_pads = i + 1;
	pl_config_check_source(c, config, pad->source, &pad->mat, member(group, "source"));
}

/* "serial:/dev/ttyUSB0 + serial:/dev/ttyUSB1", cut with ... */
static void list_sources(struct pl_mat_entry *entry)
{
	const size_t cap = sizeof(entry->source), dots = 4;
	size_t n = 0;

	for (unsigned i = 0; i < entry->n_pads; i++) {
		const char *uri = entry->pads[i].source;

		if (n + strlen(uri) + 3 >= cap - dots) {
			snprintf(entry->source + n, cap - n, "...");
			return;
		}
		n += (size_t)snprintf(entry->source + n, cap - n, "%s%s", i ? " + " : "", uri);
	}
}

static void join(struct pl_conf *c, const struct pl_config *config, struct pl_mat_entry *entry,
		 const config_setting_t *group, pl_mat_loader *loader)
{
	const char *calibration = pl_conf_string(c, group, "calibration", NULL);
	const config_setting_t *sources = member(group, "sources");
	struct pl_mat_part parts[PL_PARTS_MAX];
	struct pl_error err = {0};
	char path[512];
	unsigned culprit;

	for (unsigned i = 0; i < entry->n_pads; i++)
		parts[i] = (struct pl_mat_part){.name = entry->pads[i].name,
						.source = entry->pads[i].source,
						.mat = &entry->pads[i].mat,
						.place = entry->pads[i].place};
	if (c->failed)
		return;
	if (pl_mat_join(&entry->mat, parts, entry->n_pads, calibration != NULL, &culprit, &err)) {
		pl_conf_fail(c,
			     culprit < entry->n_pads ? config_setting_get_elem(sources, culprit)
						     : sources,
			     "%s", err.message);
		return;
	}
	if (!calibration)
		return;
	pl_config_resolve(config, calibration, path, sizeof(path));
	if (loader(&entry->mat, NULL, path, &err))
		pl_conf_fail(c, member(group, "calibration"), "%s", err.message);
}

static unsigned pads_so_far(const struct pl_config *config)
{
	unsigned n = 0;

	for (unsigned i = 0; i < config->n_mats; i++)
		n += config->mats[i].n_pads;
	return n;
}

void pl_config_read_sources(struct pl_conf *c, struct pl_config *config, struct pl_mat_entry *entry,
			    const config_setting_t *group, pl_mat_loader *loader)
{
	const config_setting_t *sources = member(group, "sources");
	const char *mat = pl_conf_string(c, group, "mat", NULL);
	int n = config_setting_is_list(sources) ? config_setting_length(sources) : -1;

	if (member(group, "source"))
		pl_conf_fail(c, member(group, "source"), "source or sources, not both");
	if (n < 2 || n > PL_PARTS_MAX)
		pl_conf_fail(c, sources,
			     "a list of 2 to %d groups is expected: sources = ({ source = \"...\"; "
			     "row = 0; col = 0; }, ...)",
			     PL_PARTS_MAX);
	else if (pads_so_far(config) + (unsigned)n > PL_PADS_MAX)
		pl_conf_fail(c, sources, "all mats together may have %d sources in such lists",
			     PL_PADS_MAX);
	if (c->failed)
		return;
	entry->pads = calloc((size_t)n, sizeof(*entry->pads));
	if (!entry->pads) {
		pl_conf_fail(c, sources, "out of memory");
		return;
	}
	for (int i = 0; i < n && !c->failed; i++) {
		const config_setting_t *pad = config_setting_get_elem(sources, (unsigned)i);

		if (config_setting_is_group(pad))
			read_pad(c, config, entry, (unsigned)i, pad, mat, loader);
		else
			pl_conf_fail(c, pad,
				     "a group { source = \"...\"; row = 0; col = 0; } is "
				     "expected");
	}
	if (c->failed)
		return;
	list_sources(entry);
	join(c, config, entry, group, loader);
}
