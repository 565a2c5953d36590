/* SPDX-License-Identifier: Apache-2.0 */
/* A key of a request (control_request.c): its type, and the member of struct pl_request it fills.
 */
#ifndef DAEMON_CONTROL_VALUES_H
#define DAEMON_CONTROL_VALUES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/control_request.h"

enum pl_field_type {
	PL_FIELD_TEXT,
	PL_FIELD_NUMBER,
	PL_FIELD_WHOLE, /* a number without a fraction */
	PL_FIELD_BOOL,
	PL_FIELD_CONDITIONS,
	PL_FIELD_ANNOTATIONS,
	PL_FIELD_SESSIONS, /* an array of uuids */
	PL_FIELD_STEPS,	   /* a whole number, or an array of them */
};

struct pl_field {
	const char *name;
	enum pl_field_type type;
	size_t offset, cap;  /* cap: of TEXT */
	size_t count_offset; /* of STEPS: where their number goes */
	double min, max;     /* of NUMBER and WHOLE */
};

/* Written as the uuid of a session is: 36 characters, lower case, dashes in their places. */
bool pl_is_session(const char *text);

/* PL_EUSAGE with the key's name and what would be valid. */
int pl_field_take(const struct pl_field *f, const json_t *value, struct pl_request *request,
		  struct pl_error *err);

#endif
