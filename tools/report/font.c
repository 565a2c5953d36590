/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The font is read from a file by its path, never looked up by name: what a page looks like, and
 * its bytes, must not depend on what else is installed or how fontconfig feels about it.
 */
#include "tools/report/font.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cairo-ft.h>
#include <ft2build.h>
#include FT_FREETYPE_H

#ifndef PLANTAR_FONT
#define PLANTAR_FONT ""
#endif

struct pl_font {
	FT_Library library;
	FT_Face file[PL_WEIGHTS];
	cairo_font_face_t *face[PL_WEIGHTS];
	cairo_surface_t *scratch;
	cairo_t *measure;
};

/* Of Debian, Fedora, Arch and Alpine, behind what the build found. */
static const char *const places[] = {
	PLANTAR_FONT,
	"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
	"/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
	"/usr/share/fonts/TTF/DejaVuSans.ttf",
	"/usr/share/fonts/dejavu/DejaVuSans.ttf",
};

static const char *find(void)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (*places[i] && access(places[i], R_OK) == 0)
			return places[i];
	return NULL;
}

/* "DejaVuSans.ttf" -> "DejaVuSans-Bold.ttf", "X-Regular.ttf" -> "X-Bold.ttf" */
static void bold_path(const char *path, char *bold, size_t cap)
{
	const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
	size_t stem = dot && (!slash || dot > slash) ? (size_t)(dot - path) : strlen(path);
	static const char regular[] = "-Regular";
	size_t n = sizeof(regular) - 1;

	if (stem > n && strncmp(path + stem - n, regular, n) == 0)
		snprintf(bold, cap, "%.*s-Bold%s", (int)(stem - n), path, path + stem);
	else
		snprintf(bold, cap, "%.*s-Bold%s", (int)stem, path, path + stem);
}

static cairo_font_face_t *load(struct pl_font *font, const char *path, FT_Face *file)
{
	if (FT_New_Face(font->library, path, 0, file))
		return NULL;
	return cairo_ft_font_face_create_for_ft_face(*file, FT_LOAD_NO_HINTING);
}

static bool load_both(struct pl_font *font, const char *path)
{
	char bold[4096];

	font->face[PL_REGULAR] = load(font, path, &font->file[PL_REGULAR]);
	if (!font->face[PL_REGULAR])
		return false;
	bold_path(path, bold, sizeof(bold));
	if (access(bold, R_OK) == 0)
		font->face[PL_BOLD] = load(font, bold, &font->file[PL_BOLD]);
	if (!font->face[PL_BOLD])
		font->face[PL_BOLD] = cairo_font_face_reference(font->face[PL_REGULAR]);
	font->scratch = cairo_recording_surface_create(CAIRO_CONTENT_COLOR, NULL);
	font->measure = cairo_create(font->scratch);
	return cairo_status(font->measure) == CAIRO_STATUS_SUCCESS;
}

struct pl_font *pl_font_open(const char *path, struct pl_error *err)
{
	struct pl_font *font = calloc(1, sizeof(*font));
	const char *from = path ? path : find();

	if (!from)
		pl_error_set(err, PL_ENOENT, 0,
			     "no font: install fonts-dejavu-core, or name a .ttf or .otf file with "
			     "--font");
	else if (!font || FT_Init_FreeType(&font->library))
		pl_error_set(err, PL_ENOMEM, 0, "out of memory for the font");
	else if (load_both(font, from))
		return font;
	else
		pl_error_set(err, PL_EFORMAT, 0,
			     "%s cannot be read as a font; a .ttf or .otf file is expected", from);
	pl_font_close(font);
	return NULL;
}

/* cairo keeps what it has scaled in caches of its own, which hold on to the files: they go first.
 */
void pl_font_close(struct pl_font *font)
{
	if (!font)
		return;
	if (font->measure)
		cairo_destroy(font->measure);
	if (font->scratch)
		cairo_surface_destroy(font->scratch);
	for (int w = 0; w < PL_WEIGHTS; w++)
		if (font->face[w])
			cairo_font_face_destroy(font->face[w]);
	cairo_debug_reset_static_data();
	for (int w = 0; w < PL_WEIGHTS; w++)
		if (font->file[w])
			FT_Done_Face(font->file[w]);
	if (font->library)
		FT_Done_FreeType(font->library);
	free(font);
}

void pl_font_set(const struct pl_font *font, cairo_t *cr, enum pl_weight weight, double size)
{
	cairo_font_options_t *options = cairo_font_options_create();

	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	cairo_set_font_options(cr, options);
	cairo_font_options_destroy(options);
	cairo_set_font_face(cr, font->face[weight]);
	cairo_set_font_size(cr, size);
}

double pl_font_width(const struct pl_font *font, enum pl_weight weight, double size,
		     const char *text)
{
	cairo_text_extents_t e;

	pl_font_set(font, font->measure, weight, size);
	cairo_text_extents(font->measure, text, &e);
	return e.x_advance;
}
