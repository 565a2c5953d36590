/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Estimated times find out which frames belong together; after that it is counted. Times alone
 * would make a hole, or a frame twice, of every moment in which a busy computer, or a fit that
 * begins anew, lets one pad's times jump. So per pad a queue holds what no joint frame took yet, in
 * front of it the last one that was taken, and a lead: how many frames its count is ahead of the
 * clock's. How far apart the frames so paired are is watched, and the lead is moved by one when
 * that is, smoothed, more than LIMIT: a little more than half a period, so that two pads half a
 * period apart do not slip to and fro. Only where the times contradict the count for a second is it
 * looked for anew.
 */
#include "daemon/join.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/clockfit.h>

#include "daemon/wake.h"

#define LIMIT 0.625	     /* of a period: how far apart frames of one moment may be */
#define SMOOTH 16	     /* frames over which that is judged */
#define ASTRAY 2.0	     /* periods: the count cannot be right */
#define ASTRAY_NS (3 * PL_S) /* longer than times of a busy computer can be wrong */
#define BEGIN_NS (5 * PL_S)  /* so long pads may take to agree before the first joint frame */
#define SETTLE_NS (500 * PL_MS)
#define DEPTH_MIN 16
#define WINDOW_NS PL_S
#define OFF_RATE 0.1
#define OFF_WINDOWS 4

struct slot {
	void *cells;
	int64_t seq; /* of the pad's, lost ones counted */
	int64_t t_est_ns, t_mono_ns;
	uint64_t lost[PL_LOSS_CAUSES]; /* right before it */
	bool resync;
	bool fresh; /* the first since the pad is there (again) */
};

struct pad {
	enum pl_presence presence;
	bool refused, aligned;
	int64_t lead;	   /* of its seq over the clock's; if aligned */
	double apart_ns;   /* how much later it is sampled, smoothed */
	int64_t astray_ns; /* since when that is contradicted, 0: it is not */
	struct pl_clockfit fit;
	double nominal_hz;
	int64_t seq;
	double period_ns;
	int64_t newest_ns; /* estimated time of what was pushed last, INT64_MIN: nothing */
	int64_t newest_mono_ns, settled_ns;

	struct slot *slots; /* a ring: the one before head, if has_taken, then n that wait */
	unsigned head, n;
	bool has_taken;

