/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beginning, loop and end. Main is the thread that may know everything and must wait for nothing:
 * it listens to signals, the control socket, udev and the mailbox in one poll, publishes the
 * status, and feeds the watchdog as long as every thread that acquisition needs has moved. A
 * recorder or converter that stalls is an event and a counter: killing acquisition for a slow disk
 * would lose more.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <libudev.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zmq.h>

#include <plantar/archive.h>

#include "daemon/calibrated.h"
#include "daemon/endpoint.h"
#include "daemon/guard.h"
#include "daemon/notify.h"
#include "daemon/text.h"
#include "drivers/mat/paths.h"

#define LOOP_MS 200
#define TRIAL_MS 10	       /* while a trial waits for contact, or for its end */
#define ACQUISITION_NICE (-10) /* a mat does not wait while somebody compiles */
#define FINISH_NS (60 * PL_S)  /* files are finished this long before the end is forced */
#define RECORDER_STALL_NS (3 * PL_S)

/* ---- events and status ---- */

static void take_event(struct pl_daemon *d, const struct pl_event *event)
{
	const char *mat = event->mat >= 0 ? d->config->mats[event->mat].name : "";
	char topic[80], header[4096];
	size_t n = pl_wire_event(mat, event, header, sizeof(header));

	snprintf(topic, sizeof(topic), "event/%s", mat);
	pl_publisher_text(d->publisher, topic, header, n);
	pl_logf(d->log, event->level, "%s%s%s: %s", mat, *mat ? ": " : "", event->kind,
		event->text);
}

void pl_daemon_event(struct pl_daemon *d, int mat, enum pl_level level, const char *kind,
		     const char *fmt, ...)
{
	struct pl_event event = {.mat = mat, .level = level, .t_mono_ns = pl_now_ns()};
	struct pl_engine_status s;
	va_list args;

	pl_copy(event.kind, sizeof(event.kind), kind);
	va_start(args, fmt);
	vsnprintf(event.text, sizeof(event.text), fmt, args);
	va_end(args);
	if (mat >= 0) {
		pl_engine_status(d->engines[mat], &s);
		event.epoch = s.epoch;
		event.seq = s.seq;
		memcpy(event.lost, s.lost, sizeof(event.lost));
	}
	take_event(d, &event);
}

void pl_daemon_publish_status(struct pl_daemon *d)
{
	struct pl_json j;
	size_t n;

	pl_json_init(&j, d->text, sizeof(d->text));
	pl_json_begin_object(&j, NULL);
	pl_status_write(d, &j);
	pl_json_end_object(&j);
	n = pl_json_finish(&j);
	if (n > 0)
		pl_publisher_text(d->publisher, "status", d->text, n);
}

static void notify_status(const struct pl_daemon *d)
{
	char text[400];
	size_t n = (size_t)snprintf(text, sizeof(text), "STATUS=");

	for (unsigned i = 0; i < d->config->n_mats && n < sizeof(text) - 100; i++) {
		struct pl_engine_status s;

		pl_engine_status(d->engines[i], &s);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s: %s %.0f Hz%s",
				      i ? ", " : "", d->config->mats[i].name,
				      pl_mat_state_name(s.state), s.rate_measured_hz,
				      s.recording ? ", recording" : "");
	}
	pl_notify(text);
}

/* ---- what the loop hears ---- */

static void recover(struct pl_daemon *d, const char *journal)
{
	struct pl_error err = {0};
	char folder[PATH_MAX];

	if (pl_recover_is_session(journal, folder, sizeof(folder))) {
		pl_logf(d->log, PL_NOTICE, "ending an interrupted change of the session %s",
			folder);
		if (pl_converter_seal(d->converter, folder, &err))
			pl_logf(d->log, PL_ERR, "%s", err.message);
		return;
	}
	pl_logf(d->log, PL_NOTICE, "recovering the unfinished recording %s", journal);
	if (pl_converter_add(d->converter, journal, -1, true, &err))
		pl_logf(d->log, PL_ERR, "%s", err.message);
}

