/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One door to all decoders: the table of protocols, the checks and counters that are the same for
 * each, and the small arithmetic of counters and gaps that several of them need.
 */
#include "drivers/decode/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/calibration.h>

#include "drivers/decode/protocols.h"

static const struct pl_decoder_ops *const decoders[] = {
	&pl_pmp_decoder,     &pl_matrix_decoder,   &pl_fisica_decoder,	&pl_jq_decoder,
	&pl_phidget_decoder, &pl_takktile_decoder, &pl_vernier_decoder, &pl_stepmaniax_decoder,
};
static const char *const names[] = {"pmp",     "matrix",   "fisica",  "jq", /* same order */
				    "phidget", "takktile", "vernier", "stepmaniax", NULL};

#define N_DECODERS (sizeof(decoders) / sizeof(decoders[0]))
_Static_assert(sizeof(names) / sizeof(names[0]) == N_DECODERS + 1, "a name each");

struct pl_decoder {
	const struct pl_decoder_ops *ops;
	struct pl_decode_stats stats;
	_Alignas(max_align_t) uint8_t state[];
};

int pl_protocol_unknown(struct pl_error *err, const char *protocol)
{
	char valid[128];
	size_t n = 0;

	valid[0] = '\0';
	for (size_t i = 0; i < N_DECODERS && n < sizeof(valid); i++)
		n += (size_t)snprintf(valid + n, sizeof(valid) - n, "%s%s", i ? ", " : "",
				      names[i]);
	return pl_error_set(err, PL_ECONFIG, 0, "protocol: unknown \"%s\"; valid: %s",
			    protocol ? protocol : "", valid);
}

const char *const *pl_decoder_protocols(void)
{
	return names;
}

static const struct pl_decoder_ops *find(const char *protocol)
{
	for (size_t i = 0; protocol && i < N_DECODERS; i++)
		if (!strcmp(decoders[i]->protocol, protocol))
			return decoders[i];
	return NULL;
}

bool pl_decoder_packets(const char *protocol)
{
	const struct pl_decoder_ops *ops = find(protocol);

	return ops && ops->packets;
}

struct pl_decoder *pl_decoder_new(const struct pl_decoder_config *config, struct pl_error *err)
{
	const struct pl_decoder_ops *ops = find(config->protocol);
	struct pl_decoder *d;

	if (!ops) {
		pl_protocol_unknown(err, config->protocol);
		return NULL;
	}
	if (ops->pick)
		ops = ops->pick(config);
	if (config->rows < 1 || config->rows > PL_SIDE_MAX || config->cols < 1 ||
	    config->cols > PL_SIDE_MAX) {
		pl_error_set(err, PL_ECONFIG, 0, "rows, cols: must be 1..512");
		return NULL;
	}
	if ((unsigned)config->dtype > PL_F32) {
		pl_error_set(err, PL_ECONFIG, 0, "dtype: not a type that frames can have");
		return NULL;
	}
	d = calloc(1, sizeof(*d) + ops->state_size(config));
	if (!d) {
		pl_error_set(err, PL_ENOMEM, 0, "out of memory for a %s decoder", ops->protocol);
		return NULL;
	}
	d->ops = ops;
	if (ops->init(d->state, config, err)) {
		free(d);
		return NULL;
	}
	ops->reset(d->state);
	return d;
}

void pl_decoder_free(struct pl_decoder *d)
{
	free(d);
}

void pl_decoder_reset(struct pl_decoder *d)
{
	d->ops->reset(d->state);
}

void pl_decoder_skip(struct pl_decoder *d, uint64_t lost_bytes)
{
	if (lost_bytes)
		d->ops->skip(d->state, lost_bytes);
}

size_t pl_decoder_feed(struct pl_decoder *d, const uint8_t *bytes, size_t n, int64_t t_mono_ns,
		       struct pl_raw_frame *frame, bool *got)
{
	size_t used;

	*got = false;
	frame->device_seq = -1;
	frame->t_device_ns = INT64_MIN;
	frame->lost_device = frame->lost_corrupt = frame->lost_overrun = 0;
	frame->resync = false;
	used = d->ops->feed(d->state, bytes, n, t_mono_ns, frame, got, &d->stats);
	d->stats.bytes += used;
	if (*got) {
		d->stats.frames++;
		d->stats.lost_device += frame->lost_device;
		d->stats.lost_corrupt += frame->lost_corrupt;
		d->stats.lost_overrun += frame->lost_overrun;
	}
	return used;
}

void pl_decoder_tick(struct pl_decoder *d, int64_t now_ns, struct pl_tx *tx, int64_t *deadline_ns)
{
	tx->n = 0;
	*deadline_ns = INT64_MAX;
	d->ops->tick(d->state, now_ns, tx, deadline_ns);
}

void pl_decoder_stop(struct pl_decoder *d, struct pl_tx *tx)
{
	tx->n = 0;
	if (d->ops->stop)
		d->ops->stop(d->state, tx);
}

bool pl_decoder_text(struct pl_decoder *d, struct pl_device_text *text)
{
	return d->ops->text && d->ops->text(d->state, text);
}

size_t pl_decoder_need(const struct pl_decoder *d)
{
	size_t need = d->ops->need ? d->ops->need(d->state) : 1;

	return need ? need : 1;
}

const struct pl_decode_stats *pl_decoder_stats(const struct pl_decoder *d)
{
	return &d->stats;
}

enum pl_step pl_counter_step_lost(struct pl_counter *c, uint32_t value, uint64_t lost,
				  uint64_t *missing)
{
	uint64_t mask = c->bits == 32 ? UINT32_MAX : (UINT64_C(1) << c->bits) - 1, turn = mask + 1;
	uint64_t ahead = (value - c->last) & mask;
	enum pl_step step = PL_STEP_FORWARD;

	*missing = 0;
	if (lost >= ahead) /* whole turns, to the nearest */
		ahead += (lost + 1 - ahead + turn / 2) / turn * turn;
	if (!c->known) {
		c->unwrapped = (int64_t)(value & mask);
		step = PL_STEP_FIRST;
	} else if (ahead == 0) {
		return PL_STEP_SAME;
	} else if (c->bits > 8 && ahead > mask / 2 && lost < ahead / 2) {
		c->unwrapped++;
		step = PL_STEP_RESTART;
	} else {
		*missing = ahead - 1;
		c->unwrapped += (int64_t)ahead;
	}
	c->known = true;
	c->last = (uint32_t)(value & mask);
	return step;
}

enum pl_step pl_counter_step(struct pl_counter *c, uint32_t value, uint64_t *missing)
{
	return pl_counter_step_lost(c, value, 0, missing);
}

void pl_share_gap(struct pl_raw_frame *frame, uint64_t missing, bool overrun, uint64_t bad)
{
	if (overrun) {
		frame->lost_overrun = missing;
		return;
	}
	frame->lost_corrupt = bad < missing ? bad : missing;
	frame->lost_device = missing - frame->lost_corrupt;
}

bool pl_cells_finite(enum pl_dtype dtype, const void *cells, size_t n)
{
	const uint8_t *at = cells;
	uint32_t exponent = 0x7F800000u, bits;

	if (dtype != PL_F32)
		return true;
	for (size_t i = 0; i < n; i++) {
		memcpy(&bits, at + 4 * i, 4);
		if ((bits & exponent) == exponent)
			return false;
	}
	return true;
}
