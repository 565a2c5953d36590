/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key that everybody can read protects nobody, so a secret with open modes is refused. One spoilt
 * file among the keys must neither lock out everybody else nor keep a key in that was taken out: so
 * a folder is read to its end, and what is wrong with it is said.
 */
#include "drivers/mat/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/mat/conf.h"

#define KEY_FILE_MAX 4096
#define PUBLIC_ENDING ".public"

/* ZeroMQ RFC 32. None of them is a quote or a backslash, so a key is a libconfig string as it is.
 */
static const char z85[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			  ".-:+=^!/*?&<>()[]{}@%$#";
static const char name_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

const char *pl_role_name(enum pl_role role)
{
	return role == PL_ROLE_OPERATOR ? "operator" : role == PL_ROLE_VIEWER ? "viewer" : "none";
}

bool pl_key_name_valid(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= PL_KEY_NAME_MAX && strspn(name, name_chars) == n;
}

bool pl_key_valid(const char *key)
{
	return strlen(key) == PL_KEY_CHARS && strspn(key, z85) == PL_KEY_CHARS;
}

static void take_key(struct pl_conf *c, const config_setting_t *root, const char *name,
		     char out[PL_KEY_CHARS + 1])
{
	const char *key;

	pl_conf_require(c, root, name);
	key = pl_conf_string(c, root, name, "");
	if (c->failed)
		return;
	if (pl_key_valid(key))
		memcpy(out, key, PL_KEY_CHARS + 1);
	else
		pl_conf_fail(c, config_setting_get_member(root, name),
			     "no key: %d characters are expected, as plantar keygen writes them",
			     PL_KEY_CHARS);
}

int pl_key_parse(const char *name, const char *text, bool secret, struct pl_key_pair *pair,
		 struct pl_error *err)
{
	static const char *const keys[] = {"public", "secret", NULL};
	const config_setting_t *root;
	struct pl_conf c = {0};
	int r = -1;

	memset(pair, 0, sizeof(*pair));
	if (pl_conf_open_text(&c, name, text, err) == 0) {
		root = config_root_setting(&c.config);
		pl_conf_only(&c, root, keys);
		take_key(&c, root, "public", pair->public_key);
		if (secret)
			take_key(&c, root, "secret", pair->secret_key);
		else if (config_setting_get_member(root, "secret"))
			pl_conf_fail(&c, config_setting_get_member(root, "secret"),
				     "this is the secret half, which stays with its owner; give "
				     "the file that ends in " PUBLIC_ENDING);
		r = c.failed ? -1 : 0;
	}
	pl_conf_close(&c);
	if (r)
		memset(pair, 0, sizeof(*pair));
	return r;
}

static int read_pair(const char *path, bool secret, struct pl_key_pair *pair, struct pl_error *err)
{
	char *text = pl_conf_read_file(path, KEY_FILE_MAX, err);
	int r;

	if (!text)
		return -1;
	r = pl_key_parse(path, text, secret, pair, err);
	explicit_bzero(text, strlen(text));
	free(text);
	return r;
}

int pl_key_read_public(const char *path, char key[PL_KEY_CHARS + 1], struct pl_error *err)
{
	struct pl_key_pair pair;

	if (read_pair(path, false, &pair, err))
		return -1;
	memcpy(key, pair.public_key, PL_KEY_CHARS + 1);
	return 0;
}

int pl_key_read_secret(const char *path, struct pl_key_pair *pair, struct pl_error *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && st.st_mode & 077)
		return pl_error_set(err, PL_EACCES, 0,
				    "%s may be read or changed by others (mode %04o), so it is no "
				    "secret; chmod 600 %s, and make a new key if it lay open",
				    path, (unsigned)st.st_mode & 07777, path);
	return read_pair(path, true, pair, err);
}

/* ---- writing ---- */

static int exists_already(const char *path, struct pl_error *err)
{
	return pl_error_set(err, PL_EBUSY, EEXIST,
			    "%s exists already; choose another name, or remove both halves first",
			    path);
}

static int write_file(const char *path, mode_t mode, const char *text, struct pl_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode), e = 0;
	ssize_t n = (ssize_t)strlen(text);

	if (fd < 0 && errno == EEXIST)
		return exists_already(path, err);
	if (fd < 0)
		return pl_error_set(err, PL_EACCES, errno, "cannot write %s: %s", path,
				    strerror(errno));
	if (fchmod(fd, mode) || write(fd, text, (size_t)n) != n || fsync(fd))
		e = errno ? errno : ENOSPC;
	if (close(fd) && !e)
		e = errno;
	if (!e)
		return 0;
	unlink(path);
	return pl_error_set(err, PL_EIO, e, "cannot write %s: %s", path, strerror(e));
}

