/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The difficulty is not to find the nearest frame but to know when it is certain, and what it means
 * that there is none. Per pad a queue holds what no joint frame took yet, and in front of it the
 * last one that was taken. The frame that follows it is taken again as long as it is within LIMIT
 * of the moment: a little more than half a period, so that two pads half a period apart do not slip
 * to and fro with every jitter of their times. Slipping costs a frame and leaves LIMIT to slip
 * back.
 */
#include "daemon/join.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/clockfit.h>

#include "daemon/wake.h"

#define LIMIT 0.625	    /* of a period: how far apart frames of one moment may be */
#define BEGIN_NS (5 * PL_S) /* so long pads may take to agree before the first joint frame */
#define DEPTH_MIN 16
#define WINDOW_NS PL_S
#define OFF_RATE 0.1
#define OFF_WINDOWS 3

struct slot {
	void *cells;
	int64_t t_est_ns, t_mono_ns;
	uint64_t lost[PL_LOSS_CAUSES]; /* right before it */
	bool resync;
	bool fresh; /* the first since the pad is there (again) */
};

struct pad {
	enum pl_presence presence;
	bool refused, aligned;
	struct pl_clockfit fit;
	double nominal_hz;
	uint64_t seq;
	int64_t newest_ns; /* estimated time of what was pushed last, INT64_MIN: nothing */
	int64_t newest_mono_ns;

	struct slot *slots; /* a ring: the one before head, if has_taken, then n that wait */
	unsigned head, n;
	bool has_taken;

	int64_t window_ns;
	uint64_t window_seq;
	bool window_open;
	double rate_hz;
	unsigned off, right; /* windows in a row whose rate is not, or is, the clock's */

	uint32_t *map; /* of its cells, in the joint mat */
	size_t n_cells;
	struct pl_join_counters counters;
};

struct pl_join {
	unsigned n_pads, depth;
	size_t cell_bytes;
	int64_t wait_ns;
	struct pad pads[PL_PARTS_MAX];
	uint8_t *memory;
	int clock;
	bool begun, handed_over, trying;
	int64_t trying_since_ns, last_est_ns, last_mono_ns;
};

/* ---- making ---- */

static int make_pad(struct pl_join *j, unsigned i, const struct pl_mat_entry *entry,
		    struct pl_error *err)
{
	const struct pl_pad_entry *e = &entry->pads[i];
	const struct pl_mat_part part = {.mat = &e->mat, .place = e->place};
	struct pad *p = &j->pads[i];

	p->n_cells = pl_geometry_cells(&e->mat.geometry);
	p->nominal_hz = e->mat.rate_hz;
	p->map = malloc(p->n_cells * sizeof(*p->map));
	p->slots = calloc(j->depth, sizeof(*p->slots));
	if (!p->map || !p->slots)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory for joining pads");
	pl_mat_place_map(&part, entry->mat.geometry.cols, p->map);
	pl_join_opened(j, i);
	p->presence = PL_PAD_EXPECTED;
	return 0;
}

/* Pages of slots that are never needed are never touched. */
static int make_slots(struct pl_join *j, struct pl_error *err)
{
	size_t bytes = 0;
	uint8_t *at;

	for (unsigned i = 0; i < j->n_pads; i++)
		bytes += (j->pads[i].n_cells * j->cell_bytes + 15) / 16 * 16 * j->depth;
	j->memory = at = malloc(bytes);
	if (!at)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory for joining pads");
	for (unsigned i = 0; i < j->n_pads; i++)
		for (unsigned k = 0; k < j->depth; k++) {
			j->pads[i].slots[k].cells = at;
			at += (j->pads[i].n_cells * j->cell_bytes + 15) / 16 * 16;
		}
	return 0;
}

struct pl_join *pl_join_new(const struct pl_mat_entry *entry, int64_t wait_ns, struct pl_error *err)
{
	struct pl_join *j = calloc(1, sizeof(*j));
	double frames = (double)wait_ns * 1e-9 * entry->mat.rate_hz;

