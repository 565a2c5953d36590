/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who changes a file can change its line of MANIFEST.sha256, too. A signature of the manifest by a
 * key that only the site has (Ed25519, libsodium) says that this is what was sealed there, on that
 * day. What is signed is one line that says so, the time, and the manifest as it is, so a
 * signature of anything else is none of this.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <plantar/archive.h>

#include "files.h"
#include "manifest.h"

#define KEY_MAGIC "plantar-site-key/1"
#define SIGNATURE_MAGIC "plantar-signature/1"
#define FILE_MAX_BYTES 4096
#define MANIFEST_MAX_BYTES (1u << 20)

_Static_assert(PL_SITE_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "Ed25519");
_Static_assert(PL_SITE_SECRET_BYTES == crypto_sign_SECRETKEYBYTES, "Ed25519");

/* A small file as text; NULL and errno. */
static char *slurp(const char *path, size_t max, size_t *n)
{
	char *text = malloc(max + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC), e;
	ssize_t got = -1;

	*n = 0;
	if (text && fd >= 0)
		while ((got = read(fd, text + *n, max - *n)) > 0)
			*n += (size_t)got;
	e = errno;
	if (fd >= 0)
		close(fd);
	if (got == 0) {
		text[*n] = '\0';
		return text;
	}
	free(text);
	errno = got > 0 ? EFBIG : e;
	return NULL;
}

/* The hexadecimal number behind `name ` at the beginning of a line. */
static bool number_of(const char *text, const char *name, unsigned char *out, size_t bytes)
{
	size_t n = strlen(name), got;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, n) == 0 && line[n] == ' ')
			return strcspn(line + n + 1, "\n") == 2 * bytes &&
			       sodium_hex2bin(out, bytes, line + n + 1, 2 * bytes, NULL, &got,
					      NULL) == 0 &&
			       got == bytes;
	}
	return false;
}

static int create(const char *path, mode_t mode, const char *text, struct pl_error *err)
{
	size_t n = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode), e = 0;

	if (fd < 0)
		return pl_files_error(err, errno, "cannot create the key %s", path);
	if (write(fd, text, n) != (ssize_t)n || fsync(fd) != 0)
		e = errno ? errno : EIO;
	close(fd);
	if (!e)
		return pl_files_sync_parent(path, err);
	unlink(path);
	return pl_files_error(err, e, "cannot write the key %s", path);
}

int pl_site_key_new(const char *path, struct pl_error *err)
{
	unsigned char public_key[PL_SITE_PUBLIC_BYTES], secret[PL_SITE_SECRET_BYTES];
	char hex[2 * PL_SITE_PUBLIC_BYTES + 1], secret_hex[2 * PL_SITE_SECRET_BYTES + 1];
	char text[FILE_MAX_BYTES], public_path[PATH_MAX];
	int result;

	if (sodium_init() < 0)
		return pl_error_set(err, PL_EIO, 0, "no random numbers for a key");
	crypto_sign_keypair(public_key, secret);
	sodium_bin2hex(hex, sizeof(hex), public_key, sizeof(public_key));
	sodium_bin2hex(secret_hex, sizeof(secret_hex), secret, sizeof(secret));
	snprintf(public_path, sizeof(public_path), "%s.pub", path);
	if (access(public_path, F_OK) == 0)
		return pl_files_error(err, EEXIST, "cannot create the key %s", public_path);
	snprintf(text, sizeof(text), KEY_MAGIC "\npublic %s\nsecret %s\n", hex, secret_hex);
	result = create(path, 0600, text, err);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(secret_hex, sizeof(secret_hex));
	snprintf(text, sizeof(text), KEY_MAGIC "\npublic %s\n", hex);
	return result ? result : create(public_path, 0644, text, err);
}

static char *read_key(const char *path, struct pl_error *err)
{
	size_t n;
	char *text = slurp(path, FILE_MAX_BYTES, &n);

	if (!text)
		pl_files_error(err, errno, "cannot read the key %s", path);
	else if (strncmp(text, KEY_MAGIC "\n", sizeof(KEY_MAGIC)) == 0)
		return text;
	else
		pl_error_set(err, PL_EFORMAT, 0,
			     "%s is no key of a site; plantar seal --new-key makes one", path);
	free(text);
	return NULL;
}

int pl_site_key_secret(const char *path, unsigned char secret[PL_SITE_SECRET_BYTES],
		       struct pl_error *err)
{
	char *text = read_key(path, err);
	struct stat st;
	int result = 0;

	if (!text)
		return -1;
	if (stat(path, &st) != 0 || (st.st_mode & 077))
		result = pl_error_set(err, PL_EACCES, 0,
				      "others can read the key %s, so it proves nothing; chmod 600 "
				      "it if nobody has",
				      path);
	else if (!number_of(text, "secret", secret, PL_SITE_SECRET_BYTES))
		result = pl_error_set(err, PL_EFORMAT, 0,
				      "%s is the public half of a key; sealing needs the other",
				      path);
	sodium_memzero(text, strlen(text));
	free(text);
	return result;
}

