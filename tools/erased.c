/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes are short, so a hash of one can be found by trying all of them; the salt, another one for
 * each tombstone, only keeps two tombstones from showing that they are of one person. It protects
 * from reading, not from searching, and docs/access.md says so.
 */
#include "tools/erased.h"

#include <dirent.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "tools/folder.h"

struct looking {
	void (*each)(void *user, const char *path, const json_t *tombstone, bool finished);
	void *user;
};

struct counting {
	const char *code;
	size_t n;
	char last[11];
};

void pl_erased_hash(const char *salt, const char *code, char hex[65])
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, (const unsigned char *)salt, strlen(salt));
	crypto_hash_sha256_update(&state, (const unsigned char *)code, strlen(code));
	crypto_hash_sha256_final(&state, digest);
	sodium_bin2hex(hex, 65, digest, sizeof(digest));
}

static bool is_alone(const char *path)
{
	const struct dirent *entry;
	char folder[4096];
	bool alone = true;
	DIR *dir;

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	dir = opendir(folder);
	while (dir && (entry = readdir(dir)))
		alone &= strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
			 strcmp(entry->d_name, PL_TOMBSTONE) == 0;
	if (dir)
		closedir(dir);
	return alone;
}

static int take(void *user, const char *path)
{
	struct looking *l = user;
	json_t *tombstone = json_load_file(path, 0, NULL);

	l->each(l->user, path, tombstone, is_alone(path));
	json_decref(tombstone);
	return 0;
}

int pl_erased_each(const char *folder,
		   void (*each)(void *user, const char *path, const json_t *tombstone,
				bool finished),
		   void *user, struct pl_error *err)
{
	struct looking l = {.each = each, .user = user};

	return pl_folder_named(folder, PL_TOMBSTONE, take, &l, err);
}

static void count(void *user, const char *path, const json_t *tombstone, bool finished)
{
	struct counting *c = user;
	const char *salt = json_string_value(json_object_get(tombstone, "subject_salt"));
	const char *hash = json_string_value(json_object_get(tombstone, "subject_sha256"));
	const char *when = json_string_value(json_object_get(tombstone, "erased_utc"));
	char hex[65];

	(void)path;
	(void)finished;
	if (!salt || !hash || !when)
		return;
	pl_erased_hash(salt, c->code, hex);
	if (strcmp(hex, hash) != 0)
		return;
	c->n++;
	if (strncmp(when, c->last, 10) > 0)
		snprintf(c->last, sizeof(c->last), "%.10s", when);
}

size_t pl_erased_of(const char *folder, const char *code, char last[11])
{
	struct counting c = {.code = code};

	pl_erased_each(folder, count, &c, NULL);
	snprintf(last, 11, "%s", c.last);
	return c.n;
}
