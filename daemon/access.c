/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rights are decided where a connection is made (which door, which key) and asked for again with
 * every request: whoever takes a key out of the folder means now, not when its owner next
 * reconnects. The folder is read by the thread that judges keys, so main never waits for a disk;
 * both look at one list under a lock that is held for a copy or a search.
 */
#include "daemon/access.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "daemon/endpoint.h"
#include "daemon/event.h"
#include "daemon/guard.h"
#include "daemon/text.h"
#include "daemon/wake.h"
#include "daemon/zap.h"
#include "drivers/mat/paths.h"

#define HANDSHAKE_MS 5000

struct pl_access {
	const struct pl_config *config;
	const struct pl_log *log;
	struct pl_mailbox *box;
	struct pl_zap *zap; /* NULL: no keys */
	struct pl_guard *guard;
	struct pl_key_pair server;
	gid_t view_gid;
	bool viewers; /* there is a group of them */

	pthread_mutex_t lock;
	struct pl_client_keys clients;

	/* judging thread only */
	struct pl_client_keys fresh;
	char complaint[512];
	int64_t read_ns, told_ns;
	struct timespec changed[3]; /* of the folder, viewers/ and operators/ */
	unsigned refused;	    /* not yet told of */
	char address[128];
};

static void server_file(const struct pl_config *config, char *path, size_t cap)
{
	snprintf(path, cap, "%s/server.secret", config->access.keys);
}

int pl_access_check(const struct pl_config *config, struct pl_error *err)
{
	struct pl_client_keys *clients;
	struct pl_key_pair server;
	char path[600];
	int r;

	if (!*config->access.keys)
		return 0;
	server_file(config, path, sizeof(path));
	if (pl_key_read_secret(path, &server, err)) {
		pl_error_prefix(err, "access.keys: ");
		return -1;
	}
	explicit_bzero(&server, sizeof(server));
	clients = malloc(sizeof(*clients));
	if (!clients)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory");
	r = pl_clients_read(clients, config->access.keys, err);
	free(clients);
	if (r)
		pl_error_prefix(err, "access.keys: ");
	return r;
}

/* ---- the list of keys ---- */

static void note_changes(struct pl_access *a, struct timespec out[3])
{
	static const char *const folders[] = {"", "/viewers", "/operators"};
	char path[600];
	struct stat st;

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", a->config->access.keys, folders[i]);
		out[i] = stat(path, &st) ? (struct timespec){0} : st.st_mtim;
	}
}

static void read_clients(struct pl_access *a)
{
	struct pl_error err = {0};

	note_changes(a, a->changed);
	a->read_ns = pl_now_ns();
	if (pl_clients_read(&a->fresh, a->config->access.keys, &err)) {
		if (strcmp(err.message, a->complaint) != 0)
			pl_logf(a->log, PL_WARNING, "this key is left out: %s", err.message);
		pl_copy(a->complaint, sizeof(a->complaint), err.message);
	} else {
		*a->complaint = '\0';
	}
	pthread_mutex_lock(&a->lock);
	a->clients = a->fresh;
	pthread_mutex_unlock(&a->lock);
}

bool pl_access_judge(struct pl_access *a, const char *key, char name[PL_KEY_NAME_MAX + 1])
{
	const struct pl_client_key *found;

	if (pl_now_ns() - a->read_ns > PL_S)
		read_clients(a);
	pthread_mutex_lock(&a->lock);
	found = pl_clients_find(&a->clients, key);
	if (found)
		pl_copy(name, PL_KEY_NAME_MAX + 1, found->name);
	pthread_mutex_unlock(&a->lock);
	return found;
}

enum pl_role pl_access_role(struct pl_access *a, const char *name, const char *key)
{
	enum pl_role role = PL_ROLE_NONE;
	const struct pl_client_key *found;

	pthread_mutex_lock(&a->lock);
	found = pl_clients_find(&a->clients, key);
	if (found && strcmp(found->name, name) == 0)
		role = found->role;
	pthread_mutex_unlock(&a->lock);
	return role;
}

void pl_access_refused(struct pl_access *a, const char *address)
{
	a->refused++;
	pl_copy(a->address, sizeof(a->address), address);
}

/* Whoever tries keys by the thousand gets one event a second, not a full disk. */
static void tell_refused(struct pl_access *a)
{
	struct pl_main_item item = {.type = PL_ITEM_EVENT,
				    .event = {.mat = -1, .level = PL_WARNING}};

	item.event.t_mono_ns = pl_now_ns();
	pl_copy(item.event.kind, sizeof(item.event.kind), "refused");
	snprintf(item.event.text, sizeof(item.event.text),
		 "%u connection%s with a key that is neither in viewers/ nor in operators/, the "
		 "last one from %s",
		 a->refused, a->refused == 1 ? "" : "s", *a->address ? a->address : "somewhere");
	pl_mailbox_post(a->box, &item);
	a->refused = 0;
}

void pl_access_look(struct pl_access *a)
{
	struct timespec now[3];
	int64_t now_ns = pl_now_ns();

	if (now_ns - a->told_ns < PL_S)
		return;
	a->told_ns = now_ns;
	if (a->refused)
		tell_refused(a);
	note_changes(a, now);
	if (memcmp(now, a->changed, sizeof(now)) != 0)
		read_clients(a);
}

