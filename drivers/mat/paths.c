/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A daemon started by systemd, one started by a person in a terminal, and the tools of both must
 * find each other without being told; this file is the one place that knows the folders.
 */
#include "drivers/mat/paths.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSTEM_RUNTIME "/run/plantard"
#define SYSTEM_STATE "/var/lib/plantard"

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static bool exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static void person_runtime(char *buf, size_t cap)
{
	const char *dir = env("XDG_RUNTIME_DIR");

	if (dir)
		snprintf(buf, cap, "%s/plantard", dir);
	else
		snprintf(buf, cap, "/tmp/plantard-%u", (unsigned)getuid());
}

static void person_state(char *buf, size_t cap)
{
	const char *dir = env("XDG_STATE_HOME");

	if (dir)
		snprintf(buf, cap, "%s/plantard", dir);
	else
		snprintf(buf, cap, "%s/.local/state/plantard", env("HOME") ? env("HOME") : "");
}

/* Is this process the system's own daemon: root without a person's session, or handed the system
 * folders by the unit ($RUNTIME_DIRECTORY)? */
static bool is_system(void)
{
	return env("RUNTIME_DIRECTORY") || (geteuid() == 0 && !env("XDG_RUNTIME_DIR"));
}

const char *pl_runtime_dir(char *buf, size_t cap)
{
	if (env("PLANTARD_RUNTIME_DIR"))
		snprintf(buf, cap, "%s", env("PLANTARD_RUNTIME_DIR"));
	else if (env("RUNTIME_DIRECTORY"))
		snprintf(buf, cap, "%s", env("RUNTIME_DIRECTORY"));
	else if (is_system())
		snprintf(buf, cap, SYSTEM_RUNTIME);
	else
		person_runtime(buf, cap);
	return buf;
}

const char *pl_state_dir(char *buf, size_t cap)
{
	if (env("PLANTARD_STATE_DIR"))
		snprintf(buf, cap, "%s", env("PLANTARD_STATE_DIR"));
	else if (env("STATE_DIRECTORY"))
		snprintf(buf, cap, "%s", env("STATE_DIRECTORY"));
	else if (is_system() && !env("XDG_STATE_HOME"))
		snprintf(buf, cap, SYSTEM_STATE);
	else
		person_state(buf, cap);
	return buf;
}

const char *pl_control_endpoint(char *buf, size_t cap)
{
	char folder[512], path[600];

	if (env("PLANTARD_CONTROL")) {
		snprintf(buf, cap, "%s", env("PLANTARD_CONTROL"));
		return buf;
	}
	pl_runtime_dir(folder, sizeof(folder));
	snprintf(path, sizeof(path), "%s/control.sock", folder);
	if (!exists(path) && !env("PLANTARD_RUNTIME_DIR") && exists(SYSTEM_RUNTIME "/control.sock"))
		snprintf(folder, sizeof(folder), SYSTEM_RUNTIME);
	snprintf(path, sizeof(path), "%s/control.sock", folder);
	if (exists(path) && access(path, W_OK)) {
		snprintf(path, sizeof(path), "%s/view/control.sock", folder);
		if (access(path, W_OK))
			snprintf(path, sizeof(path), "%s/control.sock", folder);
	}
	snprintf(buf, cap, "ipc://%s", path);
	return buf;
}

static bool is_loopback(const char *host)
{
	unsigned char address[16];

	if (strcmp(host, "lo") == 0 || strcmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, address) == 1)
		return address[0] == 127;
	return strcmp(host, "[::1]") == 0 || strcmp(host, "::1") == 0;
}

bool pl_endpoint_is_local(const char *endpoint)
{
	const char *host, *colon = strrchr(endpoint, ':');
	char name[128];

	if (strncmp(endpoint, "tcp://", 6) != 0)
		return strncmp(endpoint, "ipc://", 6) == 0;
	host = endpoint + 6;
	if (colon < host || (size_t)(colon - host) >= sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(colon - host), host);
	return is_loopback(name);
}

const char *pl_sessions_dir(char *buf, size_t cap)
{
	pl_state_dir(buf, cap);
	if (!exists(buf) && !env("PLANTARD_STATE_DIR") && exists(SYSTEM_STATE))
		snprintf(buf, cap, SYSTEM_STATE);
	return buf;
}

#define NOTE "archive.folders"

int pl_sessions_note(const char *folder, const char *fallback, struct pl_error *err)
{
	char state[512], path[600], fresh[620];
	FILE *f;

	pl_state_dir(state, sizeof(state));
	snprintf(path, sizeof(path), "%s/" NOTE, state);
	if (strcmp(folder, state) == 0 && !*fallback) {
		unlink(path);
		return 0;
	}
	snprintf(fresh, sizeof(fresh), "%s.tmp", path);
	f = fopen(fresh, "we");
	if (f) {
		fprintf(f, "%s\n%s%s", folder, fallback, *fallback ? "\n" : "");
		if (fclose(f) == 0 && rename(fresh, path) == 0)
			return 0;
	}
	return pl_error_set(err, PL_EIO, errno,
			    "cannot note in %s where the recordings are (%s); tools must be told",
			    path, strerror(errno));
}

unsigned pl_sessions_dirs(char out[PL_SESSIONS_MAX][512])
{
	char path[600];
	unsigned n = 0;
	FILE *f;

	pl_sessions_dir(out[0], sizeof(out[0]));
	snprintf(path, sizeof(path), "%s/" NOTE, out[0]);
	f = fopen(path, "re");
	while (f && n < PL_SESSIONS_MAX && fgets(out[n], sizeof(out[n]), f)) {
		out[n][strcspn(out[n], "\n")] = '\0';
		n += out[n][0] == '/';
	}
	if (f)
		fclose(f);
	if (n == 0)
		pl_sessions_dir(out[n++], sizeof(out[0]));
	return n;
}

int pl_config_find(char *path, size_t cap, struct pl_error *err)
{
	const char *xdg = env("XDG_CONFIG_HOME"), *home = env("HOME");
	char own[512] = "";

	if (xdg)
		snprintf(own, sizeof(own), "%s/plantard/plantard.conf", xdg);
	else if (home)
		snprintf(own, sizeof(own), "%s/.config/plantard/plantard.conf", home);
	if (*own && exists(own)) {
		snprintf(path, cap, "%s", own);
		return 0;
	}
	snprintf(path, cap, "/etc/plantard/plantard.conf");
	if (exists(path))
		return 0;
	return pl_error_set(
		err, PL_ENOENT, ENOENT,
		"no configuration: looked for %s%s/etc/plantard/plantard.conf; copy the "
		"shipped config/plantard.conf to one of them, or name a file with --config",
		own, *own ? " and " : "");
}
