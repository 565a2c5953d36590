/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A weighted linear regression of position over time. The first and the last frames of a contact
 * carry little and their centres of pressure jump; weighted by force they hardly count.
 */
#include "path.h"

void pl_path_add(struct pl_path *p, uint64_t frame, double force, double x_m, double y_m)
{
	double t;

	if (!(force > 0))
		return;
	if (!(p->w > 0))
		p->origin = frame;
	t = (double)(frame - p->origin);
	p->last = frame;
	p->w += force;
	p->wt += force * t;
	p->wtt += force * t * t;
	p->wx += force * x_m;
	p->wy += force * y_m;
	p->wtx += force * t * x_m;
	p->wty += force * t * y_m;
}

/* Times of p, counted from `by` frames earlier. */
static void shift(struct pl_path *p, uint64_t by)
{
	double d = (double)by;

	p->origin -= by;
	p->wtt += 2 * d * p->wt + d * d * p->w;
	p->wt += d * p->w;
	p->wtx += d * p->wx;
	p->wty += d * p->wy;
}

void pl_path_join(struct pl_path *p, const struct pl_path *more)
{
	struct pl_path other = *more;

	if (!(other.w > 0))
		return;
	if (!(p->w > 0)) {
		*p = other;
		return;
	}
	if (other.origin > p->origin)
		shift(&other, other.origin - p->origin);
	else
		shift(p, p->origin - other.origin);
	p->last = other.last > p->last ? other.last : p->last;
	p->w += other.w;
	p->wt += other.wt;
	p->wtt += other.wtt;
	p->wx += other.wx;
	p->wy += other.wy;
	p->wtx += other.wtx;
	p->wty += other.wty;
}

bool pl_path_travel(const struct pl_path *p, double *dx_m, double *dy_m)
{
	double spread = p->w > 0 ? p->wtt - p->wt * p->wt / p->w : 0;
	double frames = (double)(p->last - p->origin);

	*dx_m = *dy_m = 0;
	if (!(spread > 0) || frames < 2)
		return false;
	*dx_m = frames * (p->wtx - p->wt * p->wx / p->w) / spread;
	*dy_m = frames * (p->wty - p->wt * p->wy / p->w) / spread;
	return true;
}
