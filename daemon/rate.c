/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A script with a typo in its loop must not keep the operator from stopping a recording. Whoever
 * asks too often is refused, and only they are.
 */
#include "daemon/rate.h"

#include <string.h>

#include "daemon/text.h"

void pl_rate_init(struct pl_rate *r, double per_s, double burst)
{
	*r = (struct pl_rate){.per_s = per_s, .burst = burst};
}

struct pl_rate_client *pl_rate_client(struct pl_rate *r, const char *who, int64_t now_ns)
{
	struct pl_rate_client *c, *quiet = &r->clients[0];
	double more;

	for (unsigned i = 0; i < PL_RATE_CLIENTS; i++) {
		c = &r->clients[i];
		if (!*c->who || c->at_ns < quiet->at_ns)
			quiet = c;
		if (!*c->who)
			break; /* they are filled from the first on */
		if (strcmp(c->who, who) != 0)
			continue;
		more = (double)(now_ns - c->at_ns) * 1e-9 * r->per_s;
		c->tokens = c->tokens + more > r->burst ? r->burst : c->tokens + more;
		c->at_ns = now_ns;
		return c;
	}
	*quiet = (struct pl_rate_client){.tokens = r->burst, .at_ns = now_ns};
	pl_copy(quiet->who, sizeof(quiet->who), who);
	return quiet;
}

bool pl_rate_take(struct pl_rate_client *client)
{
	if (client->tokens < 1) {
		client->refused++;
		return false;
	}
	client->tokens -= 1;
	return true;
}
