/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon that starts with half of what its file says is worse than one that does not start: the
 * person finds out after the session. So every key is known or refused, every mat and source is
 * checked, and what is not said gets a default that works.
 */
#include "daemon/config.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/access.h"
#include "daemon/config_parts.h"
#include "daemon/text.h"
#include "drivers/mat/paths.h"
#include "drivers/mat/subject.h"

static const char *const level_names[] = {"error", "warning", "notice", "info", "debug", NULL};

#define LOOK_S 60

void pl_config_resolve(const struct pl_config *config, const char *path, char *out, size_t cap)
{
	const char *slash = strrchr(config->path, '/');

	if (pl_starts(path, "~/") && getenv("HOME"))
		snprintf(out, cap, "%s/%s", getenv("HOME"), path + 2);
	else if (path[0] == '/' || !slash)
		pl_copy(out, cap, path);
	else
		snprintf(out, cap, "%.*s/%s", (int)(slash - config->path), config->path, path);
}

static const config_setting_t *member(const config_setting_t *group, const char *name)
{
	return config_setting_get_member(group, name);
}

void pl_config_string(struct pl_conf *c, const config_setting_t *group, const char *name,
		      const char *fallback, char *out, size_t cap)
{
	const char *value = pl_conf_string(c, group, name, fallback);

	if (value && !pl_copy(out, cap, value))
		pl_conf_fail(c, member(group, name), "longer than %zu characters", cap - 1);
}

bool pl_config_needs_key(const struct pl_config *config, const char *endpoint)
{
	return pl_starts(endpoint, "tcp://") &&
	       (config->access.loopback == PL_ROLE_NONE || !pl_endpoint_is_local(endpoint));
}

static void check_endpoint(struct pl_conf *c, const struct pl_config *config,
			   const config_setting_t *setting, const char *endpoint)
{
	const size_t socket_path_max = 107;

	if (pl_starts(endpoint, "ipc:///")) {
		if (strlen(endpoint) - strlen("ipc://") > socket_path_max)
			pl_conf_fail(c, setting, "a socket's path may have %zu characters at most",
				     socket_path_max);
	} else if (!pl_starts(endpoint, "tcp://") || !strchr(endpoint + 6, ':')) {
		pl_conf_fail(c, setting,
			     "\"%s\" is no endpoint; valid: \"ipc:///path/to/socket\", "
			     "\"tcp://127.0.0.1:5571\"",
			     endpoint);
	} else if (pl_config_needs_key(config, endpoint) && !*config->access.keys) {
		pl_conf_fail(c, setting,
			     "%s can be reached by others, and without keys plantard would let "
			     "everybody in; make them with `plantar keygen --server` and name "
			     "their folder as access.keys (docs/access.md), or keep to 127.0.0.1 "
			     "or ipc",
			     endpoint);
	}
}

/* group.endpoints into list, n_list of them; what is there already stays without it. */
static void read_endpoints(struct pl_conf *c, const struct pl_config *config,
			   const config_setting_t *group, char (*list)[256], unsigned *n_list)
{
	const config_setting_t *setting = group ? member(group, "endpoints") : NULL;
	int n;

	if (!setting)
		return;
	n = config_setting_is_array(setting) || config_setting_is_list(setting)
		    ? config_setting_length(setting)
		    : -1;
	if (n < 1 || n > PL_ENDPOINTS_MAX) {
		pl_conf_fail(c, setting,
			     "an array of 1 to %d endpoints is expected: "
			     "[\"tcp://127.0.0.1:5571\"]",
			     PL_ENDPOINTS_MAX);
		return;
	}
	*n_list = (unsigned)n;
	for (int i = 0; i < n; i++) {
		const char *endpoint = config_setting_get_string_elem(setting, i);

		if (!endpoint || !pl_copy(list[i], sizeof(list[i]), endpoint)) {
			pl_conf_fail(c, setting, "entry %d is not a short string", i);
			return;
		}
		check_endpoint(c, config, setting, endpoint);
	}
}

