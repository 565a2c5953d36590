/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sensors age, and a calibration without an end is believed for ever. So a calibration may name the
 * day until which it holds; behind that day its numbers stay on file, but values are counts again.
 */
#include <stdlib.h>
#include <string.h>

#include <plantar/calibration.h>

#define EXPIRED_MARK "+expired"
#define DAY_S 86400

static bool leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int64_t year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && leap(year));
}

static int64_t days_before_year(int64_t year)
{
	int64_t y = year - 1;

	return 365 * y + y / 4 - y / 100 + y / 400;
}

static int digits(const char *s, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		value = 10 * value + (s[i] - '0');
	}
	return value;
}

int64_t pl_calibration_day(const char *date)
{
	int year, month, day;
	int64_t days;

	if (strlen(date) != 10 || date[4] != '-' || date[7] != '-')
		return -1;
	year = digits(date, 4);
	month = digits(date + 5, 2);
	day = digits(date + 8, 2);
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month))
		return -1;
	days = days_before_year(year) - days_before_year(1970) + day - 1;
	for (int m = 1; m < month; m++)
		days += days_in(year, m);
	return days;
}

static void put(char *to, int n, int64_t value)
{
	for (; n > 0; value /= 10)
		to[--n] = (char)('0' + value % 10);
}

void pl_calibration_date(int64_t utc_s, char date[11])
{
	int64_t days = utc_s > 0 ? utc_s / DAY_S : 0, year = 1970;
	int month = 1;

	for (; year < 9999 && days >= 365 + leap(year); year++)
		days -= 365 + leap(year);
	for (; month < 12 && days >= days_in(year, month); month++)
		days -= days_in(year, month);
	if (days >= days_in(year, month))
		days = days_in(year, month) - 1; /* behind the last day that can be written */
	date[10] = '\0';
	put(date, 4, year);
	date[4] = date[7] = '-';
	put(date + 5, 2, month);
	put(date + 8, 2, days + 1);
}

bool pl_calibration_expired(const struct pl_calibration *cal, int64_t utc_s)
{
	int64_t last = *cal->origin.expires ? pl_calibration_day(cal->origin.expires) : -1;

	return last >= 0 && utc_s >= (last + 1) * DAY_S;
}

void pl_calibration_expire(struct pl_calibration *cal)
{
	size_t room = sizeof(cal->id) - sizeof(EXPIRED_MARK), n = strlen(cal->id);

	if (!pl_calibrated(cal))
		return;
	memcpy(cal->id + (n < room ? n : room), EXPIRED_MARK, sizeof(EXPIRED_MARK));
	cal->unit = PL_UNIT_COUNTS;
	cal->scale = 1;
	cal->noise_floor = 0;
	cal->contact = 0;
	cal->curve_points = 0;
	free(cal->cell_gain);
	cal->cell_gain = NULL;
	cal->origin.expired = true;
}
