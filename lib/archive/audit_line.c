/* SPDX-License-Identifier: Apache-2.0 */
/* A line of the audit log: its place in the chain, its hash. */
#include "audit_line.h"

#include <jansson.h>
#include <sodium.h>
#include <string.h>

void pl_audit_hash(const char *text, size_t n, char hex[65])
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, (const unsigned char *)text, n);
	sodium_bin2hex(hex, 65, digest, sizeof(digest));
}

void pl_audit_line_parse(const char *text, size_t n, struct pl_audit_line *line)
{
	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	const json_t *number = json_object_get(root, "n");
	const char *prev = json_string_value(json_object_get(root, "prev"));

	*line = (struct pl_audit_line){.json = json_is_object(root)};
	if (json_is_integer(number) && json_integer_value(number) > 0 && prev &&
	    strlen(prev) == 64 && strspn(prev, "0123456789abcdef") == 64) {
		line->chained = true;
		line->n = (uint64_t)json_integer_value(number);
		memcpy(line->prev, prev, 65);
	}
	line->after_tear = json_is_true(json_object_get(root, "torn"));
	json_decref(root);
}
