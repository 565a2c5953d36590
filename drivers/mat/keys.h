/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key files, and who may come in with which key (docs/access.md). A key pair is two files that
 * `plantar keygen NAME` writes: NAME.secret (mode 0600, refused when others may read it) and
 * NAME.public, which may be handed to anybody. Both are libconfig; keys are ZeroMQ's 40 characters
 * (Z85). The daemon's folder of keys:
 *
 *	server.secret  server.public
 *	viewers/anna.public       anna may watch and ask
 *	operators/bert.public     bert may also change something
 *
 * A name is the file's name and a role is the folder it lies in: both are given by whoever looks
 * after the daemon, not by whoever made the key.
 */
#ifndef DRIVERS_MAT_KEYS_H
#define DRIVERS_MAT_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include <plantar/error.h>

#define PL_KEY_CHARS 40
#define PL_KEY_NAME_MAX 63
#define PL_CLIENTS_MAX 256

enum pl_role { PL_ROLE_NONE, PL_ROLE_VIEWER, PL_ROLE_OPERATOR };

struct pl_key_pair {
	char public_key[PL_KEY_CHARS + 1];
	char secret_key[PL_KEY_CHARS + 1];
};

struct pl_client_key {
	char name[PL_KEY_NAME_MAX + 1];
	char key[PL_KEY_CHARS + 1];
	enum pl_role role;
};

struct pl_client_keys {
	unsigned n;
	struct pl_client_key list[PL_CLIENTS_MAX];
};

const char *pl_role_name(enum pl_role role); /* "none", "viewer", "operator" */

/* Letters, digits, - and _; 1 to PL_KEY_NAME_MAX of them. */
bool pl_key_name_valid(const char *name);
/* 40 characters of Z85. */
bool pl_key_valid(const char *key);

/* PL_ENOENT, PL_EACCES, PL_ECONFIG with file and line. A secret file that its group or others may
 * read or write is refused (PL_EACCES) with the command that mends it. */
int pl_key_read_public(const char *path, char key[PL_KEY_CHARS + 1], struct pl_error *err);
int pl_key_read_secret(const char *path, struct pl_key_pair *pair, struct pl_error *err);
/* The same from a text; name is for messages. secret: a secret key is expected, too. */
int pl_key_parse(const char *name, const char *text, bool secret, struct pl_key_pair *pair,
		 struct pl_error *err);

/* Both files of a pair into folder, neither overwritten (PL_EBUSY). */
int pl_key_write(const char *folder, const char *name, const struct pl_key_pair *pair,
		 struct pl_error *err);

/* Everybody in folder/viewers and folder/operators; neither folder need be there. A file that
 * cannot be read, a second name for one key, or more than PL_CLIENTS_MAX is an error (the first is
 * told), and not in the list; the others are. */
int pl_clients_read(struct pl_client_keys *clients, const char *folder, struct pl_error *err);
/* NULL: nobody has this key. */
const struct pl_client_key *pl_clients_find(const struct pl_client_keys *clients, const char *key);

/* A person's own keys: ~/.config/plantard/keys ($XDG_CONFIG_HOME); of root /etc/plantard/keys.
 * Returns buf. */
const char *pl_keys_dir(char *buf, size_t cap);

#endif
