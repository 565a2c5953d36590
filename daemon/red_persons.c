/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tick of the checklist must not be lost by beginning the protocol again, or by somebody else
 * coming in between: so what was ticked is remembered a person, beside the visit.
 */
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/text.h"

static struct pl_red_person *find_person(struct pl_daemon *d, const char *subject)
{
	for (unsigned i = 0; i < d->n_persons && i < PL_RED_PERSONS; i++)
		if (strcmp(d->persons[i].subject, subject) == 0)
			return &d->persons[i];
	return NULL;
}

/* What was ticked in the visit that was last; of very many people the oldest is forgotten. */
static void remember_red_flags(struct pl_daemon *d)
{
	const struct pl_visit *v = d->visit;
	struct pl_red_person *p;

	if (!v->protocol || !v->red_ticked)
		return;
	p = find_person(d, v->setup.subject);
	if (!p)
		p = &d->persons[d->n_persons++ % PL_RED_PERSONS];
	*p = (struct pl_red_person){.ticked = v->red_ticked, .overridden = v->red_overridden};
	pl_copy(p->subject, sizeof(p->subject), v->setup.subject);
	pl_copy(p->override_name, sizeof(p->override_name), v->override_name);
	pl_copy(p->override_reason, sizeof(p->override_reason), v->override_reason);
}

/* A person's ticks, and who took them on, stay in their next protocol. Where nobody says who it
 * is the ticks stay, to be sure, but nobody has decided about them. */
void pl_red_persons_keep(struct pl_daemon *d, struct pl_visit_setup *s)
{
	const struct pl_red_person *p;

	remember_red_flags(d);
	p = find_person(d, s->subject);
	if (!p)
		return;
	s->red_ticked = p->ticked;
	if (!*s->subject)
		return;
	s->red_overridden = p->overridden;
	pl_copy(s->override_name, sizeof(s->override_name), p->override_name);
	pl_copy(s->override_reason, sizeof(s->override_reason), p->override_reason);
}