static void take_mail(struct pl_daemon *d)
{
	struct pl_main_item item;
	uint64_t count;
	ssize_t n = read(d->eventfd, &count, sizeof(count));

	(void)n; /* EAGAIN: somebody took it all already */
	while (pl_mailbox_take(d->box, &item)) {
		switch (item.type) {
		case PL_ITEM_EVENT:
			take_event(d, &item.event);
			break;
		case PL_ITEM_STARTED:
			pl_command_started(d, &item.done);
			break;
		case PL_ITEM_ENDED:
			pl_command_ended(d, &item.done);
			break;
		case PL_ITEM_DONE:
			pl_command_done(d, &item.done);
			break;
		case PL_ITEM_RECOVER:
			recover(d, item.journal);
			break;
		case PL_ITEM_LOGGED:
			pl_visit_run_logged(d, item.logged.folder, item.logged.mark,
					    &item.logged.err);
			break;
		}
	}
}

static void begin_stop(struct pl_daemon *d, int64_t now_ns)
{
	d->stopping = true;
	d->stop_deadline_ns = now_ns + FINISH_NS;
	pl_notify("STOPPING=1\nSTATUS=ending recordings");
	pl_logf(d->log, PL_NOTICE,
		"ending; a second signal ends at once (nothing recorded is lost)");
	pl_converter_drop_recoveries(d->converter);
	pl_looks_stop(d->looks);
	pl_visit_run_stop(d);
	pl_command_stop_all(d, "plantard ended");
}

/* False: end at once. */
static bool take_signals(struct pl_daemon *d)
{
	struct signalfd_siginfo info;

	while (read(d->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			pl_logf(d->log, PL_NOTICE,
				"SIGHUP ignored: the configuration is read at start only");
			break;
		case SIGCHLD:
			pl_converter_tick(d->converter, pl_now_ns());
			break; /* looks have their turn in any case */
		default:
			if (d->stopping)
				return false;
			begin_stop(d, pl_now_ns());
		}
	}
	return true;
}

static void take_udev(struct pl_daemon *d)
{
	struct udev_device *device;
	bool added = false;

	while ((device = udev_monitor_receive_device(d->monitor))) {
		const char *action = udev_device_get_action(device);

		added |= action && strcmp(action, "add") == 0;
		udev_device_unref(device);
	}
	for (unsigned i = 0; added && i < d->config->n_mats; i++)
		pl_engine_retry(d->engines[i]);
}

/* ---- what the loop does by the clock ---- */

static unsigned settle_ms(const struct pl_mat_entry *entry)
{
	unsigned ms = entry->mat.serial.settle_ms;

	for (unsigned i = 0; i < entry->n_pads; i++)
		if (entry->pads[i].mat.serial.settle_ms > ms)
			ms = entry->pads[i].mat.serial.settle_ms;
	return ms;
}

static bool all_alive(const struct pl_daemon *d, int64_t now_ns)
{
	int64_t limit = d->watchdog_ns / 2;

	if (now_ns - pl_publisher_heartbeat(d->publisher) > limit)
		return false;
	for (unsigned i = 0; i < d->config->n_mats; i++) {
		/* opening may take that */
		int64_t settle = settle_ms(&d->config->mats[i]) * PL_MS + PL_S;

		if (now_ns - pl_engine_heartbeat(d->engines[i]) > limit ||
		    now_ns - pl_engine_reader_heartbeat(d->engines[i]) > limit + settle)
			return false;
	}
	return true;
}

static void feed_watchdog(struct pl_daemon *d, int64_t now_ns)
{
	if (d->watchdog_ns == 0 || now_ns < d->next_watchdog_ns)
		return;
	d->next_watchdog_ns = now_ns + d->watchdog_ns / 4;
	if (all_alive(d, now_ns))
		pl_notify("WATCHDOG=1");
}