static void read_publish(struct pl_conf *c, struct pl_config *config, const config_setting_t *root)
{
	static const char *const keys[] = {"endpoints", "view_hz", "hwm_s", NULL};
	config_setting_t *group = pl_conf_group(c, root, "publish", false);
	char dir[200];

	snprintf(config->data[0], sizeof(config->data[0]), "ipc://%s/data.sock",
		 pl_runtime_dir(dir, sizeof(dir)));
	pl_copy(config->data[1], sizeof(config->data[1]), PL_DATA_TCP);
	/* Where every connection needs a key and there are none, only ipc is left. */
	config->n_data = pl_config_needs_key(config, PL_DATA_TCP) && !*config->access.keys ? 1 : 2;
	config->view_hz = 25;
	config->hwm_s = 1;
	if (!group)
		return;
	pl_conf_only(c, group, keys);
	read_endpoints(c, config, group, config->data, &config->n_data);
	config->view_hz = pl_conf_number(c, group, "view_hz", 25, 1, 120);
	config->hwm_s = pl_conf_number(c, group, "hwm_s", 1, 0.05, 60);
}

static void read_control(struct pl_conf *c, struct pl_config *config, const config_setting_t *root)
{
	static const char *const keys[] = {"endpoint", "endpoints", NULL};
	config_setting_t *group = pl_conf_group(c, root, "control", false);
	char dir[200];

	snprintf(config->control[0], sizeof(config->control[0]), "ipc://%s/control.sock",
		 pl_runtime_dir(dir, sizeof(dir)));
	config->n_control = 1;
	if (!group)
		return;
	pl_conf_only(c, group, keys);
	read_endpoints(c, config, group, config->control, &config->n_control);
	if (!member(group, "endpoint"))
		return;
	if (member(group, "endpoints"))
		pl_conf_fail(c, member(group, "endpoint"), "endpoint or endpoints, not both");
	pl_config_string(c, group, "endpoint", "", config->control[0], sizeof(config->control[0]));
	check_endpoint(c, config, member(group, "endpoint"), config->control[0]);
}

/* Keys lie in "keys" beside the configuration file, if plantar keygen --server put them there. */
static void default_keys(struct pl_config *config)
{
	char path[600];

	pl_config_resolve(config, "keys", config->access.keys, sizeof(config->access.keys));
	snprintf(path, sizeof(path), "%s/server.secret", config->access.keys);
	if (!strchr(config->path, '/') || access(path, F_OK))
		*config->access.keys = '\0';
}

static void read_access(struct pl_conf *c, struct pl_config *config, const config_setting_t *root)
{
	static const char *const keys[] = {"keys",	     "loopback", "view_group",
					   "requests_per_s", "look_s",	 NULL};
	static const char *const roles[] = {"none", "viewer", "operator", NULL};
	config_setting_t *group = pl_conf_group(c, root, "access", false);
	struct pl_access_config *a = &config->access;
	const char *folder;

	default_keys(config);
	a->loopback = PL_ROLE_VIEWER;
	a->requests_per_s = 200;
	a->look_s = LOOK_S;
	pl_copy(a->view_group, sizeof(a->view_group), "plantard-view");
	if (!group)
		return;
	pl_conf_only(c, group, keys);
	folder = pl_conf_string(c, group, "keys", NULL);
	if (folder)
		pl_config_resolve(config, folder, a->keys, sizeof(a->keys));
	a->loopback = (enum pl_role)pl_conf_choice(c, group, "loopback", roles, PL_ROLE_VIEWER);
	pl_config_string(c, group, "view_group", "plantard-view", a->view_group,
			 sizeof(a->view_group));
	a->view_group_set = member(group, "view_group") != NULL;
	a->requests_per_s = pl_conf_number(c, group, "requests_per_s", 200, 1, 1e6);
	a->look_s = pl_conf_number(c, group, "look_s", LOOK_S, 1, 3600);
}

static void read_pattern(struct pl_conf *c, struct pl_config *config, const config_setting_t *group)
{
	char why[128];

	pl_config_string(c, group, "subject_pattern", PL_SUBJECT_PATTERN, config->subject_pattern,
			 sizeof(config->subject_pattern));
	if (c->failed || pl_subject_pattern_valid(config->subject_pattern, why, sizeof(why)))
		return;
	pl_conf_fail(c, member(group, "subject_pattern"),
		     "\"%s\" is no extended regular expression (%s); valid is for example "
		     "\"P-[0-9]{4}\"",
		     config->subject_pattern, why);
}

int pl_config_subject(const struct pl_config *config, const char *code, struct pl_error *err)
{
	return pl_subject_check(config->subject_pattern, code, err);
}

