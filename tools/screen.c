/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal as a display for a foot. Half blocks give two square pixels a character where the
 * terminal speaks UTF-8 and 256 colours; shades of ASCII remain where it does not. A mat larger
 * than the terminal is shown by the largest cell of each block: a peak must never vanish because
 * the window is small.
 */
#include "tools/screen.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <ncurses.h>

#define LEVELS 16
#define PANEL_COLUMNS 38
#define BAR_COLUMNS 20
#define AGE_STALE_S 1.0

static struct {
	SCREEN *screen;
	bool colour, half_blocks;
	double top; /* value of the brightest colour; falls slowly */
} term;

/* xterm's 256 colours, dark to bright, each brighter than the one before. */
static const short palette[LEVELS] = {16, 17, 18,  19,	20,  26,  32,  38,
				      43, 48, 118, 190, 226, 220, 208, 196};
static const char shades[LEVELS + 1] = " ..::--==++**##@";

bool pl_screen_open(void)
{
	setlocale(LC_CTYPE, "");
	term.screen = newterm(NULL, stdout, stdin);
	if (!term.screen)
		return false;
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	curs_set(0);
	term.colour = has_colors() && start_color() == OK && COLORS >= 256 &&
		      COLOR_PAIRS > LEVELS * LEVELS;
	term.half_blocks = term.colour && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	for (short upper = 0; term.colour && upper < LEVELS; upper++)
		for (short lower = 0; lower < LEVELS; lower++)
			init_pair((short)(1 + upper * LEVELS + lower), palette[upper],
				  palette[lower]);
	return true;
}

void pl_screen_close(void)
{
	if (!term.screen)
		return;
	endwin();
	delscreen(term.screen);
	term.screen = NULL;
}

int pl_screen_key(void)
{
	int key = getch();

	return key == ERR || key == KEY_RESIZE ? 0 : key;
}

/* How cells become pixels: shrink cells a pixel, or grow pixels a cell; one of the two is 1. */
struct scaling {
	unsigned shrink, grow;
	unsigned pixels_x, pixels_y;
};

static struct scaling scale_to_fit(const struct pl_view *view, int columns, int lines)
{
	struct scaling s = {.shrink = 1, .grow = 1};
	unsigned room_x = columns > 1 ? (unsigned)columns : 1;
	unsigned room_y = lines > 1 ? 2 * (unsigned)lines : 2;

	while ((view->cols + s.shrink - 1) / s.shrink > room_x ||
	       (view->rows + s.shrink - 1) / s.shrink > room_y)
		s.shrink++;
	while (s.shrink == 1 && s.grow < 8 && view->cols * (s.grow + 1) <= room_x &&
	       view->rows * (s.grow + 1) <= room_y)
		s.grow++;
	s.pixels_x = (view->cols + s.shrink - 1) / s.shrink * s.grow;
	s.pixels_y = (view->rows + s.shrink - 1) / s.shrink * s.grow;
	return s;
}

/* The largest cell under a pixel. */
static double pixel_value(const struct pl_view *view, const struct scaling *s, unsigned px,
			  unsigned py)
{
	unsigned r0 = py / s->grow * s->shrink, c0 = px / s->grow * s->shrink;
	double largest = 0;

	for (unsigned r = r0; r < r0 + s->shrink && r < view->rows; r++)
		for (unsigned c = c0; c < c0 + s->shrink && c < view->cols; c++)
			if (view->value[r * view->cols + c] > largest)
				largest = view->value[r * view->cols + c];
	return largest;
}

static unsigned level_of(double value)
{
	double share = term.top > 0 ? value / term.top : 0;

	if (!(share > 0))
		return 0;
	if (share >= 1)
		return LEVELS - 1;
	return 1 + (unsigned)((LEVELS - 2) * sqrt(share)); /* light loads stay visible */
}

static void follow_top(const struct pl_view *view)
{
	double largest = 0;

	for (size_t i = 0; i < (size_t)view->rows * view->cols; i++)
		if (view->value[i] > largest)
			largest = view->value[i];
	term.top = largest > term.top ? largest : term.top * 0.995;
}

static void draw_character(int line, int column, unsigned upper, unsigned lower)
{
	if (term.colour)
		attr_set(A_NORMAL, (short)(1 + upper * LEVELS + lower), NULL);
	if (term.half_blocks)
		mvaddstr(line, column, upper == lower ? " " : "\342\226\200");
	else
		mvaddch(line, column, (chtype)(unsigned char)shades[upper > lower ? upper : lower]);
}

static void draw_map(const struct pl_view *view, const struct scaling *s)
{
	for (unsigned y = 0; y < s->pixels_y; y += 2) {
		for (unsigned x = 0; x < s->pixels_x; x++) {
			unsigned upper = level_of(pixel_value(view, s, x, y));
			unsigned lower =
				y + 1 < s->pixels_y ? level_of(pixel_value(view, s, x, y + 1)) : 0;

			if (!term.half_blocks && lower > upper)
				upper = lower;
			draw_character((int)(y / 2), (int)x, term.half_blocks ? upper : upper,
				       term.half_blocks ? lower : upper);
		}
	}
	attr_set(A_NORMAL, 0, NULL);
}

