/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock fit against simulated mats whose true sampling times are known. Error of a frame:
 * t_est minus true time. Its mean over the measured span is the constant part of the delay, which
 * nobody can see from arrival times; what counts is the RMS about that mean, and that it is much
 * smaller than the same figure of the arrival stamps.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <plantar/clockfit.h>

#define START_NS INT64_C(5000000000000) /* host time of the first frame */
#define NO_DEVICE_TIME INT64_MIN

struct mat {
	const char *name;
	double rate_hz;	      /* as configured */
	double true_rate_hz;  /* by the host's clock, apart from the drift; 0: as configured */
	double drift_ppm;     /* device clock too slow: its periods last longer than it says */
	double delay_mean_ns; /* exponential */
	double bunch_ns;      /* frames wait for the next multiple of this, as in an FTDI adapter */
	double device_unit_ns; /* resolution of the device's time; 0: it has none */
	double rms_limit_ms;   /* from 5 s on */
};

struct outcome {
	double raw_rms_ms, rms_ms, worst_ms; /* worst: largest deviation from the mean */
};

static uint64_t random_state;

static double random_unit(void) /* (0, 1] */
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return ((double)(random_state >> 11) + 1) / 9007199254740992.0;
}

struct running {
	double sum, squares, low, high;
	unsigned n;
};

static void running_add(struct running *r, double x)
{
	r->low = r->n ? fmin(r->low, x) : x;
	r->high = r->n ? fmax(r->high, x) : x;
	r->sum += x;
	r->squares += x * x;
	r->n++;
}

static double running_rms(const struct running *r)
{
	double mean = r->sum / r->n;

	return sqrt(fmax(0, r->squares / r->n - mean * mean));
}

/* One mat from 0 to until_s, its error from from_s on. Holds the two promises for every frame. */
static struct outcome simulate(const struct mat *mat, double from_s, double until_s)
{
	double rate = mat->true_rate_hz > 0 ? mat->true_rate_hz : mat->rate_hz;
	double period_ns = 1e9 / rate * (1 + mat->drift_ppm * 1e-6), mean;
	struct running est = {0}, raw = {0};
	int64_t last_est = INT64_MIN, last_mono = INT64_MIN;
	struct pl_clockfit fit;

	random_state = 88172645463325252u;
	pl_clockfit_init(&fit, mat->rate_hz);
	for (uint64_t seq = 0; (double)seq * period_ns < until_s * 1e9; seq++) {
		double true_ns = (double)seq * period_ns;
		double arrival_ns = true_ns + 300e3 - mat->delay_mean_ns * log(random_unit());
		int64_t t_device = NO_DEVICE_TIME, t_mono, t_est;

		if (mat->bunch_ns > 0)
			arrival_ns = ceil(arrival_ns / mat->bunch_ns) * mat->bunch_ns;
		t_mono = START_NS + (int64_t)arrival_ns;
		if (t_mono < last_mono)
			t_mono = last_mono; /* a stream keeps its order */
		last_mono = t_mono;
		if (mat->device_unit_ns > 0)
			t_device = (int64_t)(floor((double)seq * 1e9 / mat->rate_hz /
						   mat->device_unit_ns) *
					     mat->device_unit_ns);
		t_est = pl_clockfit_push(&fit, t_device, seq, t_mono);
		assert_true(t_est <= t_mono);
		assert_true(t_est >= last_est);
		last_est = t_est;
		if (true_ns < from_s * 1e9)
			continue;
		running_add(&est, (double)(t_est - START_NS) - true_ns);
		running_add(&raw, (double)(t_mono - START_NS) - true_ns);
	}
	mean = est.sum / est.n;
	return (struct outcome){.rms_ms = running_rms(&est) / 1e6,
				.raw_rms_ms = running_rms(&raw) / 1e6,
				.worst_ms = fmax(est.high - mean, mean - est.low) / 1e6};
}