/* Absolute in the end; out stays what it was without the key. */
static void take_folder(struct pl_conf *c, const struct pl_config *config,
			const config_setting_t *group, const char *name, char *out, size_t cap)
{
	const char *folder = pl_conf_string(c, group, name, NULL);
	char cwd[256], relative[256];

	if (!folder)
		return;
	pl_config_resolve(config, folder, out, cap);
	if (out[0] == '/' || c->failed)
		return;
	pl_copy(relative, sizeof(relative), out);
	if (getcwd(cwd, sizeof(cwd)))
		snprintf(out, cap, "%s/%s", cwd, relative);
}

static void read_archive(struct pl_conf *c, struct pl_config *config, const config_setting_t *root)
{
	static const char *const keys[] = {"folder", "fallback", "reserve_mb", "subject_pattern",
					   NULL};
	config_setting_t *group = pl_conf_group(c, root, "archive", false);

	pl_state_dir(config->folder, sizeof(config->folder));
	config->reserve_mb = 500;
	pl_copy(config->subject_pattern, sizeof(config->subject_pattern), PL_SUBJECT_PATTERN);
	if (!group)
		return;
	pl_conf_only(c, group, keys);
	read_pattern(c, config, group);
	take_folder(c, config, group, "folder", config->folder, sizeof(config->folder));
	take_folder(c, config, group, "fallback", config->fallback, sizeof(config->fallback));
	if (strcmp(config->folder, config->fallback) == 0)
		pl_conf_fail(c, member(group, "fallback"),
			     "is the archive folder itself; name one on another disk");
	config->reserve_set = member(group, "reserve_mb") != NULL;
	config->reserve_mb = pl_conf_number(c, group, "reserve_mb", 500, 0, 1e7);
}

static int read_all(struct pl_conf *c, struct pl_config *config, pl_mat_loader *loader)
{
	static const char *const keys[] = {"mats",    "publish", "control", "access",
					   "archive", "log",	 NULL};
	static const enum pl_level levels[] = {PL_ERR, PL_WARNING, PL_NOTICE, PL_INFO, PL_DEBUG};
	const config_setting_t *root = config_root_setting(&c->config);

	pl_conf_only(c, root, keys);
	config->log_level = levels[pl_conf_choice(c, root, "log", level_names, 3)];
	read_access(c, config, root);
	read_publish(c, config, root);
	read_control(c, config, root);
	read_archive(c, config, root);
	if (!c->failed)
		pl_config_read_mats(c, config, root, loader);
	return c->failed ? -1 : 0;
}

static int finish(struct pl_conf *c, struct pl_config *config, int result)
{
	pl_conf_close(c);
	if (result)
		pl_config_free(config);
	return result;
}

static int load_mat(struct pl_mat *mat, const char *name_or_path, const char *calibration_path,
		    struct pl_error *err)
{
	if (!name_or_path)
		return pl_mat_load_calibration(mat, calibration_path, err);
	return pl_mat_load(mat, name_or_path, calibration_path, err);
}

int pl_config_load(struct pl_config *config, const char *path, struct pl_error *err)
{
	struct pl_conf c = {0};
	int r;

	memset(config, 0, sizeof(*config));
	if (!pl_copy(config->path, sizeof(config->path), path))
		return pl_error_set(err, PL_EUSAGE, 0, "the configuration's path is too long");
	if (pl_conf_open(&c, path, err)) {
		pl_conf_close(&c);
		return -1;
	}
	r = read_all(&c, config, load_mat);
	if (r == 0)
		r = pl_access_check(config, err);
	if (r == 0)
		r = pl_protocols_load(&config->protocols, err);
	return finish(&c, config, r);
}

int pl_config_parse(struct pl_config *config, const char *name, const char *text,
		    pl_mat_loader *loader, struct pl_error *err)
{
	struct pl_conf c = {0};

	memset(config, 0, sizeof(*config));
	pl_copy(config->path, sizeof(config->path), name);
	if (pl_conf_open_text(&c, name, text, err)) {
		pl_conf_close(&c);
		return -1;
	}
	return finish(&c, config, read_all(&c, config, loader));
}

void pl_config_free(struct pl_config *config)
{
	for (unsigned i = 0; i < config->n_mats; i++) {
		struct pl_mat_entry *entry = &config->mats[i];

		for (unsigned k = 0; k < entry->n_pads; k++)
			pl_mat_free(&entry->pads[k].mat);
		free(entry->pads);
		pl_mat_free(&entry->mat);
	}
	free(config->mats);
	config->mats = NULL;
	pl_protocols_free(&config->protocols);
	config->n_mats = 0;
}
