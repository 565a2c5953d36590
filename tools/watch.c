/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar watch: a mat live in a terminal, or as lines where there is no terminal. It listens to
 * the decimated `view` topic, always shows the newest picture and throws older ones away: what is
 * on the screen is now, never a queue of what was.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <zmq.h>

#include "tools/client.h"
#include "tools/figures.h"
#include "tools/interrupt.h"
#include "tools/screen.h"
#include "tools/secure.h"

#define ANSWER_MS 3000
#define STEP_MS 20
#define LINE_NS 1000000000ll /* plain output: a line a second */
#define GIVE_UP_NS 5000000000ll
#define PART_MAX 3

enum { OPT_SECONDS = PL_OPT_LONG, OPT_DATA, OPT_PLAIN };

struct watching {
	const struct pl_subcommand *self;
	struct pl_client *client;
	void *socket;
	const char *endpoint, *data, *mat;
	char mat_name[64];
	json_t *mat_status; /* geometry of the mat, from status; owned */
	struct pl_view view;
	char event[768];
	double seconds;
	int64_t begin_ns, last_ns, next_line_ns;
	double step_s; /* between pictures, smoothed */
	bool plain;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Which mat, and where its pictures are published: the daemon's own word for both. */
static int find_mat(struct watching *w, char *data, size_t cap, struct pl_error *err)
{
	json_t *reply = pl_client_ask(w->client, pl_request("status", NULL), ANSWER_MS, err);
	const json_t *status = json_object_get(reply, "status"), *mat, *found = NULL;
	const json_t *endpoints = json_object_get(json_object_get(status, "endpoints"), "data");
	size_t i;

	if (!reply)
		return -1;
	json_array_foreach(
		json_object_get(status, "mats"), i,
		mat) if (!found && (!w->mat || strcmp(w->mat, pl_figure_text(mat, "mat", "")) == 0))
		found = mat;
	if (!found) {
		json_decref(reply);
		return pl_error_set(err, PL_ENOENT, 0,
				    "the daemon has no mat '%s'; 'plantar status' lists its mats",
				    w->mat ? w->mat : "");
	}
	snprintf(w->mat_name, sizeof(w->mat_name), "%s", pl_figure_text(found, "mat", ""));
	w->mat_status = json_deep_copy(found);
	if (w->data)
		snprintf(data, cap, "%s", w->data);
	else
		pl_client_data_endpoint(w->client, endpoints, data, cap);
	json_decref(reply);
	return 0;
}

/* Whoever watches shall not take counts for kPa because a date has passed. */
static void tell_expired(struct watching *w)
{
	if (!json_is_true(json_object_get(w->mat_status, "calibration_expired")))
		return;
	snprintf(w->event, sizeof(w->event), "calibration %s of %s ended on %s%s",
		 pl_figure_text(w->mat_status, "calibration", "-"), w->mat_name,
		 pl_figure_text(w->mat_status, "calibration_expires", "-"),
		 json_is_true(json_object_get(w->mat_status, "calibrated"))
			 ? ", while plantard ran"
			 : ": values are counts");
	if (w->plain)
		fprintf(stderr, "plantar watch: %s\n", w->event);
}

static int subscribe(struct watching *w, const char *data, struct pl_error *err)
{
	char topic[96];
	int zero = 0, few = 8;

	w->socket = zmq_socket(pl_client_context(w->client), ZMQ_SUB);
	if (!w->socket)
		return pl_error_set(err, PL_ENOMEM, errno, "cannot make a socket: %s",
				    zmq_strerror(errno));
	zmq_setsockopt(w->socket, ZMQ_LINGER, &zero, sizeof(zero));
	zmq_setsockopt(w->socket, ZMQ_RCVHWM, &few, sizeof(few));
	snprintf(topic, sizeof(topic), "view/%s", w->mat_name);
	zmq_setsockopt(w->socket, ZMQ_SUBSCRIBE, topic, strlen(topic));
	snprintf(topic, sizeof(topic), "event/%s", w->mat_name);
	zmq_setsockopt(w->socket, ZMQ_SUBSCRIBE, topic, strlen(topic));
	if (pl_secure(w->socket, data, err))
		return -1;
	if (zmq_connect(w->socket, data))
		return pl_error_set(err, PL_EUSAGE, errno, "cannot listen to '%s': %s", data,
				    zmq_strerror(errno));
	return 0;
}

static void take_event(struct watching *w, const char *header, size_t n)
{
	json_t *event = json_loadb(header, n, 0, NULL);

	if (event)
		snprintf(w->event, sizeof(w->event), "%s: %s",
			 pl_figure_text(event, "kind", "event"), pl_figure_text(event, "text", ""));
	json_decref(event);
}

/* The view topic leaves geometry to `status`; the drawing needs it with each picture. */
static void add_geometry(struct watching *w)
{
	static const char *const keys[] = {"pitch_row_mm", "pitch_col_mm"};

	for (size_t i = 0; i < 2; i++)
		json_object_set(w->view.header, keys[i], json_object_get(w->mat_status, keys[i]));
}

static int take_view(struct watching *w, zmq_msg_t *parts, struct pl_error *err)
{
	int64_t now = now_ns();

	if (pl_view_parse(&w->view, zmq_msg_data(&parts[1]), zmq_msg_size(&parts[1]),
			  zmq_msg_data(&parts[2]), zmq_msg_size(&parts[2]), err) < 0)
		return -1;
	add_geometry(w);
	if (w->last_ns && now > w->last_ns) {
		double step_s = (double)(now - w->last_ns) / 1e9;

		w->step_s = isnan(w->step_s) ? step_s : 0.95 * w->step_s + 0.05 * step_s;
	}
	w->last_ns = now;
	return 0;
}

/* One message, whole. 1: taken, 0: none there, -1: error. */
static int take_message(struct watching *w, struct pl_error *err)
{
	zmq_msg_t parts[PART_MAX];
	int n = 0, r = 1;
	bool more = true;

	while (more) {
		zmq_msg_t *part = &parts[n < PART_MAX ? n : PART_MAX - 1];

		if (n >= PART_MAX)
			zmq_msg_close(part);
		zmq_msg_init(part);
		if (zmq_msg_recv(part, w->socket, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(part);
			r = errno == EAGAIN ? 0 : errno == EINTR ? 0 : -1;
			if (r < 0)
				pl_error_set(err, PL_EIO, errno, "cannot receive: %s",
					     zmq_strerror(errno));
			break;
		}
		more = zmq_msg_more(part);
		n++;
	}
	if (r == 1 && n == 3)
		r = take_view(w, parts, err) < 0 ? -1 : 1;
	else if (r == 1 && n == 2)
		take_event(w, zmq_msg_data(&parts[1]), zmq_msg_size(&parts[1]));
	for (int i = 0; i < (n < PART_MAX ? n : PART_MAX); i++)
		zmq_msg_close(&parts[i]);
	return r;
}

static void send_mark(struct watching *w)
{
	struct pl_error err = {.code = PL_OK};
	json_t *reply = pl_client_ask(w->client, pl_request("mark", w->mat_name), 500, &err);

	if (!reply)
		snprintf(w->event, sizeof(w->event), "mark: %s", err.message);
	json_decref(reply);
}

static void print_share(const char *label, double pct)
{
	if (isfinite(pct))
		printf("  %s %5.1f %%", label, pct);
	else
		printf("  %s     - ", label);
}

static void print_line(struct watching *w)
{
	const char *unit = "";
	double force = pl_view_metric(&w->view, "force", &unit);
	double x = pl_view_metric(&w->view, "cop_x", NULL);
	double y = pl_view_metric(&w->view, "cop_y", NULL);

	if (isfinite(force))
		printf("force %8.1f %s", force, unit);
	else
		printf("force        - ");
	if (isfinite(x) && isfinite(y))
		printf("  CoP %6.1f %6.1f mm", x, y);
	else
		printf("  CoP      -      -   ");
	print_share("left", pl_view_metric(&w->view, "left", NULL));
	print_share("right", pl_view_metric(&w->view, "right", NULL));
	print_share("heel", pl_view_metric(&w->view, "heel", NULL));
	print_share("forefoot", pl_view_metric(&w->view, "forefoot", NULL));
	printf("  lost %llu%s\n", (unsigned long long)pl_view_lost(&w->view),
	       json_is_true(json_object_get(w->view.header, "recording")) ? "  recording" : "");
	fflush(stdout);
}

static void show(struct watching *w, int64_t now)
{
	if (!w->plain) {
		pl_screen_draw(&w->view,
			       &(struct pl_screen_notes){
				       .event = w->event,
				       .view_hz = 1 / w->step_s,
				       .age_s = w->last_ns ? (double)(now - w->last_ns) / 1e9 : 0});
	} else if (w->view.header && now >= w->next_line_ns) {
		print_line(w);
		w->next_line_ns = now + LINE_NS;
	}
}

/* false: the person wants to leave. */
static bool take_keys(struct watching *w)
{
	for (int key = w->plain ? 0 : pl_screen_key(); key; key = pl_screen_key()) {
		if (key == 'q' || key == 'Q')
			return false;
		if (key == 'm')
			send_mark(w);
	}
	return true;
}

static int watch(struct watching *w, struct pl_error *err)
{
	zmq_pollitem_t item = {.socket = w->socket, .events = ZMQ_POLLIN};

	while (!pl_interrupted() && take_keys(w)) {
		int64_t now = now_ns();
		int r, taken = 0;
		bool over = !isnan(w->seconds) && (double)(now - w->begin_ns) >= w->seconds * 1e9;

		if (w->plain && !w->view.header && (over || now - w->begin_ns > GIVE_UP_NS))
			return pl_error_set(
				err, PL_ETIMEOUT, 0,
				"no frame of '%s' within %.2g s; 'plantar status' says what "
				"the mat is doing",
				w->mat_name, (double)(now - w->begin_ns) / 1e9);
		if (over)
			break;
		zmq_poll(&item, 1, STEP_MS);
		while ((r = take_message(w, err)) > 0)
			taken++;
		if (r < 0)
			return -1;
		if (taken || now - w->last_ns > LINE_NS / 4)
			show(w, now_ns());
	}
	return 0;
}

static int begin(struct watching *w, struct pl_error *err)
{
	char data[256];

	w->client = pl_client_open(w->endpoint, err);
	if (!w->client || find_mat(w, data, sizeof(data), err) < 0 || subscribe(w, data, err) < 0)
		return -1;
	w->begin_ns = now_ns();
	w->step_s = NAN;
	pl_interrupt_catch();
	if (!w->plain && !pl_screen_open())
		w->plain = true;
	tell_expired(w);
	return 0;
}

static void end(struct watching *w)
{
	pl_screen_close();
	if (w->socket)
		zmq_close(w->socket);
	pl_client_close(w->client);
	pl_view_free(&w->view);
	json_decref(w->mat_status);
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct watching w = {.self = self, .seconds = NAN, .plain = !isatty(STDOUT_FILENO)};
	struct pl_error err = {.code = PL_OK};
	struct pl_args args;
	int key, r;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0) {
		switch (key) {
		case 'm':
			w.mat = args.value;
			break;
		case OPT_SECONDS:
			pl_args_number(&args, 0.1, 1e7, &w.seconds);
			break;
		case OPT_DATA:
			w.data = args.value;
			break;
		case OPT_PLAIN:
			w.plain = true;
			break;
		case PL_OPT_CONTROL:
			w.endpoint = args.value;
			break;
		}
	}
	pl_args_operands(&args, 0, 0, "");
	if (args.done)
		return args.exit_code;
	r = begin(&w, &err);
	if (r == 0)
		r = watch(&w, &err);
	end(&w);
	return r < 0 ? pl_report(self, &err) : PL_EXIT_OK;
}

static const struct pl_option options[] = {
	{'m', "mat", "NAME", "this mat; default: the daemon's first"},
	{OPT_SECONDS, "seconds", "S", "end by itself after so long"},
	{OPT_PLAIN, "plain", NULL,
	 "a line a second instead of a picture; the default where\n"
	 "the output is not a terminal"},
	{OPT_DATA, "data", "ENDPOINT", "where the daemon publishes; default: as it says"},
	PL_OPTION_CONTROL,
	{0},
};

const struct pl_subcommand pl_cmd_watch = {
	.name = "watch",
	.summary = "show a mat live in the terminal",
	.synopsis = "[--mat NAME] [--seconds S] [--plain] [--control ENDPOINT]",
	.about = "Heat map, centres of pressure (L, R and + for both), left/right and "
		 "heel/forefoot\n"
		 "bars at 25 pictures a second; over ssh too. Keys: q quits, m puts a mark into "
		 "the\n"
		 "recording. Always the newest picture: nothing queues up.",
	.options = options,
	.run = run,
};
