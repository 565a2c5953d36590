/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the words of a protocol mean: names, defaults, and the order of conditions, which must come
 * out the same from the same seed on every machine and in every version.
 */
#include <math.h>
#include <string.h>

#include <plantar/protocol.h>

const char *pl_step_kind_name(enum pl_step_kind kind)
{
	static const char *const names[] = {"record", "wait", "tare", "weigh"};

	return names[kind];
}

const char *pl_step_start_name(enum pl_step_start start)
{
	return start == PL_START_CONTACT ? "contact" : "countdown";
}

const char *pl_step_end_name(enum pl_step_end end)
{
	return end == PL_END_OFF ? "off" : "time";
}

static const char *const order_names[] = {"fixed", "random", "abba"};

const char *pl_order_name(enum pl_order order)
{
	return order_names[order];
}

int pl_order_parse(const char *name)
{
	for (int i = 0; i < 3; i++)
		if (strcmp(order_names[i], name) == 0)
			return i;
	return -1;
}

static const struct {
	const char *name, *text;
} flags[PL_TRIAL_FLAGS] = {
	{"partial", "load on the edge of the mat: a foot may be cut off"},
	{"feet", "another number of feet on the mat than expected"},
	{"saturation", "a cell reached its limit"},
	{"gap", "frames are missing"},
	{"drift", "the empty mat does not show zero: tare it"},
	{"weight", "the force does not match the body mass"},
	{"short", "ended too early"},
	{"no-contact", "nobody stepped on the mat"},
	{"other-foot", "the other foot was on the mat"},
	{"failed", "it could not be recorded or measured"},
	{"strikes", "fewer strikes than needed"},
	{"long", "the mat was not left in time"},
};

const char *pl_trial_flag_name(unsigned i)
{
	return i < PL_TRIAL_FLAGS ? flags[i].name : "";
}

const char *pl_trial_flag_text(unsigned i)
{
	return i < PL_TRIAL_FLAGS ? flags[i].text : "";
}

void pl_protocol_step_init(struct pl_protocol_step *step, enum pl_step_kind kind)
{
	*step = (struct pl_protocol_step){
		.kind = kind,
		.trials = 1,
		.countdown_s = 5,
		.wait_s = 60,
		.contact_n = 50,
		.off_s = 1,
		.seconds = kind == PL_STEP_TARE	   ? 1
			   : kind == PL_STEP_WEIGH ? 2
						   : 10,
		.seconds_max = 3600,
		.feet_pct = 10,
		.weight_pct = 5,
		.drift_n = kind == PL_STEP_TARE ? 50 : 20,
		.checks = PL_TRIAL_GAP | PL_TRIAL_SATURATED,
		.side = PL_SIDE_UNKNOWN,
	};
}

static bool step_needs_force(const struct pl_protocol_step *s)
{
	const unsigned of_force = PL_TRIAL_DRIFT | PL_TRIAL_WEIGHT | PL_TRIAL_FEET |
				  PL_TRIAL_OTHER_FOOT | PL_TRIAL_STRIKES;

	if (s->kind != PL_STEP_RECORD)
		return s->kind == PL_STEP_WEIGH;
	return s->start == PL_START_CONTACT || s->end == PL_END_OFF || s->strikes_per_foot > 0 ||
	       s->checks & of_force;
}

bool pl_protocol_needs_force(const struct pl_protocol *p)
{
	for (unsigned i = 0; i < p->n_steps; i++)
		if (step_needs_force(&p->steps[i]))
			return true;
	return false;
}

bool pl_protocol_needs_mass(const struct pl_protocol *p)
{
	for (unsigned i = 0; i < p->n_steps; i++)
		if (p->steps[i].kind == PL_STEP_WEIGH ||
		    (p->steps[i].kind == PL_STEP_RECORD && p->steps[i].checks & PL_TRIAL_WEIGHT))
			return true;
	return false;
}

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = (*state += 0x9E3779B97F4A7C15u);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

/* A number below n, each equally likely: what would favour the small ones is drawn again. */
static unsigned below(uint64_t *state, unsigned n)
{
	uint64_t limit = UINT64_MAX - UINT64_MAX % n, x;

	do
		x = splitmix64(state);
	while (x >= limit);
	return (unsigned)(x % n);
}

unsigned pl_protocol_order(enum pl_order order, unsigned n, uint64_t seed,
			   unsigned out[PL_PROTOCOL_ORDER_MAX])
{
	uint64_t state = seed;

	for (unsigned i = 0; i < n; i++)
		out[i] = i;
	for (unsigned i = n; order != PL_ORDER_FIXED && i > 1; i--) {
		unsigned k = below(&state, i), was = out[i - 1];

		out[i - 1] = out[k];
		out[k] = was;
	}
	if (order != PL_ORDER_ABBA)
		return n;
	for (unsigned i = 0; i < n; i++)
		out[n + i] = out[n - 1 - i];
	return 2 * n;
}
