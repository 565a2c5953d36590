/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second pass: every loaded cell of every frame goes to one foot, and by its area to that
 * foot's regions, or to nobody; what is summed over all of that is compared with the frame's total
 * each time. A recording has hundreds of thousands of frames and may have thousands of feet, of
 * which two are loaded: a frame costs what its loaded cells cost.
 */
#include <math.h>
#include <string.h>

#include "analysis_private.h"
#include "lanes.h"

/* ---- which foot ----------------------------------------------------------------------------- */

/* The foot of each track in use, -1: none. */
static void follow_feet(struct pl_analysis *a)
{
	const struct pl_feet *f = &a->feet;

	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t)) {
		if (a->now[t].serial == f->track[t].serial)
			continue;
		a->now[t].serial = f->track[t].serial;
		a->now[t].foot = pl_foot_of_serial(a, f->track[t].serial);
	}
}

/* Whose print has the cell. Where feet have stepped on it one after the other: the one that is on
 * the mat now, if only one is. */
static int home_of_cell(const struct pl_analysis *a, unsigned row, unsigned col)
{
	int32_t home = a->home[(size_t)row * a->geometry.cols + col];
	int here = -1;

	if (home != -2)
		return home;
	for (int t = pl_track_after(&a->feet, -1); t >= 0; t = pl_track_after(&a->feet, t)) {
		int foot = a->now[t].serial == a->feet.track[t].serial ? a->now[t].foot : -1;

		if (foot < 0 || foot == here || !pl_print_has(&a->foot[foot].print, row, col))
			continue;
		if (here >= 0)
			return -1;
		here = foot;
	}
	return here >= 0 ? here : pl_foot_to_come(a, row, col);
}

/* Of a cell whose track is that foot: the foot itself if the cell is in its print, else whoever's
 * home it is. */
static int foot_of_cell(const struct pl_analysis *a, int foot, unsigned row, unsigned col)
{
	if (foot < 0 || !pl_print_has(&a->foot[foot].print, row, col))
		foot = home_of_cell(a, row, col);
	return foot < 0 ? -1 : foot;
}

static bool all_at_home(const int32_t *home, int32_t foot, unsigned n)
{
	int32_t other = 0;

	for (unsigned c = 0; c < n; c++)
		other |= home[c] ^ foot;
	return other == 0;
}

/* ---- loads of a frame ----------------------------------------------------------------------- */

static void begin_foot(struct pl_analysis *a, uint32_t k)
{
	struct pl_foot *foot = &a->foot[k];

	if (foot->frame == a->frames)
		return;
	foot->frame = a->frames;
	foot->sum = foot->sum_row = foot->sum_col = foot->top = 0;
	foot->cells = 0;
	memset(foot->atom, 0, sizeof(foot->atom));
	memset(foot->atom_top, 0, sizeof(foot->atom_top));
	memset(foot->atom_cells, 0, sizeof(foot->atom_cells));
	a->parts.foot[a->parts.feet++] = k;
}

static void add_atoms(struct pl_foot *foot, const uint16_t *note, const double *value, unsigned n)
{
	const struct pl_overlay *o = &foot->overlay;

	for (unsigned c = 0; c < n;) {
		struct pl_sums sums = {.sum = value[c], .peak = value[c]};
		unsigned alike = 1;
		int centre;

		if (note[c] < PL_NOTE_BORDER) {
			alike = pl_notes_alike(note + c, n - c);
			sums = pl_sum_cells(value + c, 0, alike);
		}
		pl_overlay_add(o, note[c], sums.sum, foot->atom);
		centre = pl_overlay_centre(o, note[c]);
		foot->atom_cells[centre] += alike;
		if (sums.peak > foot->atom_top[centre])
			foot->atom_top[centre] = sums.peak;
		c += alike;
	}
}

static void add_cell_times(struct pl_analysis *a, const struct pl_part *part, const double *frame,
			   double dt_s)
{
	struct pl_foot *foot = &a->foot[part->foot];
	const double *value = frame + (size_t)part->row * a->geometry.cols + part->c0;
	double *time = foot->cell_time + pl_print_index(&foot->print, part->row, part->c0);

	for (unsigned c = 0; c < (unsigned)(part->c1 - part->c0); c++)
		time[c] += 0.5 * value[c] * dt_s;
}

