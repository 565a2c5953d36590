/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as the log of a visit that plantard is to go on with. Either it is refused with a
 * message and the visit is idle, or it is one that can be written down, read back and ended.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/visit_resume.h"

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pl_protocol stand(void)
{
	struct pl_protocol p = {.id = "stand",
				.version = 4,
				.n_conditions = 1,
				.conditions = {"barefoot"},
				.pain_stop_at = 7,
				.pain_stop_rise = 3,
				.n_steps = 2};

	pl_protocol_step_init(&p.steps[0], PL_STEP_TARE);
	strcpy(p.steps[0].id, "zero");
	pl_protocol_step_init(&p.steps[1], PL_STEP_RECORD);
	strcpy(p.steps[1].id, "quiet");
	p.steps[1].trials = 2;
	return p;
}

static size_t write_log(const struct pl_visit *v, char *text, size_t cap)
{
	struct pl_json j;

	pl_json_init(&j, text, cap);
	pl_json_begin_object(&j, NULL);
	pl_visit_write(v, PL_VISIT_TRIALS_MAX, &j);
	pl_json_end_object(&j);
	return pl_json_finish(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[4 << 20]; /* of one thread */
	struct pl_protocol protocol = stand();
	const struct pl_protocols all = {.n = 1, .list = &protocol};
	struct pl_visit *v = pl_visit_new(NULL);
	struct pl_error err = {0};
	enum pl_visit_state state;
	double idle_s = NAN;
	unsigned trials;
	size_t n;

	CHECK(v);
	pl_visit_tick(v, INT64_C(5000000000), INT64_C(1795626800000000000));
	if (pl_visit_restore(v, (const char *)data, size, &all, &idle_s, &err)) {
		CHECK(*err.message && v->state == PL_VISIT_IDLE);
	} else {
		CHECK(idle_s >= 0 && pl_visit_active(v));
		state = v->state;
		trials = v->n_trials;
		n = write_log(v, text, sizeof(text));
		CHECK(n > 0);
		CHECK(pl_visit_restore(v, text, n, &all, &idle_s, &err) == 0);
		CHECK(v->state == state && v->n_trials == trials);
		pl_visit_tick(v, v->now_ns + 1, v->now_utc_ns + 1);
		CHECK(pl_visit_abort(v, "fuzz", NULL) == 0);
	}
	pl_visit_free(v);
	return 0;
}
