/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients ask of a protocol: to begin one, to steer it, to be told what there is. Checked here
 * as far as the daemon knows more than the visit: mats, their calibration, annotations, what was
 * ticked for this person before.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/calibrated.h"
#include "daemon/daemon.h"
#include "daemon/text.h"
#include "daemon/visit_run.h"

static int pick_mat(const struct pl_daemon *d, const struct pl_request *r,
		    const struct pl_protocol *p, struct pl_visit_setup *s, struct pl_error *err)
{
	const struct pl_config *config = d->config;
	unsigned i = 0;

	if (!*r->mat && config->n_mats > 1)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "protocol needs \"mat\": there are %u mats, %s is one",
				    config->n_mats, config->mats[0].name);
	while (*r->mat && i < config->n_mats && strcmp(config->mats[i].name, r->mat) != 0)
		i++;
	if (i == config->n_mats)
		return pl_error_set(err, PL_ENOENT, 0, "there is no mat \"%s\"; %s is one", r->mat,
				    config->mats[0].name);
	if (pl_protocol_needs_force(p) && pl_calibrated_need(d, i, p->id, err))
		return -1;
	pl_copy(s->mat, sizeof(s->mat), config->mats[i].name);
	return 0;
}

static int pick_order(const struct pl_request *r, const struct pl_protocol *p,
		      struct pl_visit_setup *s, struct pl_error *err)
{
	int order = *r->order ? pl_order_parse(r->order) : (int)p->order;
	uint32_t drawn = 0;

	if (order < 0)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "order: one of fixed, random, abba is expected");
	if (!isnan(r->seed) && r->seed != floor(r->seed))
		return pl_error_set(err, PL_EUSAGE, 0, "seed: a whole number is expected");
	if (isnan(r->seed) && order != PL_ORDER_FIXED &&
	    getrandom(&drawn, sizeof(drawn), 0) != sizeof(drawn))
		return pl_error_set(err, PL_EIO, 0, "no random numbers; give a seed");
	s->order = (enum pl_order)order;
	s->seed = isnan(r->seed) ? drawn : (uint64_t)r->seed;
	s->n_conditions = r->n_conditions ? r->n_conditions : p->n_conditions;
	memcpy(s->conditions, r->n_conditions ? r->conditions : p->conditions,
	       sizeof(s->conditions));
	return 0;
}

static int pick_pain_side(const struct pl_request *r, struct pl_visit_setup *s,
			  struct pl_error *err)
{
	char value[PL_ANNOTATION_VALUE_MAX];
	const char *side = r->pain_side;

	if (*side && pl_annotation_check("pain_side", side, value, err))
		return -1;
	if (pl_annotations_get(&r->annotations, "pain_side", value)) {
		if (*side && strcmp(side, value) != 0)
			return pl_error_set(err, PL_EUSAGE, 0,
					    "pain_side is given twice, differently");
		side = value;
	}
	pl_copy(s->pain_side, sizeof(s->pain_side), side);
	return 0;
}

/* What a protocol asks for by itself, and would not hear of as an annotation. */
static int check_annotations(const struct pl_request *r, struct pl_error *err)
{
	char value[PL_ANNOTATION_VALUE_MAX];

	if (pl_annotations_get(&r->annotations, "pain_score", value))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "annotations: pain_score: is given during or after a trial, "
				    "with pain or accept, so that the stop rule sees it");
	if (pl_annotations_get(&r->annotations, "approach", value))
		return pl_error_set(
			err, PL_EUSAGE, 0,
			"annotations: approach: give \"approach\" with trial, where the "
			"step asks for it");
	return 0;
}

/* Before one trial: nothing that is of the person, and no second speed. */
static int check_trial_annotations(const struct pl_request *r, struct pl_error *err)
{
	char value[PL_ANNOTATION_VALUE_MAX];
	const struct pl_annotation_key *keys;
	const char *person = *r->subject	       ? "subject"
			     : !isnan(r->body_mass_kg) ? "body_mass_kg"
						       : NULL;
	size_t n;

	keys = pl_annotation_keys(&n);
	for (size_t i = 0; i < n && !person; i++)
		if (keys[i].group == PL_ANNOTATION_SUBJECT &&
		    pl_annotations_get(&r->annotations, keys[i].name, value))
			person = keys[i].name;
	if (person)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "annotations: %s: is of the person, not of one trial; give it "
				    "with protocol",
				    person);
	if (!isnan(r->speed_kmh) && (pl_annotations_get(&r->annotations, "speed_m_s", value) ||
				     pl_annotations_get(&r->annotations, "speed_source", value)))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "annotations: %s: speed_kmh says that already; give one of "
				    "them",
				    pl_annotations_get(&r->annotations, "speed_m_s", value)
					    ? "speed_m_s"
					    : "speed_source");
	return check_annotations(r, err);
}

