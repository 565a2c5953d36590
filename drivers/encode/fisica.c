/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Fisica scale: the greatest cell is 255, the others in proportion, and the weight beside it.
 * Every command is agreed to, ahead of the next frame.
 */
#include <math.h>
#include <string.h>

#include "drivers/encode/protocols.h"

#define CELLS (29 * 22)
#define FRAME 645
#define REPLY 8
#define REPLIES_MAX 8
#define GRAVITY 9.80665

struct fisica {
	enum pl_dtype dtype;
	uint8_t replies[REPLIES_MAX][REPLY];
	unsigned n_replies;
};

static size_t fisica_state_size(const struct pl_decoder_config *config)
{
	(void)config;
	return sizeof(struct fisica);
}

static int fisica_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	if ((size_t)config->rows * config->cols != CELLS)
		return pl_error_set(err, PL_ECONFIG, 0, "fisica: 29 x 22 cells");
	((struct fisica *)state)->dtype = config->dtype;
	return 0;
}

static size_t fisica_max(const void *state)
{
	(void)state;
	return FRAME + REPLIES_MAX * REPLY;
}

static void fisica_receive(void *state, const uint8_t *bytes, size_t n)
{
	struct fisica *f = state;

	for (; n >= REPLY && f->n_replies < REPLIES_MAX; n -= REPLY, bytes += REPLY) {
		memcpy(f->replies[f->n_replies], bytes, REPLY);
		f->replies[f->n_replies][3] = 1;
		f->replies[f->n_replies++][5] = bytes[2] == 'G' ? 1 : bytes[5]; /* a unit of kg */
	}
}

/* Returns the weight field. */
static unsigned put_f32(const float *cells, uint8_t *out)
{
	double sum = 0, most = 0, weight;

	for (size_t i = 0; i < CELLS; i++) {
		sum += fmax(cells[i], 0);
		most = fmax(most, cells[i]);
	}
	for (size_t i = 0; i < CELLS; i++)
		out[i] = most > 0 ? (uint8_t)lrint(255 * fmax(cells[i], 0) / most) : 0;
	weight = rint(10 * sum / GRAVITY);
	return weight < UINT16_MAX ? (unsigned)weight : UINT16_MAX;
}

static size_t fisica_frame(void *state, const void *cells, uint64_t seq, int64_t t_device_ns,
			   uint8_t *out)
{
	struct fisica *f = state;
	size_t n = (size_t)f->n_replies * REPLY;
	uint8_t *p = out + n;
	unsigned weight = 700;

	(void)seq;
	(void)t_device_ns;
	memcpy(out, f->replies, n);
	f->n_replies = 0;
	memset(p, 0, FRAME);
	if (f->dtype == PL_F32)
		weight = put_f32(cells, p + 1);
	else
		memcpy(p + 1, cells, CELLS);
	p[641] = (uint8_t)(weight >> 8);
	p[642] = (uint8_t)weight;
	p[643] = 0xF0;
	p[644] = 0x0F;
	return n + FRAME;
}

const struct pl_encoder_ops pl_fisica_encoder = {
	.protocol = "fisica",
	.state_size = fisica_state_size,
	.init = fisica_init,
	.max = fisica_max,
	.frame = fisica_frame,
	.receive = fisica_receive,
};