	if (!j) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for joining pads");
		return NULL;
	}
	j->n_pads = entry->n_pads;
	j->depth = DEPTH_MIN + (unsigned)fmin(frames * 1.5, 1e5);
	j->cell_bytes = pl_dtype_size(entry->mat.dtype);
	j->wait_ns = wait_ns;
	j->clock = -1;
	for (unsigned i = 0; i < j->n_pads; i++)
		if (make_pad(j, i, entry, err)) {
			pl_join_free(j);
			return NULL;
		}
	if (make_slots(j, err)) {
		pl_join_free(j);
		return NULL;
	}
	return j;
}

void pl_join_free(struct pl_join *j)
{
	if (!j)
		return;
	for (unsigned i = 0; i < j->n_pads; i++) {
		free(j->pads[i].map);
		free(j->pads[i].slots);
	}
	free(j->memory);
	free(j);
}

/* ---- the queue of a pad ---- */

static struct slot *waiting(const struct pl_join *j, const struct pad *p, unsigned k)
{
	return &p->slots[(p->head + k) % j->depth];
}

static struct slot *taken(const struct pl_join *j, const struct pad *p)
{
	return &p->slots[(p->head + j->depth - 1) % j->depth];
}

static int pass(const struct pl_join *j, struct pad *p)
{
	int slot = (int)p->head;

	p->head = (p->head + 1) % j->depth;
	p->n--;
	p->has_taken = true;
	return slot;
}

static void skip(const struct pl_join *j, struct pad *p)
{
	pass(j, p);
	p->counters.skipped++;
}

static void forget(struct pad *p)
{
	p->counters.skipped += p->n;
	p->n = 0;
	p->has_taken = p->aligned = false;
}

static bool is_there(const struct pad *p)
{
	return p->presence == PL_PAD_PRESENT && !p->refused;
}

void pl_join_opened(struct pl_join *j, unsigned pad)
{
	struct pad *p = &j->pads[pad];

	pl_clockfit_init(&p->fit, p->nominal_hz);
	p->seq = 0;
	p->newest_ns = INT64_MIN;
	p->window_open = p->refused = false;
	p->rate_hz = 0;
	p->off = p->right = 0;
}

void pl_join_presence(struct pl_join *j, unsigned pad, enum pl_presence presence)
{
	j->pads[pad].presence = presence;
}

void *pl_join_slot(struct pl_join *j, unsigned pad)
{
	struct pad *p = &j->pads[pad];

	if (p->n + 2 > j->depth) {
		if (j->begun)
			return NULL;
		skip(j, p); /* before the first joint frame only the newest count */
	}
	return waiting(j, p, p->n)->cells;
}

/* Over a second, so that how a line bunches frames does not matter; over three, so that a computer
 * that was busy for a moment does not either. */
static void judge_rate(struct pl_join *j, struct pad *p)
{
	const struct pad *clock = j->clock >= 0 ? &j->pads[j->clock] : NULL;
	bool off;

	if (!clock || clock == p || clock->rate_hz <= 0)
		return;
	off = fabs(p->rate_hz / clock->rate_hz - 1) > OFF_RATE;
	p->off = off ? p->off + 1 : 0;
	p->right = off ? 0 : p->right + 1;
	if (!p->refused && p->off >= OFF_WINDOWS) {
		p->refused = true;
		forget(p);
	} else if (p->refused && p->right >= OFF_WINDOWS) {
		p->refused = false;
		p->presence = PL_PAD_ABSENT; /* its next frame is the first since it is there */
	}
}

