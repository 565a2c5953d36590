/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request about recordings is as a command line of `plantar`. Values never become options:
 * they stand behind the = of their option, or behind "--". Pure.
 */
#ifndef DAEMON_LOOK_WORDS_H
#define DAEMON_LOOK_WORDS_H

#include <plantar/error.h>

#include "daemon/control_request.h"

#define PL_LOOK_WORDS_MAX 160
#define PL_LOOK_TEXT_MAX 24576

struct pl_look_place {
	const char *folder, *fallback; /* "": none */
	const char *who;	       /* asks */
};

struct pl_look_words {
	char *argv[PL_LOOK_WORDS_MAX + 1]; /* argv[0] "plantar"; ended by NULL; into text */
	unsigned n;
	size_t used;
	char text[PL_LOOK_TEXT_MAX];
};

/* PL_EUSAGE: too much to say. w must stay where it is. */
int pl_look_words(const struct pl_request *r, const struct pl_look_place *place,
		  struct pl_look_words *w, struct pl_error *err);

/* Of a format of `report`: "application/pdf"; and what the file may be saved as. */
const char *pl_look_type(const char *format);
void pl_look_name(const struct pl_request *r, char *name, size_t cap);

#endif
