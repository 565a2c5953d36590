/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON writer into a buffer of fixed size: no allocation, no locale, no way to produce an
 * invalid document as long as begin and end are paired. NaN and infinities become null. When the
 * buffer is too small the writer says so at the end instead of cutting silently.
 */
#ifndef PLANTAR_JSON_H
#define PLANTAR_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pl_json {
	char *buf;
	size_t cap, len;
	bool overflow; /* the buffer was too small */
	bool broken; /* a key in an array, none in an object, an end too many, a second document */
	bool comma;  /* private: the next value needs a comma before it */
	unsigned depth;	  /* at most 64 */
	uint64_t objects; /* private: bit i is set where level i + 1 is an object */
};

void pl_json_init(struct pl_json *j, char *buf, size_t cap);

/* key is NULL for the document itself and for members of an array. */
void pl_json_begin_object(struct pl_json *j, const char *key);
void pl_json_end_object(struct pl_json *j);
void pl_json_begin_array(struct pl_json *j, const char *key);
void pl_json_end_array(struct pl_json *j);
void pl_json_string(struct pl_json *j, const char *key, const char *value); /* NULL -> null;
						   invalid UTF-8 bytes become U+FFFD */
void pl_json_int(struct pl_json *j, const char *key, int64_t value);
void pl_json_uint(struct pl_json *j, const char *key, uint64_t value);
void pl_json_ns(struct pl_json *j, const char *key, int64_t t_ns); /* a decimal string: "123" */
void pl_json_bool(struct pl_json *j, const char *key, bool value);
void pl_json_null(struct pl_json *j, const char *key);
/*
 * Shortest digits that read back to the same double, resp. float, nearest to it among those; the
 * decimal point is always '.'. NaN and inf become null. Whole numbers below 1e16 have neither point
 * nor exponent (1, not 1.0); -0 is written -0.0, since some readers take -0 for the integer 0.
 */
void pl_json_double(struct pl_json *j, const char *key, double value);
void pl_json_float(struct pl_json *j, const char *key, float value);
void pl_json_raw(struct pl_json *j, const char *key, const char *json_text); /* trusted JSON */

/* NUL-terminates. Returns the length, or 0 if the buffer was too small, nesting unbalanced, the
 * document empty or broken. */
size_t pl_json_finish(struct pl_json *j);

/* The answer of who refuses, whole: {"ok":false,"error":{"code","message"}}. As pl_json_finish. */
size_t pl_json_refusal(char *buf, size_t cap, const struct pl_error *err);

#ifdef __cplusplus
}
#endif
#endif