static void watch_recorder(struct pl_daemon *d, int64_t now_ns)
{
	bool stalled = now_ns - pl_recorder_heartbeat(d->recorder) > RECORDER_STALL_NS;

	if (stalled && !d->recorder_stalled) {
		d->recorder_stalls++;
		pl_daemon_event(d, -1, PL_ERR, "recorder-stalled",
				"the disk of %s has not answered for %d s; frames wait in memory",
				d->config->folder, (int)(RECORDER_STALL_NS / PL_S));
	} else if (!stalled && d->recorder_stalled) {
		pl_daemon_event(d, -1, PL_NOTICE, "recorder-resumed", "the disk answers again");
	}
	d->recorder_stalled = stalled;
}

static void watch_clients(struct pl_daemon *d, int64_t now_ns)
{
	double grown_mb = 0;
	unsigned shut =
		pl_guard_tick(pl_access_guard(d->access), now_ns, pl_looks_bytes(), &grown_mb);

	if (shut)
		pl_daemon_event(
			d, -1, PL_ERR, "clients-cut",
			"memory in use grew by %.0f MB, more than clients may keep waiting; "
			"all %u connections were closed. One of them sends without end, or "
			"many do not read",
			grown_mb, shut);
}

static void by_the_clock(struct pl_daemon *d, int64_t now_ns)
{
	watch_clients(d, now_ns);
	feed_watchdog(d, now_ns);
	watch_recorder(d, now_ns);
	pl_command_timers(d, now_ns);
	pl_visit_run_clock(d, now_ns);
	pl_converter_tick(d->converter, now_ns);
	pl_looks_tick(d->looks, now_ns);
	if (d->stopping && now_ns >= d->next_extend_ns) {
		d->next_extend_ns = now_ns + 5 * PL_S;
		pl_notify("EXTEND_TIMEOUT_USEC=15000000");
	}
	if (now_ns < d->next_status_ns)
		return;
	d->next_status_ns += PL_S;
	if (d->next_status_ns < now_ns)
		d->next_status_ns = now_ns + PL_S;
	pl_calibrated_clock(d);
	pl_daemon_publish_status(d);
	notify_status(d);
}

static bool finished(struct pl_daemon *d, int64_t now_ns)
{
	if (!d->stopping)
		return false;
	if (!pl_command_recording(d) && d->logs_pending == 0 &&
	    pl_converter_following(d->converter) == 0 && pl_looks_changing(d->looks) == 0)
		return true;
	if (now_ns < d->stop_deadline_ns)
		return false;
	pl_logf(d->log, PL_WARNING,
		"files are not finished after %d s; the next start will finish them",
		(int)(FINISH_NS / PL_S));
	return true;
}

static void loop(struct pl_daemon *d)
{
	struct pollfd fds[3 + PL_CONTROL_SOCKETS + PL_LOOK_FDS] = {
		{.fd = d->signal_fd, .events = POLLIN},
		{.fd = d->eventfd, .events = POLLIN},
		{.fd = d->monitor ? udev_monitor_get_fd(d->monitor) : -1, .events = POLLIN},
	};
	const unsigned n_fds = 3 + pl_control_fds(d->control, fds + 3);
	int64_t now = pl_now_ns();
	bool all_asked = true;

	while (!finished(d, now)) {
		int64_t left_ms = (d->next_status_ns - now) / PL_MS;
		int loop_ms = pl_visit_run_busy(d) || !all_asked ? TRIAL_MS : LOOP_MS;

		poll(fds, n_fds + pl_looks_fds(d->looks, fds + n_fds),
		     left_ms < 0	 ? 0
		     : left_ms < loop_ms ? (int)left_ms + 1
					 : loop_ms);
		if (fds[0].revents && !take_signals(d))
			return;
		take_mail(d);
		all_asked = pl_control_poll(d->control); /* always: edge-triggered */
		if (fds[2].revents)
			take_udev(d);
		now = pl_now_ns();
		by_the_clock(d, now);
	}
}