/* ---- doors ---- */

enum pl_role pl_access_loopback(const struct pl_access *a)
{
	return a->config->access.loopback;
}

bool pl_access_needs_key(const struct pl_access *a, const char *endpoint)
{
	return pl_config_needs_key(a->config, endpoint);
}

int pl_access_bind(struct pl_access *a, void *socket, const char *endpoint, const char *domain,
		   struct pl_error *err)
{
	/* A listener takes the options that its socket has when it is bound. */
	const int curve = pl_access_needs_key(a, endpoint), handshake_ms = HANDSHAKE_MS;

	pl_guard_watch(a->guard, socket);
	zmq_setsockopt(socket, ZMQ_HANDSHAKE_IVL, &handshake_ms, sizeof(handshake_ms));
	if (curve && !a->zap)
		return pl_error_set(err, PL_ECONFIG, 0, "%s needs keys", endpoint);
	if (curve &&
	    (zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, a->server.secret_key, PL_KEY_CHARS + 1) ||
	     zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain))))
		return pl_error_set(err, PL_EUNSUPPORTED, errno,
				    "this ZeroMQ cannot encrypt (CURVE): %s", zmq_strerror(errno));
	if (curve && zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &curve, sizeof(curve)))
		return pl_error_set(err, PL_EUNSUPPORTED, errno,
				    "this ZeroMQ cannot encrypt (CURVE): %s", zmq_strerror(errno));
	if (!curve) { /* whatever an earlier endpoint of this socket needed */
		zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &curve, sizeof(curve));
		zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, "", 0);
	}
	return pl_endpoint_bind(socket, endpoint, err);
}

static bool is_member(gid_t gid)
{
	gid_t groups[64];
	int n = getgroups(64, groups);

	for (int i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return geteuid() == 0 || getegid() == gid;
}

static int find_viewers(struct pl_access *a, struct pl_error *err)
{
	const struct pl_access_config *config = &a->config->access;
	const struct group *group = *config->view_group ? getgrnam(config->view_group) : NULL;

	a->viewers = group && is_member(group->gr_gid);
	if (a->viewers)
		a->view_gid = group->gr_gid;
	if (a->viewers || !config->view_group_set || !*config->view_group)
		return 0;
	return pl_error_set(err, PL_ECONFIG, 0, "access.view_group: %s \"%s\"; %s",
			    group ? "plantard is not a member of the group" : "there is no group",
			    config->view_group,
			    group ? "add its user to it" : "make it: addgroup --system NAME");
}

bool pl_access_view_endpoint(const struct pl_access *a, const char *name, char *out, size_t cap)
{
	char folder[400];

	snprintf(out, cap, "ipc://%s/view/%s.sock", pl_runtime_dir(folder, sizeof(folder)), name);
	return a->viewers;
}

int pl_access_bind_view(struct pl_access *a, void *socket, const char *name, struct pl_error *err)
{
	char endpoint[500], folder[500];
	const char *path;

	if (!pl_access_view_endpoint(a, name, endpoint, sizeof(endpoint)))
		return 0;
	path = endpoint + strlen("ipc://");
	if (pl_access_bind(a, socket, endpoint, name, err))
		return -1;
	pl_copy(folder, sizeof(folder), path);
	*strrchr(folder, '/') = '\0';
	if (chown(path, (uid_t)-1, a->view_gid) || chown(folder, (uid_t)-1, a->view_gid) ||
	    chmod(folder, 0750))
		return pl_error_set(err, PL_EACCES, errno, "cannot give %s to the group %s: %s",
				    path, a->config->access.view_group, strerror(errno));
	return 0;
}

void pl_access_remove_view(const struct pl_access *a, const char *name)
{
	char endpoint[500];

	if (pl_access_view_endpoint(a, name, endpoint, sizeof(endpoint)))
		pl_endpoint_remove(endpoint);
}

struct pl_guard *pl_access_guard(struct pl_access *a)
{
	return a->guard;
}

/* ---- beginning and end ---- */

struct pl_access *pl_access_new(void *zmq, const struct pl_config *config, struct pl_mailbox *box,
				const struct pl_log *log, struct pl_error *err)
{
	struct pl_access *a = calloc(1, sizeof(*a));
	char path[600];

	if (!a) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory");
		return NULL;
	}
	*a = (struct pl_access){.config = config, .log = log, .box = box};
	pthread_mutex_init(&a->lock, NULL);
	a->guard = pl_guard_new(zmq, config, err);
	if (!a->guard || find_viewers(a, err)) {
		pl_access_free(a);
		return NULL;
	}
	if (!*config->access.keys)
		return a;
	server_file(config, path, sizeof(path));
	if (pl_key_read_secret(path, &a->server, err)) {
		pl_access_free(a);
		return NULL;
	}
	read_clients(a);
	a->zap = pl_zap_start(zmq, a, err);
	if (!a->zap) {
		pl_access_free(a);
		return NULL;
	}
	return a;
}

void pl_access_free(struct pl_access *a)
{
	if (!a)
		return;
	pl_zap_stop(a->zap);
	pl_guard_free(a->guard);
	pthread_mutex_destroy(&a->lock);
	explicit_bzero(&a->server, sizeof(a->server));
	free(a);
}