static void measure(struct pl_join *j, struct pad *p, int64_t t_mono_ns)
{
	if (p->window_open && t_mono_ns - p->window_ns < WINDOW_NS)
		return;
	if (p->window_open) {
		p->rate_hz =
			(double)(p->seq - p->window_seq) * 1e9 / (double)(t_mono_ns - p->window_ns);
		judge_rate(j, p);
	}
	p->window_open = true;
	p->window_ns = t_mono_ns;
	p->window_seq = p->seq;
}

bool pl_join_push(struct pl_join *j, unsigned pad, const struct pl_raw_frame *raw,
		  int64_t t_mono_ns)
{
	struct pad *p = &j->pads[pad];
	struct slot *s = waiting(j, p, p->n);

	s->lost[PL_LOSS_DEVICE] = raw->lost_device;
	s->lost[PL_LOSS_CORRUPT] = raw->lost_corrupt;
	s->lost[PL_LOSS_OVERRUN] = raw->lost_overrun;
	s->lost[PL_LOSS_POOL] = 0;
	s->resync = raw->resync;
	p->seq += raw->lost_device + raw->lost_corrupt + raw->lost_overrun;
	s->t_mono_ns = p->newest_mono_ns = t_mono_ns;
	s->t_est_ns = p->newest_ns = pl_clockfit_push(&p->fit, raw->t_device_ns, p->seq, t_mono_ns);
	measure(j, p, t_mono_ns);
	p->seq++;
	if (p->refused) {
		p->counters.skipped++;
		return false;
	}
	s->fresh = p->presence != PL_PAD_PRESENT;
	if (s->fresh)
		p->aligned = false;
	p->presence = PL_PAD_PRESENT;
	p->n++;
	return true;
}

int pl_join_furthest_behind(const struct pl_join *j, unsigned mask)
{
	int found = -1;

	for (unsigned i = 0; i < j->n_pads; i++) {
		const struct pad *p = &j->pads[i];

		if (!(mask & 1u << i) || (j->begun && p->n + 2 > j->depth))
			continue;
		if (found < 0 || p->newest_ns < j->pads[found].newest_ns)
			found = (int)i;
	}
	return found;
}

/* ---- the clock ---- */

/* The first pad that is there; a refused one only if there is no other. */
static int choose_clock(const struct pl_join *j)
{
	int refused = -1;

	for (unsigned i = j->n_pads; i-- > 0;)
		if (j->pads[i].presence == PL_PAD_PRESENT && j->pads[i].refused)
			refused = (int)i;
	for (unsigned i = 0; i < j->n_pads; i++)
		if (is_there(&j->pads[i]))
			return (int)i;
	return refused;
}

static void change_clock(struct pl_join *j)
{
	j->clock = choose_clock(j);
	j->handed_over = j->begun;
	if (j->clock < 0) { /* nobody is there: what comes next is another epoch */
		j->begun = j->trying = false;
		for (unsigned i = 0; i < j->n_pads; i++)
			forget(&j->pads[i]);
		return;
	}
	for (unsigned i = 0; i < j->n_pads; i++) {
		j->pads[i].aligned = false;
		j->pads[i].off = j->pads[i].right = 0;
	}
	j->pads[j->clock].refused = false;
}

static double period_ns(const struct pl_join *j)
{
	const struct pad *clock = &j->pads[j->clock];

	return 1e9 / (clock->rate_hz > 0 ? clock->rate_hz : clock->nominal_hz);
}

static bool somebody_is_expected(const struct pl_join *j)
{
	for (unsigned i = 0; i < j->n_pads; i++)
		if (j->pads[i].presence == PL_PAD_EXPECTED)
			return true;
	return false;
}

/* Is there a frame of the clock, and is it a new moment? */
static bool have_moment(struct pl_join *j)
{
	for (;;) {
		struct pad *clock;

		if (j->clock < 0 || (!j->pads[j->clock].n && !is_there(&j->pads[j->clock])))
			change_clock(j);
		if (j->clock < 0 || !j->pads[j->clock].n || (!j->begun && somebody_is_expected(j)))
			return false;
		clock = &j->pads[j->clock];
		if (!j->handed_over ||
		    (double)(waiting(j, clock, 0)->t_est_ns - j->last_est_ns) > period_ns(j) / 2)
			return true;
		skip(j, clock); /* the one that was the clock had a frame of this moment */
	}
}