/* ---- beginning ---- */

static int make_signals(struct pl_daemon *d, struct pl_error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &set, NULL); /* all threads to come inherit it */
	signal(SIGPIPE, SIG_IGN);
	d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	d->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->signal_fd < 0 || d->eventfd < 0)
		return pl_error_set(err, PL_EIO, errno,
				    "cannot make signal and event descriptors: %s",
				    strerror(errno));
	d->box = pl_mailbox_new(1024, sizeof(struct pl_main_item), NULL, d->eventfd, err);
	return d->box ? 0 : -1;
}

static void make_udev(struct pl_daemon *d)
{
	/* Where no udev daemon runs, the kernel's own events must do; where there are none either
	 * (containers), a mat that was unplugged is looked for once a second all the same. */
	const char *events = access("/run/udev/control", F_OK) ? "kernel" : "udev";

	d->udev = udev_new();
	d->monitor = d->udev ? udev_monitor_new_from_netlink(d->udev, events) : NULL;
	if (!d->monitor)
		return;
	udev_monitor_filter_add_match_subsystem_devtype(d->monitor, "tty", NULL);
	udev_monitor_filter_add_match_subsystem_devtype(d->monitor, "usb", "usb_device");
	udev_monitor_enable_receiving(d->monitor);
}

static void check_folder(const struct pl_daemon *d, const char *folder, const char *key)
{
	struct pl_error err = {0};

	if (pl_make_folder(folder, 0750, "the archive folder", &err))
		pl_logf(d->log, PL_WARNING, "nothing can be recorded: %s", err.message);
	else if (access(folder, W_OK | X_OK))
		pl_logf(d->log, PL_WARNING,
			"nothing can be recorded: the archive folder %s is not writable: %s; "
			"change its owner or mode, or name another one as archive.%s",
			folder, strerror(errno), key);
}

static void check_archive(const struct pl_daemon *d)
{
	struct pl_error err = {0};

	check_folder(d, d->config->folder, "folder");
	if (*d->config->fallback)
		check_folder(d, d->config->fallback, "fallback");
	if (pl_sessions_note(d->config->folder, d->config->fallback, &err))
		pl_logf(d->log, PL_WARNING, "%s", err.message);
}

static int make_mat(struct pl_daemon *d, unsigned i, struct pl_error *err)
{
	struct pl_engine_setup setup = {
		.entry = &d->config->mats[i],
		.index = i,
		.publisher = d->publisher,
		.publisher_depth = pl_publisher_depth(d->config, i),
		.lane = pl_recorder_lane(d->recorder, i),
		.main_box = d->box,
		.wire = &d->mats[i].wire,
		.view_hz = d->config->view_hz,
		.log = d->log,
	};

	d->engines[i] = d->mats[i].engine = pl_engine_new(&setup, err);
	return d->engines[i] ? 0 : -1;
}

static int make_parts(struct pl_daemon *d, struct pl_error *err)
{
	struct pl_wire_mat *wires[PL_MATS_MAX];

	d->zmq = zmq_ctx_new();
	if (!d->zmq)
		return pl_error_set(err, PL_ENOMEM, errno, "cannot start ZeroMQ: %s",
				    zmq_strerror(errno));
	for (unsigned i = 0; i < d->config->n_mats; i++) {
		wires[i] = &d->mats[i].wire;
		if (pl_wire_mat_init(wires[i], &d->config->mats[i], err))
			return -1;
	}
	d->access = pl_access_new(d->zmq, d->config, d->box, d->log, err);
	if (!d->access)
		return -1;
	d->publisher = pl_publisher_new(d->zmq, d->config, d->access, wires, d->log, err);
	if (!d->publisher) {
		pl_error_prefix(err, "publish: ");
		return -1;
	}
	d->looks = pl_looks_new(d->config, err);
	if (!d->looks)
		return -1;
	d->control = pl_control_new(d->zmq, d->config, d->access, pl_command_handle,
				    pl_command_audit, d, err);
	d->audit = pl_audit_log_new(d->log, err);
	d->recorder = pl_recorder_new(d->config, d->box, d->log, err);
	d->converter = pl_converter_new(pl_command_converted, d, d->log, err);
	if (!d->control || !d->audit || !d->recorder || !d->converter)
		return -1;
	pl_looks_answer_to(d->looks, d->control);
	for (unsigned i = 0; i < d->config->n_mats; i++)
		if (make_mat(d, i, err))
			return -1;
	return 0;
}

