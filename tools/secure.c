/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A person types --control tcp://lab:5572 and wants numbers, not cryptography. So the files that
 * `plantar keygen` made are found where it put them, and what is missing is said with the command
 * that makes it. ZeroMQ tries a refused handshake again for ever; its monitor is asked, so that a
 * key nobody let in does not look like a daemon that does not run.
 */
#include "tools/secure.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "drivers/mat/keys.h"
#include "drivers/mat/paths.h"

#define MONITOR "inproc://plantar.handshakes"

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* The one *.secret in the folder. */
static int find_secret(const char *folder, char *path, size_t cap, struct pl_error *err)
{
	const struct dirent *entry;
	unsigned n = 0;
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir))) {
		size_t length = strlen(entry->d_name);

		if (length < 8 || strcmp(entry->d_name + length - 7, ".secret") != 0 ||
		    strcmp(entry->d_name, "server.secret") == 0)
			continue;
		snprintf(path, cap, "%s/%s", folder, entry->d_name);
		n++;
	}
	if (dir)
		closedir(dir);
	if (n == 1)
		return 0;
	if (n > 1)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "there are %u keys in %s; say which one with --key FILE or "
				    "$PLANTARD_KEY",
				    n, folder);
	return pl_error_set(err, PL_ENOENT, 0,
			    "a key is needed, and there is none in %s; make one with `plantar "
			    "keygen NAME` and have its public half let in, or name one with --key",
			    folder);
}

static int find_server(const char *folder, const char *endpoint, char *path, size_t cap,
		       struct pl_error *err)
{
	const char *host = strncmp(endpoint, "tcp://", 6) == 0 ? endpoint + 6 : "";
	const char *colon = strrchr(host, ':');
	char own[600];

	snprintf(own, sizeof(own), "%s/%.*s.public", folder, (int)(colon ? colon - host : 0), host);
	snprintf(path, cap, "%s/server.public", folder);
	if (!strchr(host, '/') && access(own, F_OK) == 0)
		snprintf(path, cap, "%s", own);
	else if (access(path, F_OK))
		return pl_error_set(err, PL_ENOENT, 0,
				    "the daemon's public key is needed to know that it is the "
				    "right one: copy its server.public to %s, or name it with "
				    "--server-key",
				    own);
	return 0;
}

static int set_curve(void *socket, const struct pl_key_pair *own, const char *server,
		     struct pl_error *err)
{
	if (zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, PL_KEY_CHARS + 1) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, own->public_key, PL_KEY_CHARS + 1) ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, own->secret_key, PL_KEY_CHARS + 1))
		return pl_error_set(err, PL_EUNSUPPORTED, 0, "this ZeroMQ has no CURVE: %s",
				    zmq_strerror(zmq_errno()));
	return 0;
}

int pl_secure(void *socket, const char *endpoint, struct pl_error *err)
{
	char folder[512], secret[600], public[700], server[PL_KEY_CHARS + 1];
	struct pl_key_pair own;
	int r;

	if (strncmp(endpoint, "tcp://", 6) != 0 ||
	    (pl_endpoint_is_local(endpoint) && !env("PLANTARD_KEY")))
		return 0;
	pl_keys_dir(folder, sizeof(folder));
	if (env("PLANTARD_KEY"))
		snprintf(secret, sizeof(secret), "%s", env("PLANTARD_KEY"));
	else if (find_secret(folder, secret, sizeof(secret), err))
		return -1;
	if (env("PLANTARD_SERVER_KEY"))
		snprintf(public, sizeof(public), "%s", env("PLANTARD_SERVER_KEY"));
	else if (find_server(folder, endpoint, public, sizeof(public), err))
		return -1;
	if (pl_key_read_secret(secret, &own, err) || pl_key_read_public(public, server, err))
		return -1;
	r = set_curve(socket, &own, server, err);
	explicit_bzero(&own, sizeof(own));
	return r;
}

void *pl_secure_watch(void *context, void *socket)
{
	void *watch;
	int zero = 0;

	if (zmq_socket_monitor(socket, MONITOR,
			       ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
				       ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
				       ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL))
		return NULL;
	watch = zmq_socket(context, ZMQ_PAIR);
	if (!watch)
		return NULL;
	zmq_setsockopt(watch, ZMQ_LINGER, &zero, sizeof(zero));
	if (zmq_connect(watch, MONITOR) == 0)
		return watch;
	zmq_close(watch);
	return NULL;
}

bool pl_secure_failed(void *watch, const char *endpoint, struct pl_error *err)
{
	uint16_t event = 0;
	zmq_msg_t msg;

	if (!watch)
		return false;
	zmq_msg_init(&msg);
	while (zmq_msg_recv(&msg, watch, ZMQ_DONTWAIT) >= 0)
		if (zmq_msg_more(&msg) && zmq_msg_size(&msg) >= sizeof(event))
			memcpy(&event, zmq_msg_data(&msg), sizeof(event));
	zmq_msg_close(&msg);
	if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
		pl_error_set(err, PL_EACCES, 0,
			     "%s does not let this key in; its public half belongs into the "
			     "daemon's keys/viewers or keys/operators",
			     endpoint);
	else if (event)
		pl_error_set(err, PL_EACCES, 0,
			     "%s wants a key, or has another one than the server key we know it "
			     "by; see --key and --server-key",
			     endpoint);
	return event != 0;
}
