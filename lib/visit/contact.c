/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trial begins when a foot comes and ends when the mat stays empty, and an operator has seconds
 * to decide whether it counts. So what the frames say is summed as they come. Which foot it was is
 * not known in the first frames of a contact, and a side that shows up for a few frames only is a
 * mistake of those: the strikes of a contact are settled when it ends, and a side with less than a
 * fifth of the contact's impulse has none.
 */
#include <math.h>
#include <string.h>

#include <plantar/contact.h>

#define SHARE_MIN 0.2

void pl_contact_reset(struct pl_contact *c, double contact_n, bool clear_first)
{
	*c = (struct pl_contact){.contact_n = contact_n, .occupied = clear_first};
}

static void contact_strikes(const struct pl_contact *c, unsigned strikes[3])
{
	double total = c->impulse[0] + c->impulse[1] + c->impulse[2];
	bool known = false;

	for (int side = PL_SIDE_LEFT; side <= PL_SIDE_RIGHT; side++) {
		if (!(c->impulse[side] >= SHARE_MIN * total) || c->onsets[side] == 0)
			continue;
		strikes[side] += c->onsets[side];
		known = true;
	}
	if (!known)
		strikes[PL_SIDE_UNKNOWN] +=
			c->onsets[PL_SIDE_UNKNOWN] ? c->onsets[PL_SIDE_UNKNOWN] : 1;
}

static void end_contact(struct pl_contact *c, int64_t t_ns)
{
	contact_strikes(c, c->strikes);
	c->on = false;
	c->off_ns = t_ns;
	memset(c->side_on, 0, sizeof(c->side_on));
	memset(c->onsets, 0, sizeof(c->onsets));
	memset(c->impulse, 0, sizeof(c->impulse));
}

static void push_side(struct pl_contact *c, int side, double force_n)
{
	c->side_sum_n[side] += force_n;
	c->impulse[side] += force_n;
	if (!c->side_on[side] && force_n >= c->contact_n) {
		c->side_on[side] = true;
		c->onsets[side]++;
	} else if (c->side_on[side] && force_n < c->contact_n / 2) {
		c->side_on[side] = false;
	}
}

static double zero_if_nan(double x)
{
	return isnan(x) ? 0 : x;
}

void pl_contact_push(struct pl_contact *c, const struct pl_contact_frame *f)
{
	double force_n = zero_if_nan(f->force_n);

	/* The first frame says LOST for what was before the trial. */
	if ((c->any && (f->epoch != c->epoch || f->flags & (PL_FLAG_LOST | PL_FLAG_EPOCH))) ||
	    f->flags & PL_FLAG_PARTIAL) /* a pad of the mat is missing: what it bears is unknown */
		c->holes++;
	c->any = true;
	c->epoch = f->epoch;
	c->last_ns = f->t_ns;
	if (c->occupied && force_n >= c->contact_n / 2)
		return;
	c->occupied = false;
	c->frames++;
	c->saturated += (f->flags & PL_FLAG_SATURATED) != 0;
	if (!c->on && force_n >= c->contact_n) {
		c->on = true;
		c->off_ns = 0;
		if (c->first_on_ns == 0)
			c->first_on_ns = f->t_ns;
	} else if (c->on && force_n < c->contact_n / 2) {
		end_contact(c, f->t_ns);
	}
	if (!c->on) {
		c->empty_sum_n += force_n;
		return;
	}
	c->loaded++;
	c->loaded_sum_n += force_n;
	c->edge += (f->flags & PL_FLAG_EDGE) != 0;
	c->feet[f->feet < 3 ? f->feet : 3]++;
	for (int side = 0; side < 3; side++)
		push_side(c, side, zero_if_nan(f->side_n[side]));
}

void pl_contact_strikes(const struct pl_contact *c, unsigned strikes[3])
{
	memcpy(strikes, c->strikes, sizeof(c->strikes));
	if (c->on)
		contact_strikes(c, strikes);
}

double pl_contact_mean_n(const struct pl_contact *c)
{
	return c->loaded ? c->loaded_sum_n / (double)c->loaded : (double)NAN;
}

double pl_contact_empty_n(const struct pl_contact *c)
{
	uint64_t empty = c->frames - c->loaded;

	return empty ? c->empty_sum_n / (double)empty : (double)NAN;
}