static int begin(struct pl_daemon *d, const struct pl_request *r, struct pl_error *err)
{
	const struct pl_protocol *p = pl_protocols_find(&d->config->protocols, r->protocol, err);
	struct pl_visit_setup s = {.body_mass_kg = r->body_mass_kg, .annotations = r->annotations};

	if (!p || pl_config_subject(d->config, r->subject, err) || pick_mat(d, r, p, &s, err) ||
	    pick_order(r, p, &s, err) || check_annotations(r, err) || pick_pain_side(r, &s, err))
		return -1;
	if (d->stopping)
		return pl_error_set(err, PL_ESTATE, 0, "plantard is ending");
	pl_copy(s.subject, sizeof(s.subject), r->subject);
	pl_copy(s.operator_name, sizeof(s.operator_name), r->operator);
	s.continued = *r->session != '\0';
	if (s.continued)
		pl_copy(s.session_uuid, sizeof(s.session_uuid), r->session);
	else
		pl_session_uuid(s.session_uuid);
	pl_red_persons_keep(d, &s);
	if (pl_visit_begin(d->visit, p, &s, err))
		return -1;
	pl_engine_cells_reset(d->mats[pl_visit_run_mat(d)].engine);
	d->tare_lost = false;
	return 0;
}

/* Without a tare since the start of plantard. */
static const char *config_calibration(const struct pl_daemon *d)
{
	return d->config->mats[pl_visit_run_mat(d)].mat.calibration.id;
}

static int trial(struct pl_daemon *d, const struct pl_request *r, struct pl_error *err)
{
	struct pl_visit_ask ask = {
		.seconds = r->seconds, .speed_kmh = r->speed_kmh, .annotations = r->annotations};
	struct pl_engine_status s;

	if (check_trial_annotations(r, err))
		return -1;
	pl_copy(ask.approach, sizeof(ask.approach), r->approach);
	if (d->visit->state == PL_VISIT_READY) {
		/* A calibration may have expired while the protocol slept between two starts. */
		if (pl_protocol_needs_force(d->visit->protocol) &&
		    pl_calibrated_need(d, (unsigned)pl_visit_run_mat(d), d->visit->protocol->id,
				       err))
			return -1;
		pl_engine_status(d->mats[pl_visit_run_mat(d)].engine, &s);
		if (s.state != PL_STATE_RUNNING)
			return pl_error_set(err, PL_ESTATE, 0, "no frames come from %s (%s): %s",
					    d->visit->setup.mat, pl_mat_state_name(s.state),
					    s.state_text);
		d->tare_lost = d->tare_lost && strcmp(s.calibration, config_calibration(d)) == 0;
		if (d->tare_lost && pl_visit_step(d->visit)->kind != PL_STEP_TARE)
			return pl_error_set(err, PL_ESTATE, 0, PL_TARE_LOST " (plantar tare)");
		if (d->mats[pl_visit_run_mat(d)].recording && !d->visit->recording)
			return pl_error_set(err, PL_ESTATE, 0,
					    "%s is being recorded already; stop it first",
					    d->visit->setup.mat);
		if (d->mats[pl_visit_run_mat(d)].averaging)
			return pl_error_set(err, PL_EBUSY, 0,
					    "a tare or weighing of %s is under way; try again in a "
					    "second",
					    d->visit->setup.mat);
	}
	return pl_visit_trial(d->visit, &ask, err);
}

static int accept_trial(struct pl_daemon *d, const struct pl_request *r, struct pl_error *err)
{
	int side = *r->side ? pl_side_parse(r->side) : PL_SIDE_UNKNOWN;

	if (side < 0)
		return pl_error_set(err, PL_EUSAGE, 0, "side: left or right is expected");
	return pl_visit_accept(d->visit, (enum pl_side)side, r->score, err);
}