static void add_part(struct pl_analysis *a, int k, unsigned row, unsigned c0, unsigned c1)
{
	const double *value = a->cells.value + (size_t)row * a->geometry.cols + c0;
	struct pl_sums sums = pl_sum_cells(value, 0, c1 - c0);
	struct pl_foot *foot = &a->foot[k];

	begin_foot(a, (uint32_t)k);
	foot->sum += sums.sum;
	foot->sum_row += row * sums.sum;
	foot->sum_col += c0 * sums.sum + sums.sum_col;
	foot->cells += c1 - c0;
	foot->top = sums.peak > foot->top ? sums.peak : foot->top;
	if (foot->ready)
		add_atoms(foot, foot->note + pl_print_index(&foot->print, row, c0), value, c1 - c0);
	a->parts.part[a->parts.n++] = (struct pl_part){
		.foot = (uint32_t)k, .row = (uint16_t)row, .c0 = (uint16_t)c0, .c1 = (uint16_t)c1};
}

/* Cells of one track. Returns the sum of those that are nobody's. */
static double add_cells(struct pl_analysis *a, int foot, unsigned row, unsigned c0, unsigned c1)
{
	size_t at = (size_t)row * a->geometry.cols;
	double nobody = 0;

	if (foot >= 0 && all_at_home(a->home + at + c0, foot, c1 - c0)) {
		add_part(a, foot, row, c0, c1);
		return 0;
	}
	for (unsigned c = c0; c < c1;) {
		int k = foot_of_cell(a, foot, row, c);
		unsigned from = c++;

		while (c < c1 && foot_of_cell(a, foot, row, c) == k)
			c++;
		if (k >= 0)
			add_part(a, k, row, from, c);
		else
			nobody += pl_sum_values(a->cells.value + at + from, c - from);
	}
	return nobody;
}

/* Every run to the feet. Returns the sum of the cells that are nobody's. */
static double share_out(struct pl_analysis *a)
{
	const struct pl_segment *s = &a->feet.segment;
	double nobody = a->feet.scan.below;

	for (uint32_t i = 0; i < s->runs; i++) {
		const struct pl_run *run = &s->run[i];
		const uint8_t *owner = a->feet.owner + (size_t)run->row * s->cols;
		unsigned c = run->c0;

		while (c < run->c1) {
			unsigned from = c++;

			if (run->owner != PL_MIXED)
				c = run->c1;
			while (c < run->c1 && owner[c] == owner[from])
				c++;
			nobody += add_cells(a, owner[from] ? a->now[owner[from] - 1].foot : -1,
					    run->row, from, c);
		}
	}
	return nobody;
}

/* ---- integrals ------------------------------------------------------------------------------ */

static void integrate(struct pl_integral *i, const struct pl_load *now, double dt_s)
{
	if (dt_s > 0) {
		i->force_time += 0.5 * (i->before.force + now->force) * dt_s;
		i->pressure_time_curve += 0.5 * (i->before.peak + now->peak) * dt_s;
		if (i->before.contact)
			i->contact_time_s += dt_s;
	}
	i->force_peak = now->force > i->force_peak ? now->force : i->force_peak;
	i->pressure_peak = now->peak > i->pressure_peak ? now->peak : i->pressure_peak;
	i->before = *now;
}

bool pl_foot_loaded(const struct pl_analysis *a, const struct pl_foot *foot, bool was)
{
	double force = foot->sum * a->factor;

	if (!a->calibrated)
		return foot->cells > 0;
	return force > 0 && force >= (was ? a->options.contact_off_n : a->options.contact_on_n);
}

static struct pl_load region_load(const struct pl_foot *foot, unsigned atoms, double factor)
{
	struct pl_load load = {0};
	double sum = 0;

	for (; atoms; atoms &= atoms - 1) {
		int k = __builtin_ctz(atoms);

		sum += foot->atom[k];
		load.peak = foot->atom_top[k] > load.peak ? foot->atom_top[k] : load.peak;
		load.contact = load.contact || foot->atom_cells[k];
	}
	load.force = factor * sum;
	return load;
}