static const struct mat mats[] = {
	{.name = "USB, 100 Hz, device time in us",
	 .rate_hz = 100,
	 .drift_ppm = 80,
	 .delay_mean_ns = 2e6,
	 .device_unit_ns = 1e3,
	 .rms_limit_ms = 0.2},
	{.name = "USB, 100 Hz, counter only",
	 .rate_hz = 100,
	 .drift_ppm = 80,
	 .delay_mean_ns = 2e6,
	 .rms_limit_ms = 0.2},
	{.name = "device clock too fast by 80 ppm",
	 .rate_hz = 100,
	 .drift_ppm = -80,
	 .delay_mean_ns = 2e6,
	 .device_unit_ns = 1e3,
	 .rms_limit_ms = 0.2},
	{.name = "device clock at the bound, 450 ppm",
	 .rate_hz = 250,
	 .drift_ppm = 450,
	 .delay_mean_ns = 1e6,
	 .device_unit_ns = 1e3,
	 .rms_limit_ms = 0.2},
	{.name = "FTDI 16 ms, 100 Hz, device time in ms",
	 .rate_hz = 100,
	 .drift_ppm = 80,
	 .delay_mean_ns = 0.3e6,
	 .bunch_ns = 16e6,
	 .device_unit_ns = 1e6,
	 .rms_limit_ms = 1},
	{.name = "FTDI 16 ms, 500 Hz, device time in us",
	 .rate_hz = 500,
	 .drift_ppm = 80,
	 .delay_mean_ns = 0.3e6,
	 .bunch_ns = 16e6,
	 .device_unit_ns = 1e3,
	 .rms_limit_ms = 1},
	{.name = "FTDI 16 ms, 500 Hz, counter only",
	 .rate_hz = 500,
	 .drift_ppm = 80,
	 .delay_mean_ns = 0.3e6,
	 .bunch_ns = 16e6,
	 .rms_limit_ms = 1},
	{.name = "FTDI 16 ms, 60 Hz, counter only",
	 .rate_hz = 60,
	 .drift_ppm = 80,
	 .delay_mean_ns = 0.5e6,
	 .bunch_ns = 16e6,
	 .rms_limit_ms = 1},
	{.name = "slow mat, 10 Hz, heavy load",
	 .rate_hz = 10,
	 .drift_ppm = 80,
	 .delay_mean_ns = 5e6,
	 .rms_limit_ms = 1.5},
};

static void test_error_after_five_seconds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mats) / sizeof(mats[0]); i++) {
		struct outcome early = simulate(&mats[i], 5, 35);
		struct outcome late = simulate(&mats[i], 60, 240);

		print_message("%-40s arrival %.3f ms RMS; estimate 5..35 s %.3f (worst %.3f), "
			      "60..240 s %.3f (worst %.3f)\n",
			      mats[i].name, early.raw_rms_ms, early.rms_ms, early.worst_ms,
			      late.rms_ms, late.worst_ms);
		assert_true(early.rms_ms < mats[i].rms_limit_ms);
		assert_true(late.rms_ms < mats[i].rms_limit_ms);
		assert_true(early.rms_ms < 0.5 * early.raw_rms_ms);
	}
}