/* ---- one moment ---- */

enum verdict { WAIT, TAKE, HOLD, MISSING, LOST };

static bool loss_before(const struct slot *s, enum pl_loss *cause)
{
	for (int i = 0; i < PL_LOSS_CAUSES; i++)
		if (s->lost[i]) {
			*cause = (enum pl_loss)i;
			return true;
		}
	*cause = PL_LOSS_DEVICE; /* it sent nothing, and nobody knows why */
	return false;
}

/* Its nearest frame is not yet known while the one behind might be nearer. */
static bool align(const struct pl_join *j, struct pad *p, int64_t t_ns)
{
	while (!p->aligned && p->n >= 2 &&
	       llabs(waiting(j, p, 1)->t_est_ns - t_ns) < llabs(waiting(j, p, 0)->t_est_ns - t_ns))
		skip(j, p);
	return p->aligned || p->n >= 2 || !is_there(p);
}

/* Has a pad gone on sending for so long after this moment that a frame of it will not come? Then
 * its times are not known well yet: its rate is not what its mat file says. */
static bool passed_by(const struct pl_join *j, const struct pad *p, enum pl_loss *cause)
{
	*cause = PL_LOSS_DEVICE;
	return p->newest_mono_ns - waiting(j, &j->pads[j->clock], 0)->t_mono_ns > j->wait_ns;
}

static enum verdict judge(const struct pl_join *j, struct pad *p, int64_t t_ns, double limit_ns,
			  enum pl_loss *cause)
{
	const struct slot *s;

	while (p->n && (double)(waiting(j, p, 0)->t_est_ns - t_ns) < -limit_ns)
		skip(j, p);
	if (!p->n && !is_there(p))
		return MISSING;
	if (!p->n)
		return passed_by(j, p, cause) ? LOST : WAIT;
	s = waiting(j, p, 0);
	if ((double)(s->t_est_ns - t_ns) <= limit_ns)
		return align(j, p, t_ns) ? TAKE : WAIT;
	if (s->fresh)
		return j->begun ? MISSING : LOST;
	if (!loss_before(s, cause) && p->has_taken &&
	    (double)(t_ns - taken(j, p)->t_est_ns) <= limit_ns)
		return HOLD;
	return LOST;
}

static void take_part(struct pl_join *j, unsigned i, enum verdict verdict, enum pl_loss cause,
		      struct pl_joint *out)
{
	struct pad *p = &j->pads[i];
	struct slot *s = waiting(j, p, 0);

	switch (verdict) {
	case TAKE:
		p->aligned = true;
		out->resync |= s->resync;
		p->counters.joined += !out->lost;
		p->counters.skipped += out->lost;
		out->part[i] = pass(j, p);
		break;
	case HOLD:
		p->counters.held += !out->lost;
		out->flags |= PL_FLAG_HELD;
		s = taken(j, p);
		out->part[i] = (int)(s - p->slots);
		break;
	case LOST:
		p->counters.spoilt++;
		if (p->n)
			s->lost[cause] -= s->lost[cause] > 0;
		return;
	default:
		p->counters.missing += !out->lost;
		out->flags |= PL_FLAG_PARTIAL | PL_FLAG_PAD(i);
		return;
	}
	if (s->t_mono_ns > out->t_mono_ns)
		out->t_mono_ns = s->t_mono_ns;
}

/* Before the first joint frame moments that do not fit are dropped: pads began at different times,
 * and their clocks are not known well yet. Not for ever, though. */
