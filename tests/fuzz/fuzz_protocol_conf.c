/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a protocol. Either it is refused with a message that has a place in it, or a visit
 * can be begun with it and written down.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/visit.h>

#include "daemon/protocol_conf.h"

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the text token at which a syntax error is found: once a file, not ours. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static void carry_out(const struct pl_protocol *p)
{
	static char text[1 << 20]; /* of one thread */
	struct pl_visit_setup s = {.subject = "P", .body_mass_kg = 70, .order = p->order};
	struct pl_visit_ask ask = {.seconds = NAN, .speed_kmh = NAN};
	struct pl_visit *v = pl_visit_new(NULL);
	struct pl_error err = {0};
	struct pl_json j;

	CHECK(v && p->n_steps > 0 && p->n_conditions > 0);
	s.n_conditions = p->n_conditions;
	memcpy(s.conditions, p->conditions, sizeof(s.conditions));
	pl_visit_tick(v, 1, 1);
	if (pl_visit_begin(v, p, &s, &err) == 0) {
		pl_visit_red_flags(v, 0, NULL);
		for (int i = 0; i < 200 && pl_visit_active(v); i++) {
			pl_visit_tick(v, v->now_ns + INT64_C(100000000000), v->now_utc_ns);
			if (pl_visit_next(v, NULL))
				pl_visit_trial(v, &ask, NULL);
		}
		pl_json_init(&j, text, sizeof(text));
		pl_json_begin_object(&j, NULL);
		pl_visit_write(v, PL_VISIT_TRIALS_MAX, &j);
		pl_protocol_write(p, &j);
		pl_json_end_object(&j);
		CHECK(pl_json_finish(&j) > 0);
	} else {
		CHECK(err.code == PL_EUSAGE && *err.message);
	}
	pl_visit_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl_protocol *p = malloc(sizeof(*p));
	char *text = malloc(size + 1);
	struct pl_error err = {0};

	CHECK(text && p);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (pl_protocol_parse(p, "fuzz", text, &err))
		CHECK(err.code == PL_ECONFIG && !strncmp(err.message, "fuzz:", 5));
	else
		carry_out(p);
	free(text);
	free(p);
	return 0;
}
