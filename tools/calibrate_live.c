/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A calibration with somebody at the mat: what to do next, what the mat feels meanwhile, and what
 * was wrong in words that say what to change. A step that fails is asked for again; Ctrl-C ends at
 * any time and leaves nothing, because nothing is written before the end.
 */
#include "tools/calibrate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>
#include <zmq.h>

#include "tools/client.h"
#include "tools/figures.h"
#include "tools/interrupt.h"
#include "tools/secure.h"

#define ANSWER_MS 3000
#define NO_FRAMES_S 5.0
#define LIVE_S 0.4    /* the live reading is an average of so long */
#define SETTLED_S 2.0 /* --yes: a load has lain still so long */

struct live {
	struct pl_cal *c;
	struct pl_client *client;
	void *socket;
	char name[64];
	bool screen;	      /* a terminal: the live reading is shown */
	bool measuring;	      /* frames count for the stage */
	struct pl_still *now; /* for the live reading */
	double now_began, last_frame, shown;
	struct pl_still_report reading;
	bool reading_there;
	char line[256]; /* of the person, not yet whole */
	size_t n;
	bool gone; /* standard input ended */
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int stopped(struct pl_error *err)
{
	return pl_error_set(err, PL_ESTATE, 0, "stopped; nothing was saved");
}

/* ---- the daemon's mat ---- */

static int check_mat(struct live *l, const json_t *mat, struct pl_error *err)
{
	struct pl_geometry g = {
		.rows = (unsigned)json_integer_value(json_object_get(mat, "rows")),
		.cols = (unsigned)json_integer_value(json_object_get(mat, "cols")),
		.pitch_row_m = 1e-3 * json_number_value(json_object_get(mat, "pitch_row_mm")),
		.pitch_col_m = 1e-3 * json_number_value(json_object_get(mat, "pitch_col_mm")),
	};
	int dtype = pl_dtype_parse(pl_figure_text(mat, "dtype", ""));

	snprintf(l->name, sizeof(l->name), "%s", pl_figure_text(mat, "mat", ""));
	if (dtype < 0 || !g.rows || !g.cols || g.rows > PL_SIDE_MAX || g.cols > PL_SIDE_MAX)
		return pl_error_set(err, PL_EFORMAT, 0, "the daemon's status says no shape of %s",
				    l->name);
	if (strcmp(pl_figure_text(mat, "state", ""), "running") != 0)
		return pl_error_set(err, PL_ESTATE, 0, "no frames come from %s (%s): %s", l->name,
				    pl_figure_text(mat, "state", "-"),
				    pl_figure_text(mat, "state_text", "plug it in"));
	/* not where the daemon found it: then its saturation and empty places are not known */
	if (!l->c->as && pl_mat_load(&l->c->mat, pl_figure_text(mat, "mat_file", "-"), NULL, NULL))
		memset(&l->c->mat, 0, sizeof(l->c->mat));
	return pl_cal_begin(l->c, &g, (enum pl_dtype)dtype, err);
}

static int find_mat(struct live *l, const json_t *status, struct pl_error *err)
{
	const json_t *mats = json_object_get(status, "mats"), *mat, *found = NULL;
	size_t i;

	if (!l->c->mat_name && json_array_size(mats) > 1)
		return pl_error_set(err, PL_EUSAGE, 0, "the daemon has %zu mats; --mat says which",
				    json_array_size(mats));
	json_array_foreach(mats, i, mat)
	{
		if (!l->c->mat_name || strcmp(l->c->mat_name, pl_figure_text(mat, "mat", "")) == 0)
			found = mat;
	}
	if (!found)
		return pl_error_set(err, PL_ENOENT, 0, "the daemon has no mat '%s'",
				    l->c->mat_name ? l->c->mat_name : "");
	return check_mat(l, found, err);
}

static int subscribe(struct live *l, const json_t *status, struct pl_error *err)
{
	char data[256], topic[96];
	int zero = 0;

	pl_client_data_endpoint(l->client,
				json_object_get(json_object_get(status, "endpoints"), "data"), data,
				sizeof(data));
	l->socket = zmq_socket(pl_client_context(l->client), ZMQ_SUB);
	if (!l->socket)
		return pl_error_set(err, PL_ENOMEM, errno, "cannot make a socket: %s",
				    zmq_strerror(errno));
	zmq_setsockopt(l->socket, ZMQ_LINGER, &zero, sizeof(zero));
	snprintf(topic, sizeof(topic), "frame/%s", l->name);
	zmq_setsockopt(l->socket, ZMQ_SUBSCRIBE, topic, strlen(topic));
	if (pl_secure(l->socket, data, err))
		return -1;
	if (zmq_connect(l->socket, data))
		return pl_error_set(err, PL_EUSAGE, errno, "cannot listen to '%s': %s", data,
				    zmq_strerror(errno));
	return 0;
}

static int connect_to_daemon(struct live *l, struct pl_error *err)
{
	json_t *reply;
	int r;

	l->client = pl_client_open(l->c->endpoint, err);
	reply = l->client ? pl_client_ask(l->client, pl_request("status", NULL), ANSWER_MS, err)
			  : NULL;
	if (!reply)
		return -1;
	r = find_mat(l, json_object_get(reply, "status"), err) ||
	    subscribe(l, json_object_get(reply, "status"), err);
	json_decref(reply);
	return r ? -1 : 0;
}

/* ---- frames ---- */

static int new_reading(struct live *l, struct pl_error *err)
{
	pl_still_free(l->now);
	l->now = pl_still_new(&l->c->geometry, l->c->empty, l->c->plain.cell_state,
			      l->c->plain.saturation_counts, err);
	l->now_began = seconds();
	l->reading_there = false;
	return l->now ? 0 : -1;
}

static void take_frame(struct live *l, const void *cells)
{
	l->last_frame = seconds();
	if (l->measuring)
		pl_cal_push(l->c, cells);
	pl_still_push(l->now, cells, l->c->dtype);
	if (l->last_frame - l->now_began < LIVE_S)
		return;
	pl_still_report(l->now, &l->reading);
	l->reading_there = true;
	l->now_began = l->last_frame;
	pl_still_reset(l->now);
}

/* One message, whole. False: none is there. */
static bool take_message(struct live *l)
{
	size_t bytes = pl_geometry_cells(&l->c->geometry) * pl_dtype_size(l->c->dtype);
	char topic[96], expected[96];
	bool wanted = false, more = true;

	/* a mat may be called like the beginning of another one, which is subscribed to, too */
	snprintf(expected, sizeof(expected), "frame/%s", l->name);
	for (int part = 0; more; part++) {
		zmq_msg_t m;

		zmq_msg_init(&m);
		if (zmq_msg_recv(&m, l->socket, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(&m);
			return false;
		}
		if (part == 0) {
			snprintf(topic, sizeof(topic), "%.*s", (int)zmq_msg_size(&m),
				 (const char *)zmq_msg_data(&m));
			wanted = strcmp(topic, expected) == 0;
		} else if (part == 2 && wanted && zmq_msg_size(&m) == bytes) {
			take_frame(l, zmq_msg_data(&m));
		}
		more = zmq_msg_more(&m);
		zmq_msg_close(&m);
	}
	return true;
}

/* ---- the person ---- */

static void show(struct live *l)
{
	const struct pl_still_report *r = &l->reading;
	double now = seconds();

	if (!l->screen || !l->reading_there || now - l->shown < LIVE_S)
		return;
	l->shown = now;
	if (r->cells_loaded && r->total > 0)
		printf("\r\033[K  [%.0f counts at row %.1f, column %.1f%s] ", r->total, r->row,
		       r->col,
		       r->cells_full	  ? ", saturated"
		       : r->cells_at_edge ? ", at the border"
					  : "");
	else
		printf("\r\033[K  [nothing on the mat] ");
	fflush(stdout);
}

static void wipe(const struct live *l)
{
	if (l->screen)
		printf("\r\033[K");
	fflush(stdout);
}

static void read_input(struct live *l)
{
	ssize_t got = read(STDIN_FILENO, l->line + l->n, sizeof(l->line) - 1 - l->n);

	if (got > 0)
		l->n += (size_t)got;
	else if (got == 0 || errno != EINTR)
		l->gone = true;
	l->line[l->n] = '\0';
	if (l->n == sizeof(l->line) - 1 && !strchr(l->line, '\n'))
		l->n = 0; /* nobody answers so much */
}

/* Waits a little for frames, and for the person if asked to. */
static int turn(struct live *l, bool listen, struct pl_error *err)
{
	zmq_pollitem_t items[2] = {{.socket = l->socket, .events = ZMQ_POLLIN},
				   {.fd = STDIN_FILENO, .events = ZMQ_POLLIN}};

	if (zmq_poll(items, listen && !l->gone ? 2 : 1, 100) < 0 && errno != EINTR)
		return pl_error_set(err, PL_EIO, errno, "cannot wait: %s", zmq_strerror(errno));
	if (pl_interrupted())
		return stopped(err);
	while (take_message(l))
		;
	if (listen && items[1].revents)
		read_input(l);
	if (seconds() - l->last_frame > NO_FRAMES_S)
		return pl_error_set(err, PL_EGONE, 0,
				    "no frames come from %s any more; 'plantar status' says why. "
				    "Nothing was saved",
				    l->name);
	return 0;
}

/* A line of the person, without its end. */
static int ask(struct live *l, const char *prompt, char *out, size_t cap, struct pl_error *err)
{
	char *end;

	printf("%s\n", prompt);
	fflush(stdout);
	while (!(end = memchr(l->line, '\n', l->n))) {
		if (l->gone)
			return stopped(err);
		if (turn(l, true, err))
			return -1;
		show(l);
	}
	wipe(l);
	snprintf(out, cap, "%.*s", (int)(end - l->line), l->line);
	out[strcspn(out, "\r")] = '\0';
	l->n -= (size_t)(end + 1 - l->line);
	memmove(l->line, end + 1, l->n + 1);
	return 0;
}

static bool yes(const char *answer, bool by_default)
{
	return *answer ? *answer == 'y' || *answer == 'Y' : by_default;
}

/* ---- steps ---- */

static int measure(struct live *l, enum pl_cal_stage stage, struct pl_error *err)
{
	double end;

	while (take_message(l)) /* what came before is not of this */
		;
	if (pl_cal_stage(l->c, stage, err))
		return -1;
	l->measuring = true;
	l->last_frame = seconds();
	for (end = seconds() + l->c->seconds; seconds() < end;) {
		if (turn(l, false, err)) {
			l->measuring = false;
			return -1;
		}
		if (l->screen) {
			printf("\r\033[K  measuring, %.0f s ", ceil(end - seconds()));
			fflush(stdout);
		}
	}
	wipe(l);
	l->measuring = false;
	return 0;
}

/* --yes: until something lies still (or nothing does), or the time is over. */
static int wait_for(struct live *l, bool load, const char *what, struct pl_error *err)
{
	double end = seconds() + l->c->wait_s, since = seconds(), total = NAN;

	if (!l->c->json) {
		printf("Waiting for %s ...\n", what);
		fflush(stdout);
	}
	if (new_reading(l, err))
		return -1;
	while (seconds() < end) {
		bool there;

		if (turn(l, false, err))
			return -1;
		if (!l->reading_there)
			continue;
		l->reading_there = false;
		there = l->reading.cells_loaded >= 2 && l->reading.total > 0;
		if (there != load ||
		    (load && !(fabs(l->reading.total - total) < 0.02 * l->reading.total)))
			since = seconds();
		total = l->reading.total;
		if (there == load && seconds() - since >= SETTLED_S)
			return 0;
	}
	return pl_error_set(err, PL_ETIMEOUT, 0, "%s did not come within %g s; nothing was saved",
			    what, l->c->wait_s);
}

/* A step that can be done again says what was wrong; others end the dialogue. */
static bool again(struct live *l, const struct pl_error *err)
{
	if (err->code != PL_ESTATE || pl_interrupted() || l->gone || l->c->yes)
		return false;
	printf("  Not so: %s.\n", err->message);
	return true;
}

static int empty_step(struct live *l, struct pl_error *err)
{
	char answer[64];

	if (l->c->yes && !l->c->json)
		printf("The mat must be empty now.\n");
	for (;;) {
		if (!l->c->yes && ask(l, "Take everything off the mat, then press Enter.", answer,
				      sizeof(answer), err))
			return -1;
		if (measure(l, PL_CAL_EMPTY, err))
			return -1;
		if (pl_cal_empty_end(l->c, err) == 0)
			break;
		if (!again(l, err))
			return -1;
	}
	if (!l->c->json)
		pl_cal_print_empty(l->c);
	return new_reading(l, err);
}

/* One load, put on and measured; -1 and PL_ESTATE: not usable, may be done again. */
static int weigh(struct live *l, const struct pl_cal_load *load, struct pl_error *err)
{
	if (measure(l, PL_CAL_LOAD, err) || pl_cal_load_end(l->c, load, err))
		return -1;
	if (!l->c->json)
		pl_cal_print_load(l->c);
	return 0;
}

static int loads_by_themselves(struct live *l, struct pl_error *err)
{
	char what[160];

	for (size_t i = 0; i < l->c->n_loads; i++) {
		const struct pl_cal_load *load = &l->c->load[i];

		snprintf(what, sizeof(what), "%s on the mat", load->label);
		if (!isnan(load->row))
			snprintf(what, sizeof(what), "%s at row %g, column %g", load->label,
				 load->row, load->col);
		if (wait_for(l, true, what, err) || weigh(l, load, err) ||
		    wait_for(l, false, "the empty mat", err))
			return -1;
	}
	return 0;
}

/* "drop 2": a load was wrong. False: something else was said. */
static bool dropped(struct live *l, const char *answer)
{
	char *end;
	unsigned long n;

	if (strncmp(answer, "drop ", 5) != 0)
		return false;
	n = strtoul(answer + 5, &end, 10);
	if (*end || !pl_cal_drop(l->c, n))
		printf("  Not so: there are %zu loads; drop 1 takes out the first.\n",
		       l->c->n_weighed);
	else
		printf("  Load %lu is out; %zu remain, numbered anew.\n", n, l->c->n_weighed);
	return true;
}

/* 1: another one, 0: no more. */
static int ask_load(struct live *l, struct pl_cal_load *load, struct pl_error *err)
{
	static const char first[] = "Put a known load on the mat, away from its border, and type "
				    "its mass: 20kg, or its force: 196N.";
	static const char more[] =
		"Another load or place: put it on and type its mass. drop 2: load "
		"2 was wrong. Enter alone: no more.";
	char answer[128], spec[132];

	for (;;) {
		if (ask(l, l->c->n_weighed < 2 ? first : more, answer, sizeof(answer), err))
			return -1;
		if (!*answer && l->c->n_weighed >= 2)
			return 0;
		if (dropped(l, answer))
			continue;
		snprintf(spec, sizeof(spec), "%s%s", answer,
			 *answer && !strpbrk(answer, "kN") ? "kg" : "");
		if (pl_cal_parse_load(spec, load) && !load->file)
			return 1;
		printf("  Not so: '%s' is no load; 20kg and 196N are.\n", answer);
	}
}

static int loads_in_dialogue(struct live *l, struct pl_error *err)
{
	struct pl_cal_load load;
	int r;

	l->c->n_loads = 0;
	while (l->c->n_weighed < PL_CAL_LOADS) {
		r = ask_load(l, &load, err);
		if (r <= 0)
			return r;
		if (weigh(l, &load, err) && !again(l, err))
			return -1;
	}
	return 0;
}

/* Until the loads can be described, or the person has enough. */
static int fit_step(struct live *l, struct pl_error *err)
{
	for (;;) {
		if (l->c->yes ? loads_by_themselves(l, err) : loads_in_dialogue(l, err))
			return -1;
		if (pl_cal_fit(l->c, err) == 0)
			break;
		if (!again(l, err) || l->c->n_weighed == PL_CAL_LOADS)
			return -1;
	}
	if (!l->c->json)
		pl_cal_print_fit(l->c);
	return 0;
}

static int body_step(struct live *l, struct pl_error *err)
{
	char answer[64], *end;

	if (l->c->yes && isnan(l->c->body_mass_kg))
		return 0;
	if (l->c->yes && wait_for(l, true, "a person on the mat", err))
		return -1;
	while (!l->c->yes) {
		if (ask(l,
			"\nCheck with a person: stand on the mat, quietly, and type your mass in "
			"kg. "
			"Enter alone: no check.",
			answer, sizeof(answer), err))
			return -1;
		if (!*answer)
			return 0;
		l->c->body_mass_kg = strtod(answer, &end);
		if (end != answer && l->c->body_mass_kg > 1 && l->c->body_mass_kg < 1000)
			break;
		printf("  Not so: '%s' is no mass; 70 is.\n", answer);
	}
	if (measure(l, PL_CAL_BODY, err) || pl_cal_body_end(l->c, err))
		return -1;
	if (!l->c->json)
		pl_cal_print_body(l->c);
	return 0;
}

static int save_step(struct live *l, struct pl_error *err)
{
	bool wrong = l->c->body.expected_n > 0 && !l->c->body.ok;
	char prompt[600], answer[64];

	if (l->c->yes && wrong)
		return pl_error_set(err, PL_ESTATE, 0,
				    "not saved: the person's weight is more than 5 %% off; check "
				    "their mass and the weights");
	if (!l->c->yes) {
		snprintf(prompt, sizeof(prompt), "Save this calibration as %.400s? [%s]", l->c->out,
			 wrong ? "y/N" : "Y/n");
		if (ask(l, prompt, answer, sizeof(answer), err))
			return -1;
		if (!yes(answer, !wrong))
			return stopped(err);
	}
	return pl_cal_save(l->c, err);
}

static int dialogue(struct live *l, struct pl_error *err)
{
	l->last_frame = seconds();
	if (connect_to_daemon(l, err) || new_reading(l, err))
		return -1;
	if (!l->c->json)
		printf("Calibration of mat %s, %u x %u cells. Ctrl-C stops; nothing is saved "
		       "before "
		       "the end.\n",
		       l->name, l->c->geometry.rows, l->c->geometry.cols);
	return empty_step(l, err) || fit_step(l, err) || body_step(l, err) || save_step(l, err) ? -1
												: 0;
}

int pl_cal_live(struct pl_cal *c)
{
	struct live l = {.c = c,
			 .screen = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !c->yes};
	struct pl_error err = {.code = PL_OK};
	int r = dialogue(&l, &err);

	wipe(&l);
	if (r == 0 && c->json)
		pl_cal_print_json(c);
	pl_still_free(l.now);
	if (l.socket)
		zmq_close(l.socket);
	pl_client_close(l.client);
	return r ? pl_report(c->self, &err) : PL_EXIT_OK;
}
