/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The group device of a mat file: what devices with a protocol of their own want to be told. Which
 * keys there are depends on the protocol; what their values may be the decoder says.
 */
#include <string.h>

#include "drivers/mat/mat_parts.h"

static const char *const fisica_keys[] = {"period_ms", NULL};
static const char *const jq_keys[] = {"identify", NULL};
static const char *const phidget_keys[] = {"period_ms", "gain", "channels", NULL};
static const char *const vernier_keys[] = {"period_ms", "channels", NULL};
static const char *const stepmaniax_keys[] = {"channels", NULL};

static const struct {
	const char *protocol;
	const char *const *keys;
} known[] = {
	{"fisica", fisica_keys},	 {"jq", jq_keys},
	{"phidget", phidget_keys},	 {"vernier", vernier_keys},
	{"stepmaniax", stepmaniax_keys},
};

static const char *const *keys_of(const char *protocol)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].protocol, protocol))
			return known[i].keys;
	return NULL;
}

void pl_mat_read_device(struct pl_conf *c, const config_setting_t *root, struct pl_mat *mat)
{
	const config_setting_t *group = pl_conf_group(c, root, "device", false);
	const char *const *keys = keys_of(mat->decoder.protocol);
	struct pl_device_config *d = &mat->decoder.device;
	double channels[4];
	unsigned n;

	if (group && !keys) {
		pl_conf_fail(c, group, "protocol \"%s\" has nothing to be told here",
			     mat->decoder.protocol);
		return;
	}
	if (!group)
		return;
	pl_conf_only(c, group, keys);
	d->period_ms = (unsigned)pl_conf_int(c, group, "period_ms", 0, 1, 60000);
	d->gain = (unsigned)pl_conf_int(c, group, "gain", 0, 1, 128);
	d->identify = pl_conf_bool(c, group, "identify", false);
	if (!config_setting_get_member(group, "channels"))
		return;
	n = (unsigned)pl_conf_numbers(c, group, "channels", channels, 4, 0);
	d->n_channels = n;
	for (unsigned i = 0; i < n; i++) {
		if (!(channels[i] >= 0 && channels[i] <= 31 &&
		      channels[i] == (double)(int)channels[i]))
			pl_conf_fail_at(c, group, "channels", "valid: whole numbers from 0 to 31");
		else
			d->channels[i] = (uint8_t)channels[i];
	}
}