static int red_flags(struct pl_daemon *d, const struct pl_request *r, struct pl_error *err)
{
	unsigned ticked = 0;

	ticked |= r->stress_fracture ? 1u << PL_RED_STRESS_FRACTURE : 0;
	ticked |= r->numbness ? 1u << PL_RED_NUMBNESS : 0;
	ticked |= r->calf ? 1u << PL_RED_CALF : 0;
	ticked |= r->night_pain ? 1u << PL_RED_NIGHT_PAIN : 0;
	ticked |= r->not_resolving ? 1u << PL_RED_NOT_RESOLVING : 0;
	return pl_visit_red_flags(d->visit, ticked, err);
}

/* A rest may end while somebody presses the button that ends it: the same word would then leave the
 * step. */
static int next(struct pl_daemon *d, const struct pl_request *r, struct pl_error *err)
{
	const char *now = pl_visit_state_name(d->visit->state);

	if (*r->state && pl_visit_active(d->visit) && strcmp(r->state, now))
		return pl_error_set(err, PL_ESTATE, 0,
				    "next: not now, it was meant for \"%s\" and %s is at \"%s\"",
				    r->state, d->visit->protocol->id, now);
	return pl_visit_next(d->visit, err);
}

static int steer(struct pl_daemon *d, const struct pl_request *r, struct pl_error *err)
{
	switch (r->cmd) {
	case PL_CMD_PROTOCOL:
		return begin(d, r, err);
	case PL_CMD_RED_FLAGS:
		return red_flags(d, r, err);
	case PL_CMD_OVERRIDE:
		return pl_visit_override(d->visit, r->name, r->reason, err);
	case PL_CMD_TRIAL:
		return trial(d, r, err);
	case PL_CMD_ACCEPT:
		return accept_trial(d, r, err);
	case PL_CMD_REJECT:
		return pl_visit_reject(d->visit, r->reason, err);
	case PL_CMD_PAIN:
		return pl_visit_pain(d->visit, r->score, err);
	case PL_CMD_NEXT:
		return next(d, r, err);
	case PL_CMD_ABORT:
		return pl_visit_abort(d->visit, r->reason, err);
	default: /* PL_CMD_PROTOCOL_STATUS */
		return 0;
	}
}

static void write_brief(const struct pl_protocol *p, struct pl_json *j)
{
	pl_json_string(j, "protocol", p->id);
	pl_json_uint(j, "version", p->version);
	pl_json_string(j, "title", p->title);
	pl_json_bool(j, "dynamic", p->dynamic);
	pl_json_bool(j, "subject", p->subject);
	pl_json_bool(j, "body_mass", pl_protocol_needs_mass(p));
	pl_json_uint(j, "steps", p->n_steps);
}

static int list(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
		struct pl_error *err)
{
	const struct pl_protocols *all = &d->config->protocols;
	const struct pl_protocol *one =
		*r->protocol ? pl_protocols_find(all, r->protocol, err) : NULL;
	struct pl_json j;

	if (*r->protocol && !one)
		return -1;
	pl_command_start_reply(d, &j);
	pl_json_begin_array(&j, "protocols");
	for (unsigned i = 0; i < all->n; i++) {
		if (one && one != &all->list[i])
			continue;
		pl_json_begin_object(&j, NULL);
		if (one)
			pl_protocol_write(one, &j);
		else
			write_brief(&all->list[i], &j);
		pl_json_end_object(&j);
	}
	pl_json_end_array(&j);
	pl_command_send_reply(d, token, &j);
	return 0;
}

int pl_visit_run_command(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
			 struct pl_error *err)
{
	struct pl_json j;

	if (r->cmd == PL_CMD_PROTOCOLS)
		return list(d, token, r, err);
	pl_visit_run_time(d);
	pl_visit_run_look(d);
	if (steer(d, r, err)) {
		pl_visit_run_act(d);
		return -1;
	}
	pl_visit_run_act(d);
	pl_command_start_reply(d, &j);
	pl_visit_run_write(d, &j);
	pl_command_send_reply(d, token, &j);
	return 0;
}