/* A letter where a centre of pressure is. Mat coordinates: x right, y forward, row 0 in front. */
static void draw_cop(const struct pl_view *view, const struct scaling *s, const char *x_name,
		     const char *y_name, char letter)
{
	double x_mm = pl_view_metric(view, x_name, NULL), y_mm = pl_view_metric(view, y_name, NULL);
	double pitch_x = json_number_value(json_object_get(view->header, "pitch_col_mm"));
	double pitch_y = json_number_value(json_object_get(view->header, "pitch_row_mm"));
	double px, py;

	if (!isfinite(x_mm) || !isfinite(y_mm) || !(pitch_x > 0) || !(pitch_y > 0))
		return;
	px = x_mm / pitch_x * s->grow / s->shrink;
	py = (view->rows - y_mm / pitch_y) * s->grow / s->shrink;
	if (px < 0 || py < 0 || px >= s->pixels_x || py >= s->pixels_y)
		return;
	attron(A_REVERSE | A_BOLD);
	mvaddch((int)py / 2, (int)px, (chtype)(unsigned char)letter);
	attroff(A_REVERSE | A_BOLD);
}

static void put_figure(int line, int column, const char *label, double value, const char *unit)
{
	if (isfinite(value))
		mvprintw(line, column, "%-15s %10.1f %s", label, value, unit ? unit : "");
	else
		mvprintw(line, column, "%-15s %10s", label, "-");
}

/* A bar of two shares that add up to 100 %: the first from the left end, the second the rest. */
static void put_bar(int line, int column, const char *first, double first_pct, const char *second,
		    double second_pct)
{
	int filled;

	if (!isfinite(first_pct)) {
		mvprintw(line, column, "%-6s   -  ", first);
		return;
	}
	filled = (int)lround(BAR_COLUMNS * fmin(fmax(first_pct, 0), 100) / 100);
	mvprintw(line, column, "%-5s%4.0f ", first, first_pct);
	for (int i = 0; i < BAR_COLUMNS; i++) {
		if (i < filled)
			attron(A_REVERSE);
		addch(i == BAR_COLUMNS / 2 ? '|' : ' ');
		attroff(A_REVERSE);
	}
	if (isfinite(second_pct))
		printw(" %-3.0f %s", second_pct, second);
}

static int draw_foot(const struct pl_view *view, int line, int column, const char *foot,
		     const char *title)
{
	char name[64];
	const char *unit;
	double force, heel, fore;

	snprintf(name, sizeof(name), "%s_force", foot);
	force = pl_view_metric(view, name, &unit);
	snprintf(name, sizeof(name), "%s_heel", foot);
	heel = pl_view_metric(view, name, NULL);
	snprintf(name, sizeof(name), "%s_forefoot", foot);
	fore = pl_view_metric(view, name, NULL);
	if (!isfinite(force))
		return line;
	put_figure(line++, column, title, force, unit);
	put_bar(line++, column, "heel", heel, "fore", fore);
	return line + 1;
}

static void draw_panel(const struct pl_view *view, const struct pl_screen_notes *notes, int column)
{
	const json_t *mat = json_object_get(view->header, "mat");
	const char *unit;
	double value;
	int line = 0;

	attron(A_BOLD);
	mvprintw(line++, column, "%s", json_is_string(mat) ? json_string_value(mat) : "");
	if (json_is_true(json_object_get(view->header, "recording")))
		mvprintw(line - 1, column + 20, "* recording");
	attroff(A_BOLD);
	mvprintw(line++, column, "frame %" JSON_INTEGER_FORMAT ", %llu lost",
		 json_integer_value(json_object_get(view->header, "seq")),
		 (unsigned long long)pl_view_lost(view));
	if (notes->age_s > AGE_STALE_S)
		mvprintw(line, column, "no frame for %.0f s", notes->age_s);
	else if (isfinite(notes->view_hz))
		mvprintw(line, column, "%.0f pictures a second", notes->view_hz);
	line += 2;
	value = pl_view_metric(view, "force", &unit);
	put_figure(line++, column, "force", value, unit);
	value = pl_view_metric(view, "pressure_peak", &unit);
	put_figure(line++, column, "peak pressure", value, unit);
	put_figure(line++, column, "contact area", pl_view_metric(view, "contact_area", NULL),
		   "cm2");
	put_figure(line++, column, "CoP x", pl_view_metric(view, "cop_x", NULL), "mm");
	put_figure(line++, column, "CoP y", pl_view_metric(view, "cop_y", NULL), "mm");
	line++;
	put_bar(line++, column, "left", pl_view_metric(view, "left", NULL), "right",
		pl_view_metric(view, "right", NULL));
	put_bar(line++, column, "heel", pl_view_metric(view, "heel", NULL), "fore",
		pl_view_metric(view, "forefoot", NULL));
	line++;
	line = draw_foot(view, line, column, "left", "left foot");
	line = draw_foot(view, line, column, "right", "right foot");
	line = draw_foot(view, line, column, "foot", "foot, side ?");
	mvprintw(LINES - 2, column, "brightest: %.0f %s", term.top, view->unit);
	mvprintw(LINES - 1, column, "q: quit   m: mark");
}

void pl_screen_draw(const struct pl_view *view, const struct pl_screen_notes *notes)
{
	struct scaling s;
	int map_columns = COLS - PANEL_COLUMNS - 2;

	erase();
	if (!view->header) {
		mvaddstr(0, 0, "waiting for the first frame ...   q: quit");
		mvaddstr(2, 0, notes->event);
		refresh();
		return;
	}
	follow_top(view);
	s = scale_to_fit(view, map_columns > 8 ? map_columns : COLS, LINES - 1);
	draw_map(view, &s);
	draw_cop(view, &s, "left_cop_x", "left_cop_y", 'L');
	draw_cop(view, &s, "right_cop_x", "right_cop_y", 'R');
	draw_cop(view, &s, "cop_x", "cop_y", '+');
	if (map_columns > 8)
		draw_panel(view, notes, (int)s.pixels_x + 2);
	mvaddnstr(LINES - 1, 0, notes->event,
		  map_columns > 8 && (int)s.pixels_x < COLS ? (int)s.pixels_x : COLS);
	refresh();
}
