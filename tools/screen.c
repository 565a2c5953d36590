/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal as a display for a foot. Half blocks give two square pixels a character where the
 * terminal speaks UTF-8 and 256 colours; shades of ASCII remain where it does not. A mat larger
 * than the terminal is shown by the largest cell under each pixel: a peak must never vanish because
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
#define PANEL_COLUMNS 40
#define BAR_COLUMNS 20
#define NARROW_COLUMNS 8 /* less than this for the map: no panel */
#define AGE_STALE_S 1.0
#define GROW_MAX 8
#define EPSILON 1e-9 /* of a cell: rounding must not move a border */

static struct {
	SCREEN *screen;
	bool colour, half_blocks;
	double top; /* value of the brightest colour; falls slowly */
} term;

/* xterm's 256 colours: black, blue, green, yellow, red. */
static const short palette[LEVELS] = {16, 17, 18,  19,	20,  26,  32,  38,
				      43, 48, 118, 190, 226, 220, 208, 196};
static const char shades[LEVELS + 1] = " ..::--==++**##@";

bool pl_screen_open(void)
{
	setlocale(LC_CTYPE, "");
	term.screen = newterm(NULL, stdout, stdin);
	if (!term.screen)
		return false;
	if (!tigetstr("cup")) { /* a terminal that only types on, such as "dumb" */
		pl_screen_close();
		return false;
	}
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

/* How cells become pixels. A pixel is as wide as high, so that a foot keeps its shape on mats whose
 * cells are not square. */
struct scaling {
	double cells_x, cells_y; /* cells a pixel; below 1 a cell is several pixels */
	unsigned pixels_x, pixels_y;
};

static double pitch_mm(const struct pl_view *view, const char *key)
{
	double mm = json_number_value(json_object_get(view->header, key));

	return mm > 0 ? mm : 1;
}

static unsigned pixels_of(unsigned cells, double cells_a_pixel, unsigned room)
{
	double n = ceil(cells / cells_a_pixel - EPSILON);

	return n < 1 ? 1 : n > room ? room : (unsigned)n;
}

static struct scaling scale_to_fit(const struct pl_view *view, int columns, int lines)
{
	double pitch_x = pitch_mm(view, "pitch_col_mm"), pitch_y = pitch_mm(view, "pitch_row_mm");
	unsigned room_x = columns > 1 ? (unsigned)columns : 1;
	unsigned room_y = lines > 1 ? 2 * (unsigned)lines : 2;
	double mm = fmax(view->cols * pitch_x / room_x, view->rows * pitch_y / room_y);
	double smallest = fmin(pitch_x, pitch_y);
	struct scaling s;

	if (mm < smallest) /* enlarged by whole numbers: cells of one size */
		mm = smallest / fmin(floor(smallest / mm + EPSILON), GROW_MAX);
	s.cells_x = mm / pitch_x;
	s.cells_y = mm / pitch_y;
	s.pixels_x = pixels_of(view->cols, s.cells_x, room_x);
	s.pixels_y = pixels_of(view->rows, s.cells_y, room_y);
	return s;
}

/* The cells of one row or column that pixel i stands for: [*from, *to), never none. */
static void cells_of(unsigned i, double cells_a_pixel, unsigned *from, unsigned *to)
{
	*from = (unsigned)(i * cells_a_pixel + EPSILON);
	*to = (unsigned)((i + 1) * cells_a_pixel + EPSILON);
	if (*to <= *from)
		*to = *from + 1;
}

/* The largest cell under a pixel. */
static double pixel_value(const struct pl_view *view, const struct scaling *s, unsigned px,
			  unsigned py)
{
	unsigned r0, r1, c0, c1;
	double largest = 0;

	cells_of(py, s->cells_y, &r0, &r1);
	cells_of(px, s->cells_x, &c0, &c1);
	for (unsigned r = r0; r < r1 && r < view->rows; r++)
		for (unsigned c = c0; c < c1 && c < view->cols; c++)
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
		mvaddch(line, column, (chtype)(unsigned char)shades[upper]);
}

static void draw_map(const struct pl_view *view, const struct scaling *s)
{
	for (unsigned y = 0; y < s->pixels_y; y += 2) {
		for (unsigned x = 0; x < s->pixels_x; x++) {
			unsigned upper = level_of(pixel_value(view, s, x, y));
			unsigned lower =
				y + 1 < s->pixels_y ? level_of(pixel_value(view, s, x, y + 1)) : 0;

			if (!term.half_blocks)
				upper = lower = upper > lower ? upper : lower;
			draw_character((int)(y / 2), (int)x, upper, lower);
		}
	}
	attr_set(A_NORMAL, 0, NULL);
}

/* A letter where a centre of pressure is. Mat coordinates: x right, y forward, row 0 in front. */
static void draw_cop(const struct pl_view *view, const struct scaling *s, const char *x_name,
		     const char *y_name, char letter)
{
	double x_mm = pl_view_metric(view, x_name, NULL), y_mm = pl_view_metric(view, y_name, NULL);
	double px, py;

	if (!isfinite(x_mm) || !isfinite(y_mm))
		return;
	px = x_mm / pitch_mm(view, "pitch_col_mm") / s->cells_x;
	py = (view->rows - y_mm / pitch_mm(view, "pitch_row_mm")) / s->cells_y;
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

/* A bar of two shares: the first from the left end, the second from the right, dots for what
 * belongs to neither (the midfoot). */
static void put_bar(int line, int column, const char *first, double first_pct, const char *second,
		    double second_pct)
{
	int filled, rest;

	if (!isfinite(first_pct)) {
		mvprintw(line, column, "%-6s   -  ", first);
		return;
	}
	filled = (int)lround(BAR_COLUMNS * fmin(fmax(first_pct, 0), 100) / 100);
	rest = isfinite(second_pct) ? (int)lround(BAR_COLUMNS * (100 - second_pct) / 100) : filled;
	mvprintw(line, column, "%-5s%4.0f ", first, first_pct);
	for (int i = 0; i < BAR_COLUMNS; i++) {
		if (i < filled)
			attron(A_REVERSE);
		addch(i == BAR_COLUMNS / 2 ? '|' : i >= filled && i < rest ? '.' : ' ');
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

/* Where there is no room for the panel: what matters most, in a line. */
static void draw_summary(const struct pl_view *view, const struct pl_screen_notes *notes)
{
	const char *unit = "";
	double force = pl_view_metric(view, "force", &unit);
	double left = pl_view_metric(view, "left", NULL);
	double heel = pl_view_metric(view, "heel", NULL);

	move(LINES - 2, 0);
	if (notes->age_s > AGE_STALE_S)
		printw("no frame for %.0f s", notes->age_s);
	else if (isfinite(force))
		printw("%.0f %s", force, unit);
	if (isfinite(left))
		printw("  left %.0f %%", left);
	if (isfinite(heel))
		printw("  heel %.0f %%", heel);
}

void pl_screen_draw(const struct pl_view *view, const struct pl_screen_notes *notes)
{
	int map_columns = COLS - PANEL_COLUMNS - 2;
	bool panel = map_columns > NARROW_COLUMNS;
	struct scaling s;

	erase();
	if (!view->header) {
		mvaddstr(0, 0, "waiting for the first frame ...   q: quit");
		mvaddstr(2, 0, notes->event);
		refresh();
		return;
	}
	follow_top(view);
	s = scale_to_fit(view, panel ? map_columns : COLS, LINES - (panel ? 1 : 2));
	draw_map(view, &s);
	draw_cop(view, &s, "left_cop_x", "left_cop_y", 'L');
	draw_cop(view, &s, "right_cop_x", "right_cop_y", 'R');
	draw_cop(view, &s, "cop_x", "cop_y", '+');
	if (panel)
		draw_panel(view, notes, (int)s.pixels_x + 2);
	else
		draw_summary(view, notes);
	mvaddnstr(LINES - 1, 0, notes->event, panel ? (int)s.pixels_x : COLS);
	refresh();
}