	bool window_open; /* it had a frame when the window began: the last before it */
	int64_t window_ns;
	int64_t window_seq;
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
	bool window_open;
	int64_t window_ns;
	struct pad pads[PL_PARTS_MAX];
	uint8_t *memory;
	int clock;
	int reference; /* the pad against whose count those of the others are kept; -1: none yet */
	bool begun, trying;
	bool handed_over, by_count; /* and where the new clock goes on is known by its count */
	int64_t last_seq;	    /* of the reference, taken last */
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
	j->clock = j->reference = -1;
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
	/* When nobody was there any more, what comes is another epoch. While pads were silent but
	 * connected it is not: as for a mat of one source. */
	if (j->clock < 0)
		j->begun = j->trying = false;
	forget(p); /* it counts anew */
	p->presence = PL_PAD_EXPECTED;
	p->seq = 0;
	p->period_ns = 1e9 / p->nominal_hz;
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

/* By estimated times and by those of arrival: either can be wrong for seconds on a busy computer,
 * which must not part pads that are alike. */
static void judge_rate(struct pl_join *j, struct pad *p)
{
	const struct pad *clock = j->clock >= 0 ? &j->pads[j->clock] : NULL;
	bool off;

	if (!clock || clock == p || clock->rate_hz <= 0 || p->rate_hz <= 0)
		return;
	off = fabs(clock->period_ns / p->period_ns - 1) > OFF_RATE &&
	      fabs(p->rate_hz / clock->rate_hz - 1) > OFF_RATE;
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

/* Each pad's rate between its own first and last frame of the same second for all of them, so that
 * neither how a line bunches frames matters, nor a pause of all. */
static void measure(struct pl_join *j, int64_t t_mono_ns)
{
	if (j->window_open && t_mono_ns - j->window_ns < WINDOW_NS)
		return;
	for (unsigned i = 0; i < j->n_pads; i++) {
		struct pad *p = &j->pads[i];
		bool went_on = j->window_open && p->window_open && p->presence == PL_PAD_PRESENT &&
			       p->newest_mono_ns > p->window_ns;

		if (went_on)
			p->rate_hz = (double)(p->seq - p->window_seq) * 1e9 /
				     (double)(p->newest_mono_ns - p->window_ns);
	}
	for (unsigned i = 0; i < j->n_pads; i++) {
		struct pad *p = &j->pads[i];

		if (j->window_open && p->window_open && p->presence == PL_PAD_PRESENT)
			judge_rate(j, p);
		p->window_open = p->newest_ns != INT64_MIN;
		p->window_ns = p->newest_mono_ns;
		p->window_seq = p->seq;
	}
	j->window_open = true;
	j->window_ns = t_mono_ns;
}

/* From frame to frame by its times, whatever these jump by now and then. */
static void measure_period(struct pad *p, const struct slot *s)
{
	double lost = (double)(s->lost[PL_LOSS_DEVICE] + s->lost[PL_LOSS_CORRUPT] +
			       s->lost[PL_LOSS_OVERRUN]);
	double ns = p->newest_ns == INT64_MIN ? p->period_ns
					      : (double)(s->t_est_ns - p->newest_ns) / (lost + 1);

	p->period_ns += (fmax(p->period_ns / 2, fmin(p->period_ns * 2, ns)) - p->period_ns) /
			fmax(SMOOTH, fmin(p->nominal_hz, 128)); /* about a second */
}

/* What lay in the line when it was opened comes all at once, and seems to be of now. */
static bool settles(struct pad *p, int64_t t_mono_ns)
{
	if (p->newest_ns == INT64_MIN)
		p->settled_ns = t_mono_ns + SETTLE_NS;
	return t_mono_ns < p->settled_ns;
}

enum pl_pushed pl_join_push(struct pl_join *j, unsigned pad, const struct pl_raw_frame *raw,
			    int64_t t_mono_ns)
{
	struct pad *p = &j->pads[pad];
	struct slot *s = waiting(j, p, p->n);
	bool early = settles(p, t_mono_ns);

	s->lost[PL_LOSS_DEVICE] = raw->lost_device;
	s->lost[PL_LOSS_CORRUPT] = raw->lost_corrupt;
	s->lost[PL_LOSS_OVERRUN] = raw->lost_overrun;
	s->lost[PL_LOSS_POOL] = 0;
	s->resync = raw->resync;
	p->seq += (int64_t)(raw->lost_device + raw->lost_corrupt + raw->lost_overrun);
	s->t_mono_ns = p->newest_mono_ns = t_mono_ns;
	s->seq = p->seq;
	s->t_est_ns = pl_clockfit_push(&p->fit, raw->t_device_ns, (uint64_t)p->seq, t_mono_ns);
	measure_period(p, s);
	p->newest_ns = s->t_est_ns;
	p->seq++;
	measure(j, t_mono_ns);
	if (p->refused || early) {
		p->counters.skipped++;
		return early ? PL_PUSH_SETTLES : PL_PUSH_REFUSED;
	}
	s->fresh = p->presence != PL_PAD_PRESENT;
	if (s->fresh &&
	    raw->device_seq < 0) /* silence is not counted: where it goes on is unknown */
		p->aligned = false;
	p->presence = PL_PAD_PRESENT;
	p->n++;
	return PL_PUSHED;
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

/* Counts were kept against that of old: now against that of the new clock. */
static void rebase(struct pl_join *j, unsigned old, const struct pad *clock)
{
	int64_t lead = clock->lead;
	double apart_ns = clock->apart_ns;

	for (unsigned i = 0; i < j->n_pads; i++) {
		struct pad *p = &j->pads[i];

		p->lead = i == old ? -lead : p->lead - lead;
		p->apart_ns = i == old ? -apart_ns : p->apart_ns - apart_ns;
	}
	j->last_seq += lead;
}

static void change_clock(struct pl_join *j)
{
	int old = j->reference;
	struct pad *clock;

	j->clock = choose_clock(j);
	for (unsigned i = 0; i < j->n_pads && j->clock < 0; i++) { /* nobody is there */
		j->pads[i].counters.skipped += j->pads[i].n;
		j->pads[i].n = 0;
		j->pads[i].has_taken = false;
	}
	if (j->clock < 0)
		return;
	clock = &j->pads[j->clock];
	j->handed_over = j->begun;
	j->by_count = j->begun && old >= 0 && clock->aligned;
	if (j->by_count && old != j->clock)
		rebase(j, (unsigned)old, clock);
	for (unsigned i = 0; i < j->n_pads; i++) {
		j->pads[i].aligned &= j->by_count;
		j->pads[i].off = j->pads[i].right = 0;
	}
	clock->aligned = true;
	clock->refused = false;
	j->reference = j->clock;
}

static double period_ns(const struct pl_join *j)
{
	return j->pads[j->clock].period_ns;
}

static bool somebody_is_expected(const struct pl_join *j)
{
	for (unsigned i = 0; i < j->n_pads; i++)
		if (j->pads[i].presence == PL_PAD_EXPECTED)
			return true;
	return false;
}

/* After another pad was the clock. */
static bool is_new(const struct pl_join *j, const struct slot *s)
{
	if (j->by_count)
		return s->seq > j->last_seq;
	return (double)(s->t_est_ns - j->last_est_ns) > period_ns(j) / 2;
}

/* Is there a frame of the clock, and is it a new moment? */
static bool have_moment(struct pl_join *j)
{
	for (;;) {
		struct pad *clock;

		if (j->clock < 0 || (!j->begun && choose_clock(j) != j->clock) ||
		    (!j->pads[j->clock].n && !is_there(&j->pads[j->clock])))
			change_clock(j);
		if (j->clock < 0 || !j->pads[j->clock].n || (!j->begun && somebody_is_expected(j)))
			return false;
		clock = &j->pads[j->clock];
		if (!j->handed_over || is_new(j, waiting(j, clock, 0)))
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

static double later_ns(const struct slot *s, const struct slot *moment)
{
	return (double)(s->t_est_ns - moment->t_est_ns);
}

/* By times: the nearest frame, which is not known while the one behind might be nearer. */
static enum verdict align(const struct pl_join *j, struct pad *p, const struct slot *moment,
			  enum pl_loss *cause)
{
	double limit_ns = LIMIT * period_ns(j);
	const struct slot *s;

	while (p->n >= 2 &&
	       fabs(later_ns(waiting(j, p, 1), moment)) <= fabs(later_ns(waiting(j, p, 0), moment)))
		skip(j, p);
	if (!p->n)
		return is_there(p) ? WAIT : MISSING;
	s = waiting(j, p, 0);
	if (later_ns(s, moment) <= limit_ns && p->n < 2 && is_there(p))
		return WAIT;
	if (fabs(later_ns(s, moment)) <= limit_ns)
		return TAKE;
	if (j->begun && (s->fresh || !is_there(p)))
		return MISSING;
	if (!loss_before(s, cause) && p->has_taken &&
	    fabs(later_ns(taken(j, p), moment)) <= ASTRAY * period_ns(j))
		return HOLD;
	return LOST;
}

/* By count. */
static enum verdict judge(const struct pl_join *j, struct pad *p, const struct slot *moment,
			  enum pl_loss *cause)
{
	int64_t seq = moment->seq + p->lead;

	if (!p->aligned)
		return align(j, p, moment, cause);
	if (p->has_taken && taken(j, p)->seq == seq)
		return HOLD;
	while (p->n && waiting(j, p, 0)->seq < seq)
		skip(j, p);
	if (!p->n)
		return is_there(p) ? WAIT : MISSING;
	if (waiting(j, p, 0)->seq == seq)
		return TAKE;
	if (waiting(j, p, 0)->fresh)
		return MISSING;
	loss_before(waiting(j, p, 0), cause);
	return LOST;
}

/* Two that were taken together: are they still nearest to each other? */
static void watch_phase(struct pl_join *j, struct pad *p, const struct slot *s,
			const struct slot *moment)
{
	double period = period_ns(j), apart = later_ns(s, moment);

	if (!p->aligned) {
		p->aligned = true;
		p->lead = s->seq - moment->seq;
		p->apart_ns = apart;
		p->astray_ns = 0;
		return;
	}
	if (fabs(apart - p->apart_ns) > ASTRAY * period) {
		if (p->astray_ns == 0)
			p->astray_ns = moment->t_mono_ns;
		else if (moment->t_mono_ns - p->astray_ns > ASTRAY_NS)
			p->aligned = false;
		return;
	}
	p->astray_ns = 0;
	p->apart_ns += fmax(-period / 2, fmin(period / 2, apart - p->apart_ns)) / SMOOTH;
	if (p->apart_ns > LIMIT * period) {
		p->lead--;
		p->apart_ns -= period;
	} else if (p->apart_ns < -LIMIT * period) {
		p->lead++;
		p->apart_ns += period;
	}
}

static void take_part(struct pl_join *j, unsigned i, enum verdict verdict, enum pl_loss cause,
		      const struct slot *moment, struct pl_joint *out)
{
	struct pad *p = &j->pads[i];
	struct slot *s = waiting(j, p, 0);

	switch (verdict) {
	case TAKE:
		if ((int)i != j->clock)
			watch_phase(j, p, s, moment);
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
				 .t_est_ns = j->begun && j->last_est_ns > moment->t_est_ns
						     ? j->last_est_ns
						     : moment->t_est_ns,
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
		take_part(j, i, verdict[i], cause[i], moment, out);
	j->begun = true;
	j->handed_over = false;
	j->last_seq = moment->seq;
	j->last_est_ns = out->t_est_ns;
	j->last_mono_ns = out->t_mono_ns;
}

bool pl_join_next(struct pl_join *j, struct pl_joint *out)
{
	while (have_moment(j)) {
		const struct slot *moment = waiting(j, &j->pads[j->clock], 0);
		enum verdict verdict[PL_PARTS_MAX];
		enum pl_loss cause[PL_PARTS_MAX];
		bool any_lost = false, all_known = true;

		for (unsigned i = 0; i < j->n_pads; i++) {
			verdict[i] = (int)i == j->clock ? TAKE
							: judge(j, &j->pads[i], moment, &cause[i]);
			all_known &= verdict[i] != WAIT;
			any_lost |= verdict[i] == LOST;
		}
		if (!all_known)
			return false;
		if (drop_moment(j, moment->t_est_ns, any_lost))
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

bool pl_join_begun(const struct pl_join *j)
{
	return j->begun;
}

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