static bool drop_moment(struct pl_join *j, int64_t t_ns, bool any_lost)
{
	if (j->begun || !any_lost)
		return false;
	if (!j->trying)
		j->trying_since_ns = t_ns;
	j->trying = true;
	if (t_ns - j->trying_since_ns > BEGIN_NS)
		return false;
	skip(j, &j->pads[j->clock]);
	return true;
}

static void settle(struct pl_join *j, const enum verdict *verdict, const enum pl_loss *cause,
		   struct pl_joint *out)
{
	struct slot *moment = waiting(j, &j->pads[j->clock], 0);

	*out = (struct pl_joint){.begins = !j->begun,
				 .t_est_ns = moment->t_est_ns,
				 .t_mono_ns = j->begun ? j->last_mono_ns : INT64_MIN};
	for (unsigned i = 0; i < j->n_pads; i++)
		out->part[i] = -1;
	if (j->begun)
		memcpy(out->lost_by, moment->lost, sizeof(out->lost_by));
	for (unsigned i = 0; i < j->n_pads && !out->lost; i++)
		if (verdict[i] == LOST) { /* one frame, whoever else lost it as well */
			out->lost = true;
			out->lost_by[cause[i]]++;
		}
	for (unsigned i = 0; i < j->n_pads; i++)
		take_part(j, i, verdict[i], cause[i], out);
	j->begun = true;
	j->handed_over = false;
	j->last_est_ns = out->t_est_ns;
	j->last_mono_ns = out->t_mono_ns;
}

bool pl_join_next(struct pl_join *j, struct pl_joint *out)
{
	while (have_moment(j)) {
		enum verdict verdict[PL_PARTS_MAX];
		enum pl_loss cause[PL_PARTS_MAX];
		int64_t t_ns = waiting(j, &j->pads[j->clock], 0)->t_est_ns;
		bool any_lost = false, all_known = true;

		for (unsigned i = 0; i < j->n_pads; i++) {
			verdict[i] = (int)i == j->clock ? TAKE
							: judge(j, &j->pads[i], t_ns,
								LIMIT * period_ns(j), &cause[i]);
			all_known &= verdict[i] != WAIT;
			any_lost |= verdict[i] == LOST;
		}
		if (!all_known)
			return false;
		if (drop_moment(j, t_ns, any_lost))
			continue;
		settle(j, verdict, cause, out);
		return true;
	}
	return false;
}

/* ---- cells ---- */

#define SCATTER(type)                                                   \
	do {                                                            \
		const type *from_cells = from;                          \
		type *to_cells = to;                                    \
		for (size_t i = 0; i < p->n_cells; i++)                 \
			to_cells[p->map[i]] = from ? from_cells[i] : 0; \
	} while (0)

/* from: the pad's cells, NULL: it is missing. */
static void scatter(const struct pad *p, size_t cell_bytes, const void *from, void *to)
{
	switch (cell_bytes) {
	case 1:
		SCATTER(uint8_t);
		break;
	case 2:
		SCATTER(uint16_t);
		break;
	case 4:
		SCATTER(uint32_t);
		break;
	default:
		SCATTER(uint64_t);
	}
}

void pl_join_cells(const struct pl_join *j, const struct pl_joint *joint, void *cells)
{
	for (unsigned i = 0; i < j->n_pads; i++) {
		const struct pad *p = &j->pads[i];

		scatter(p, j->cell_bytes,
			joint->part[i] >= 0 ? p->slots[joint->part[i]].cells : NULL, cells);
	}
}

/* ---- what others ask ---- */

int pl_join_clock(const struct pl_join *j)
{
	return j->begun ? j->clock : -1;
}

double pl_join_rate_hz(const struct pl_join *j, unsigned pad)
{
	return j->pads[pad].rate_hz;
}

bool pl_join_refused(const struct pl_join *j, unsigned pad)
{
	return j->pads[pad].refused;
}

const struct pl_join_counters *pl_join_counters(const struct pl_join *j, unsigned pad)
{
	return &j->pads[pad].counters;
}