/* Returns what the foot's regions and its toes without region add up to, minus the foot. */
static double integrate_foot(struct pl_analysis *a, struct pl_foot *foot, double dt_s)
{
	struct pl_load whole = {.force = foot->sum * a->factor,
				.peak = foot->top,
				.contact = pl_foot_loaded(a, foot, foot->whole.before.contact)};
	double parts = 0, four = 0, heel = 0;

	integrate(&foot->whole, &whole, dt_s);
	if (!foot->ready)
		return 0;
	for (int r = 0; r < PL_REGIONS; r++) {
		struct pl_load load = region_load(foot, foot->atoms[r], a->factor);

		load.contact = load.contact && whole.contact;
		integrate(&foot->region[r], &load, dt_s);
		if (r == PL_REGION_HEEL)
			heel = load.force;
		if (r <= PL_REGION_FOREFOOT)
			parts += load.force;
		else if (r <= PL_REGION_HEEL_PL)
			four += load.force;
	}
	parts += a->factor * foot->atom[PL_ATOM_NONE] - whole.force;
	four -= heel;
	return foot->side == PL_SIDE_UNKNOWN ? fabs(parts) : fmax(fabs(parts), fabs(four));
}

void pl_analysis_feet_frame(struct pl_analysis *a, double dt_s)
{
	double nobody, feet = 0, error = 0, total = a->feet.scan.sum * a->factor;
	struct pl_parts before = a->parts;

	a->parts = a->parts_before;
	a->parts_before = before;
	a->parts.n = a->parts.feet = 0;
	follow_feet(a);
	nobody = share_out(a) * a->factor;
	for (uint32_t i = 0; i < before.n && dt_s > 0; i++)
		add_cell_times(a, &before.part[i], a->before.value, dt_s);
	for (uint32_t i = 0; i < a->parts.n && dt_s > 0; i++)
		add_cell_times(a, &a->parts.part[i], a->cells.value, dt_s);
	for (uint32_t i = 0; i < before.feet; i++) /* lifted since: a load of zero, once */
		if (a->foot[before.foot[i]].frame != a->frames && a->foot[before.foot[i]].sum > 0)
			begin_foot(a, before.foot[i]);
	for (uint32_t i = 0; i < a->parts.feet; i++) {
		struct pl_foot *foot = &a->foot[a->parts.foot[i]];

		error = fmax(error, integrate_foot(a, foot, dt_s));
		feet += foot->sum * a->factor;
	}
	error += fabs(feet + nobody - total);
	if (total > 0)
		a->totals.region_sum_error_max =
			fmax(a->totals.region_sum_error_max, error / total);
	pl_stances_frame(a, dt_s);
}

void pl_analysis_feet_break(struct pl_analysis *a)
{
	double step = pl_analysis_interval_s(a);

	for (uint32_t k = 0; k < a->n_feet; k++) {
		struct pl_foot *foot = &a->foot[k];

		if (foot->whole.before.contact)
			foot->whole.contact_time_s += step;
		foot->whole.before = (struct pl_load){0};
		for (int r = 0; r < PL_REGIONS; r++) {
			if (foot->region[r].before.contact)
				foot->region[r].contact_time_s += step;
			foot->region[r].before = (struct pl_load){0};
		}
	}
}

void pl_analysis_feet_finish(struct pl_analysis *a)
{
	for (uint32_t k = 0; k < a->n_feet; k++) {
		struct pl_foot *foot = &a->foot[k];
		size_t n = (size_t)(foot->print.r1 - foot->print.r0) * pl_print_cols(&foot->print);

		for (size_t i = 0; i < n; i++) {
			int centre;

			if (!foot->note[i])
				continue;
			centre = pl_overlay_centre(&foot->overlay, foot->note[i]);
			for (int r = 0; r < PL_REGIONS; r++)
				if (foot->atoms[r] >> centre & 1)
					foot->cell_time_max[r] =
						fmax(foot->cell_time_max[r], foot->cell_time[i]);
		}
	}
}