static void test_wrong_rates_are_measured(void **state)
{
	static const struct mat wrong[] = {
		{.name = "1 % slower than configured",
		 .rate_hz = 100,
		 .true_rate_hz = 99,
		 .delay_mean_ns = 1e6},
		{.name = "1 % faster", .rate_hz = 100, .true_rate_hz = 101, .delay_mean_ns = 1e6},
		{.name = "0.2 % slower",
		 .rate_hz = 100,
		 .true_rate_hz = 99.8,
		 .delay_mean_ns = 1e6},
		{.name = "half", .rate_hz = 100, .true_rate_hz = 50, .delay_mean_ns = 1e6},
		{.name = "twice", .rate_hz = 50, .true_rate_hz = 100, .delay_mean_ns = 1e6},
		{.name = "RC oscillator, 3 %",
		 .rate_hz = 100,
		 .true_rate_hz = 97,
		 .delay_mean_ns = 1e6,
		 .device_unit_ns = 1e3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct outcome o = simulate(&wrong[i], 30, 90);

		print_message("%-40s arrival %.3f ms RMS; estimate 30..90 s %.3f (worst %.3f)\n",
			      wrong[i].name, o.raw_rms_ms, o.rms_ms, o.worst_ms);
		assert_true(o.rms_ms < 1);
	}
}

/* Push n frames of 10 ms from device time 0 at host time start_ns; the last estimate minus t_mono.
 */
static int64_t run_frames(struct pl_clockfit *fit, int64_t device_ns, int64_t start_ns, int n,
			  int64_t *last_est)
{
	int64_t t_est = 0, t_mono = 0;

	for (int i = 0; i < n; i++) {
		t_mono = start_ns + i * INT64_C(10000000);
		t_est = pl_clockfit_push(fit, device_ns + i * INT64_C(10000000), (uint64_t)i,
					 t_mono);
		assert_true(t_est <= t_mono && t_est >= *last_est);
		*last_est = t_est;
	}
	return t_est - t_mono;
}

static void test_first_frames(void **state)
{
	struct pl_clockfit fit;

	(void)state;
	pl_clockfit_init(&fit, 100);
	assert_int_equal(pl_clockfit_push(&fit, 777, 0, START_NS), START_NS);
	/* handed over together: later by device time, so the first was late; still monotone */
	assert_int_equal(pl_clockfit_push(&fit, 777 + 10000000, 1, START_NS), START_NS);
	assert_int_equal(pl_clockfit_push(&fit, 777 + 20000000, 2, START_NS + 13000000),
			 START_NS + 10000000);
}

static void test_unknown_rate(void **state)
{
	struct pl_clockfit fit;

	(void)state;
	for (double rate = -1; rate <= 0; rate++) {
		pl_clockfit_init(&fit, rate);
		for (int i = 0; i < 500; i++) {
			int64_t t_mono = START_NS + i * INT64_C(9000000) + i % 7 * 1000000;

			assert_int_equal(
				pl_clockfit_push(&fit, NO_DEVICE_TIME, (uint64_t)i, t_mono),
				t_mono);
		}
	}
	pl_clockfit_init(&fit, NAN);
	assert_int_equal(pl_clockfit_push(&fit, NO_DEVICE_TIME, 0, 5), 5);
}

static void test_device_reset(void **state)
{
	struct pl_clockfit fit;
	int64_t last = INT64_MIN;
	double drift;

	(void)state;
	pl_clockfit_init(&fit, 100);
	assert_int_equal(run_frames(&fit, 0, START_NS, 2000, &last), 0);
	drift = fit.drift;
	/* switched off and on: its clock begins at 0 again, 3 s later */
	assert_int_equal(run_frames(&fit, 0, START_NS + INT64_C(23000000000), 1, &last), 0);
	assert_true(fit.drift == drift);
	assert_int_equal(run_frames(&fit, 10000000, START_NS + INT64_C(23010000000), 500, &last),
			 0);
	/* a leap of its clock, by an hour ahead */
	assert_int_equal(run_frames(&fit, INT64_C(3600000000000), START_NS + INT64_C(28010000000),
				    500, &last),
			 0);
}

/* A process that was stopped finds the backlog in the kernel: late frames, not a new time base. */
static void test_backlog_is_delay(void **state)
{
	int64_t last = INT64_MIN, resume = START_NS + INT64_C(15000000000);
	struct pl_clockfit fit;

	(void)state;
	pl_clockfit_init(&fit, 100);
	run_frames(&fit, 0, START_NS, 1000, &last);
	for (int i = 1000; i < 1500; i++) {
		int64_t true_ns = START_NS + i * INT64_C(10000000);
		int64_t t_est = pl_clockfit_push(&fit, i * INT64_C(10000000), (uint64_t)i,
						 resume + (i - 1000) * 1000);

		assert_true(llabs(t_est - true_ns) < 1000000);
		last = t_est;
	}
	assert_true(llabs(run_frames(&fit, INT64_C(15010000000), resume + 10000000, 1000, &last)) <
		    1000000);
}

/* Frames lost that no counter shows: from then on everything looks late, but must not stay so. */
static void test_uncounted_loss_is_forgotten(void **state)
{
	int64_t start = START_NS;
	struct pl_clockfit fit;
	int64_t t_est = 0, t_mono = 0;

	(void)state;
	pl_clockfit_init(&fit, 100);
	for (int i = 0; i < 6000; i++) {
		if (i == 2000)
			start += INT64_C(10000000); /* one */
		if (i == 4000)
			start += INT64_C(5000000000); /* five hundred */
		t_mono = start + i * INT64_C(10000000);
		t_est = pl_clockfit_push(&fit, NO_DEVICE_TIME, (uint64_t)i, t_mono);
		if (i == 3000 || i == 4400)
			assert_true(t_mono - t_est < 1000000);
	}
	assert_true(t_mono - t_est < 1000000);
}

static void test_clocks_that_are_none(void **state)
{
	static const double speeds[] = {0, 0.01, 20, 1000};
	struct pl_clockfit fit;

	(void)state;
	for (size_t s = 0; s < 4; s++) {
		pl_clockfit_init(&fit, 100);
		for (int i = 0; i < 3000; i++) {
			int64_t t_mono = START_NS + i * INT64_C(10000000);
			int64_t t_device = (int64_t)(speeds[s] * i * 1e7);
			int64_t t_est = pl_clockfit_push(&fit, t_device, (uint64_t)i, t_mono);

			assert_true(t_est <= t_mono);
			if (i > 400)
				assert_int_equal(t_est, t_mono);
		}
	}
}

static void test_garbage_never_breaks_the_promises(void **state)
{
	static const int64_t odd[] = {0, -1, 1, INT64_MAX, INT64_MIN + 1, INT64_MIN, 1000000000};
	struct pl_clockfit fit;
	int64_t last = INT64_MIN, t_mono = -5;

	(void)state;
	random_state = 7;
	pl_clockfit_init(&fit, 1e-3);
	for (int i = 0; i < 200000; i++) {
		int64_t t_device = odd[random_state % 7], t_est;
		uint64_t seq = random_state % 3 ? (uint64_t)i : random_state;

		if (random_unit() < 0.3)
			t_device = (int64_t)random_state;
		t_mono += (int64_t)(random_unit() * 3e9);
		t_est = pl_clockfit_push(&fit, t_device, seq, t_mono);
		assert_true(t_est <= t_mono && t_est >= last);
		last = t_est;
		assert_true(fabs(fit.drift) <= 500e-6);
	}
}

/*
 * Everything that can happen to two clocks in a day, at random: a drift of up to 500 ppm, the
 * device switched off and on (its clock begins anew), the host asleep (its monotonic clock stands
 * still while the device goes on), or the mat silent for as long; threads that do not get to run
 * for a while. Monotone and never later than the arrival always; within one sample period of the
 * truth but for two seconds behind such an event.
 */
struct day {
	double period_ns, drift, delay_ns;
	int64_t device_base, host_base; /* device and host time are true time plus these */
	double settled_ns;		/* true time from which on the estimate must be right */
	double stall_until_ns;
};

static void happen(struct day *d, double now_ns)
{
	double away_ns = 10e9 + random_unit() * 7200e9;

	switch (random_state % 4) {
	case 0: /* off and on */
		d->device_base = -(int64_t)(now_ns * (1 - d->drift));
		break;
	case 1: /* asleep: the host's clock stood still */
		d->device_base += (int64_t)(away_ns * (1 - d->drift));
		break;
	case 2: /* silence, both clocks go on */
		d->host_base += (int64_t)away_ns;
		d->device_base += (int64_t)(away_ns * (1 - d->drift));
		break;
	default: /* this process does not run; nothing is lost, so nothing needs to settle */
		d->stall_until_ns = now_ns + random_unit() * 0.8e9;
		return;
	}
	d->settled_ns = now_ns + 2e9;
}

static void test_a_day_of_clocks(void **state)
{
	static const double rates[] = {50, 100, 250, 500};
	double worst = 0;

	(void)state;
	for (unsigned run = 0; run < 24; run++) {
		struct day d = {.period_ns = 1e9 / rates[run % 4], .settled_ns = 2e9};
		int64_t last_est = INT64_MIN, last_mono = INT64_MIN;
		struct pl_clockfit fit;
		double event_ns = 20e9;

		random_state = 1000 + run;
		for (int i = 0; i < 10; i++)
			random_unit();
		d.drift = run < 4 ? 500e-6 : run < 8 ? -500e-6 : (random_unit() - 0.5) * 1e-3;
		d.delay_ns = 0.1 * d.period_ns;
		pl_clockfit_init(&fit, rates[run % 4]);
		for (uint64_t seq = 0; (double)seq * d.period_ns < 120e9; seq++) {
			double true_ns = (double)seq * d.period_ns, arrival_ns, error;
			int64_t t_mono, t_est, t_device;

			if (true_ns > event_ns) {
				happen(&d, true_ns);
				event_ns += 15e9 + random_unit() * 10e9;
			}
			arrival_ns =
				fmax(true_ns - d.delay_ns * log(random_unit()), d.stall_until_ns);
			t_mono = START_NS + d.host_base + (int64_t)arrival_ns;
			if (t_mono < last_mono)
				t_mono = last_mono; /* a stream keeps its order */
			last_mono = t_mono;
			t_device = d.device_base + (int64_t)(true_ns * (1 - d.drift));
			t_est = pl_clockfit_push(&fit, t_device / 1000 * 1000, seq, t_mono);
			assert_true(t_est <= t_mono);
			assert_true(t_est >= last_est);
			last_est = t_est;
			error = (double)(t_est - START_NS - d.host_base) - true_ns;
			if (true_ns < d.settled_ns)
				continue;
			worst = fmax(worst, fabs(error) / d.period_ns);
			if (fabs(error) > d.period_ns)
				fail_msg("run %u, %g Hz, drift %g ppm, at %g s: %g ms off", run,
					 rates[run % 4], d.drift * 1e6, true_ns / 1e9, error / 1e6);
		}
	}
	print_message("a day of clocks: worst %.3f periods\n", worst);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_after_five_seconds),
		cmocka_unit_test(test_wrong_rates_are_measured),
		cmocka_unit_test(test_first_frames),
		cmocka_unit_test(test_unknown_rate),
		cmocka_unit_test(test_device_reset),
		cmocka_unit_test(test_backlog_is_delay),
		cmocka_unit_test(test_uncounted_loss_is_forgotten),
		cmocka_unit_test(test_clocks_that_are_none),
		cmocka_unit_test(test_a_day_of_clocks),
		cmocka_unit_test(test_garbage_never_breaks_the_promises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