int pl_key_write(const char *folder, const char *name, const struct pl_key_pair *pair,
		 struct pl_error *err)
{
	char secret[600], public[600], text[400];
	int r;

	snprintf(secret, sizeof(secret), "%s/%s.secret", folder, name);
	snprintf(public, sizeof(public), "%s/%s" PUBLIC_ENDING, folder, name);
	if (access(public, F_OK) == 0)
		return exists_already(public, err);
	snprintf(text, sizeof(text),
		 "# Key of %s for plantard: the secret half. It stays with its owner.\n"
		 "public = \"%s\";\nsecret = \"%s\";\n",
		 name, pair->public_key, pair->secret_key);
	r = write_file(secret, 0600, text, err);
	explicit_bzero(text, sizeof(text));
	if (r)
		return -1;
	snprintf(text, sizeof(text),
		 "# Key of %s for plantard: the public half. Anybody may have it.\n"
		 "public = \"%s\";\n",
		 name, pair->public_key);
	r = write_file(public, 0644, text, err);
	if (r)
		unlink(secret);
	return r;
}

/* ---- the allow-list ---- */

static int add_client(struct pl_client_keys *clients, const char *folder, const char *file,
		      enum pl_role role, struct pl_error *err)
{
	size_t n = strlen(file) - strlen(PUBLIC_ENDING);
	const struct pl_client_key *other;
	struct pl_client_key *client;
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	if (clients->n == PL_CLIENTS_MAX)
		return pl_error_set(err, PL_ECONFIG, 0, "%s: more than %d keys", folder,
				    PL_CLIENTS_MAX);
	client = &clients->list[clients->n];
	*client = (struct pl_client_key){.role = role};
	if (n <= PL_KEY_NAME_MAX)
		memcpy(client->name, file, n);
	if (!pl_key_name_valid(client->name))
		return pl_error_set(err, PL_ECONFIG, 0,
				    "%s: a name of letters, digits, - and _ is expected before "
				    "\"" PUBLIC_ENDING "\", at most %d",
				    path, PL_KEY_NAME_MAX);
	if (pl_key_read_public(path, client->key, err))
		return -1;
	other = pl_clients_find(clients, client->key);
	if (other)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "%s: this is the key of \"%s\" (%s) already; one key is one "
				    "person and one role",
				    path, other->name, pl_role_name(other->role));
	clients->n++;
	return 0;
}

static int read_role(struct pl_client_keys *clients, const char *keys, const char *sub,
		     enum pl_role role, struct pl_error *err)
{
	const struct dirent *entry;
	struct pl_error first = {0};
	char folder[700];
	DIR *dir;

	snprintf(folder, sizeof(folder), "%s/%s", keys, sub);
	dir = opendir(folder);
	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return pl_error_set(err, PL_EACCES, errno, "cannot read the keys in %s: %s", folder,
				    strerror(errno));
	while ((entry = readdir(dir))) {
		size_t n = strlen(entry->d_name), m = strlen(PUBLIC_ENDING);
		struct pl_error wrong = {0};

		if (n > m && strcmp(entry->d_name + n - m, PUBLIC_ENDING) == 0 &&
		    add_client(clients, folder, entry->d_name, role, &wrong) && first.code == PL_OK)
			first = wrong;
	}
	closedir(dir);
	if (first.code == PL_OK)
		return 0;
	if (err)
		*err = first;
	return -1;
}

int pl_clients_read(struct pl_client_keys *clients, const char *folder, struct pl_error *err)
{
	struct pl_error second = {0};
	int r;

	clients->n = 0;
	r = read_role(clients, folder, "viewers", PL_ROLE_VIEWER, err);
	if (read_role(clients, folder, "operators", PL_ROLE_OPERATOR, r ? &second : err))
		r = -1;
	return r;
}

const struct pl_client_key *pl_clients_find(const struct pl_client_keys *clients, const char *key)
{
	for (unsigned i = 0; i < clients->n; i++)
		if (strcmp(clients->list[i].key, key) == 0)
			return &clients->list[i];
	return NULL;
}

const char *pl_keys_dir(char *buf, size_t cap)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (xdg && *xdg)
		snprintf(buf, cap, "%s/plantard/keys", xdg);
	else if (geteuid() == 0 || !home || !*home)
		snprintf(buf, cap, "/etc/plantard/keys");
	else
		snprintf(buf, cap, "%s/.config/plantard/keys", home);
	return buf;
}