int pl_site_key_public(const char *path, unsigned char public_key[PL_SITE_PUBLIC_BYTES],
		       struct pl_error *err)
{
	char *text = read_key(path, err);
	int result = 0;

	if (!text)
		return -1;
	if (!number_of(text, "public", public_key, PL_SITE_PUBLIC_BYTES))
		result = pl_error_set(err, PL_EFORMAT, 0, "%s names no public key", path);
	sodium_memzero(text, strlen(text));
	free(text);
	return result;
}

/* What is signed; malloced. */
static char *message(const char *folder, const char *utc, size_t *n, struct pl_error *err)
{
	static const char head[] = SIGNATURE_MAGIC "\nutc ";
	char path[PATH_MAX], *manifest, *all;
	size_t m, at;

	snprintf(path, sizeof(path), "%s/" MANIFEST_NAME, folder);
	manifest = slurp(path, MANIFEST_MAX_BYTES, &m);
	if (!manifest) {
		pl_files_error(err, errno, "cannot read %s", path);
		return NULL;
	}
	all = malloc(sizeof(head) + strlen(utc) + m + 2);
	if (all) {
		at = (size_t)sprintf(all, "%s%s\n", head, utc);
		memcpy(all + at, manifest, m);
		*n = at + m;
	} else {
		pl_error_set(err, PL_ENOMEM, 0, "no memory for a signature");
	}
	free(manifest);
	return all;
}

static int sign(const char *folder, const unsigned char *secret, struct pl_error *err)
{
	unsigned char signature[crypto_sign_BYTES];
	char hex[2 * sizeof(signature) + 1], key[2 * PL_SITE_PUBLIC_BYTES + 1];
	char path[PATH_MAX], text[FILE_MAX_BYTES], utc[32], *all;
	time_t now = time(NULL);
	struct tm tm;
	size_t n;

	strftime(utc, sizeof(utc), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	all = message(folder, utc, &n, err);
	if (!all)
		return -1;
	crypto_sign_detached(signature, NULL, (const unsigned char *)all, n, secret);
	free(all);
	sodium_bin2hex(hex, sizeof(hex), signature, sizeof(signature));
	sodium_bin2hex(key, sizeof(key), secret + 32, PL_SITE_PUBLIC_BYTES);
	snprintf(path, sizeof(path), "%s/" PL_SIGNATURE_NAME, folder);
	n = (size_t)snprintf(text, sizeof(text), SIGNATURE_MAGIC "\nutc %s\nkey %s\nsignature %s\n",
			     utc, key, hex);
	return pl_files_replace(path, text, n, err);
}

int pl_session_sign(const char *folder, const unsigned char secret[PL_SITE_SECRET_BYTES],
		    struct pl_error *err)
{
	int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

	if (lock < 0)
		return pl_files_error(err, errno, "cannot open the folder %s", folder);
	while (flock(lock, LOCK_EX) != 0 && errno == EINTR)
		;
	result = sodium_init() < 0 ? pl_error_set(err, PL_EIO, 0, "libsodium cannot be used")
				   : sign(folder, secret, err);
	close(lock);
	return result;
}

static int check(const char *folder, const char *text, const unsigned char *wanted,
		 char signed_by[65], struct pl_error *err)
{
	unsigned char key[PL_SITE_PUBLIC_BYTES], signature[crypto_sign_BYTES];
	char utc[32] = "", *all;
	size_t n;
	int wrong;

	if (sscanf(text, SIGNATURE_MAGIC "\nutc %31[0-9TZ:-]\n", utc) != 1 ||
	    !number_of(text, "key", key, sizeof(key)) ||
	    !number_of(text, "signature", signature, sizeof(signature)))
		return pl_error_set(err, PL_ECORRUPT, 0, PL_SIGNATURE_NAME " is no signature");
	sodium_bin2hex(signed_by, 65, key, sizeof(key));
	all = message(folder, utc, &n, err);
	if (!all)
		return -1;
	wrong = crypto_sign_verify_detached(signature, (const unsigned char *)all, n, key);
	free(all);
	if (wrong)
		return pl_error_set(err, PL_ECORRUPT, 0,
				    "the signature is not of this " MANIFEST_NAME
				    ": it was changed or sealed again since; plantar seal --key "
				    "signs it anew");
	if (wanted && memcmp(wanted, key, sizeof(key)) != 0)
		return pl_error_set(err, PL_ECORRUPT, 0,
				    "signed by another key than the one asked for: %.16s...",
				    signed_by);
	return 0;
}

int pl_signature_check(const char *folder, const unsigned char *wanted, char signed_by[65],
		       struct pl_error *err)
{
	char path[PATH_MAX], *text;
	size_t n;
	int result;

	signed_by[0] = '\0';
	snprintf(path, sizeof(path), "%s/" PL_SIGNATURE_NAME, folder);
	text = slurp(path, FILE_MAX_BYTES, &n);
	if (!text && errno == ENOENT)
		return 1;
	if (!text)
		return pl_files_error(err, errno, "cannot read %s", path);
	result = sodium_init() < 0 ? pl_error_set(err, PL_EIO, 0, "libsodium cannot be used")
				   : check(folder, text, wanted, signed_by, err);
	free(text);
	return result;
}