static int start_parts(struct pl_daemon *d, struct pl_error *err)
{
	if (pl_publisher_start(d->publisher, err) || pl_audit_log_start(d->audit, err) ||
	    pl_recorder_start(d->recorder, d->engines, err))
		return -1;
	for (unsigned i = 0; i < d->config->n_mats; i++)
		if (pl_engine_start(d->engines[i], err))
			return -1;
	return 0;
}

static int make(struct pl_daemon *d, struct pl_error *err)
{
	char folder[512];

	d->visit = pl_visit_new(err);
	if (!d->visit)
		return -1;
	d->lock_fd = pl_runtime_lock(pl_runtime_dir(folder, sizeof(folder)), err);
	if (d->lock_fd < 0 || make_signals(d, err))
		return -1;
	pl_thread_priority(
		ACQUISITION_NICE); /* inherited by all but recorder, audit and converter */
	check_archive(d);
	if (make_parts(d, err) || start_parts(d, err))
		return -1;
	make_udev(d);
	return 0;
}

/* ---- end ---- */

static void unmake(struct pl_daemon *d)
{
	if (d->access && d->publisher)
		pl_access_remove_view(d->access, "data");
	if (d->access && d->control)
		pl_access_remove_view(d->access, "control");
	for (unsigned i = 0; i < d->config->n_mats; i++)
		if (d->engines[i])
			pl_engine_stop(d->engines[i]);
	pl_looks_free(d->looks);
	pl_control_free(d->control);
	pl_publisher_stop(d->publisher);
	pl_recorder_stop(d->recorder);
	pl_audit_log_stop(d->audit);
	pl_converter_free(d->converter);
	for (unsigned i = 0; i < d->config->n_mats; i++) {
		pl_engine_free(d->engines[i]);
		pl_wire_mat_free(&d->mats[i].wire);
	}
	pl_command_free(d);
	pl_visit_free(d->visit);
	pl_access_free(d->access);
	if (d->zmq)
		zmq_ctx_term(d->zmq);
	if (d->monitor)
		udev_monitor_unref(d->monitor);
	if (d->udev)
		udev_unref(d->udev);
	pl_mailbox_free(d->box);
	close(d->eventfd);
	close(d->signal_fd);
	close(d->lock_fd);
}

int pl_daemon_run(const struct pl_config *config, const struct pl_log *log, struct pl_error *err)
{
	struct pl_daemon *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory");
	d->config = config;
	d->log = log;
	d->eventfd = d->signal_fd = d->lock_fd = d->last_finished = -1;
	d->started_ns = d->next_status_ns = pl_now_ns();
	r = make(d, err);
	if (r == 0) {
		d->watchdog_ns = pl_watchdog_ns();
		pl_notify("READY=1");
		pl_logf(log, PL_NOTICE, PL_SOFTWARE " runs: %u mat%s, control %s, archive %s",
			config->n_mats, config->n_mats == 1 ? "" : "s", config->control[0],
			config->folder);
		pl_visit_run_resume(d);
		loop(d);
		take_mail(d);
	}
	unmake(d);
	for (unsigned i = 0; r == 0 && i < config->n_data; i++)
		pl_endpoint_remove(config->data[i]);
	for (unsigned i = 0; r == 0 && i < config->n_control; i++)
		pl_endpoint_remove(config->control[i]);
	free(d);
	return r;
}
