/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report as a file. The bytes depend on the session and the version only: dates are the
 * session's, nothing is counted up from one call to the next, and nothing asks for the time.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cairo-pdf.h>
#include <cairo.h>

#include "tools/report/doc.h"

#define PNG_SCALE (150.0 / 72) /* 150 dots an inch */

static cairo_status_t put_bytes(void *user, const unsigned char *data, unsigned n)
{
	return fwrite(data, 1, n, user) == n ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static int failed(cairo_status_t status, struct pl_error *err)
{
	if (status == CAIRO_STATUS_SUCCESS)
		return 0;
	return pl_error_set(err, status == CAIRO_STATUS_NO_MEMORY ? PL_ENOMEM : PL_EIO, 0,
			    "the page cannot be drawn: %s", cairo_status_to_string(status));
}

static void say_origin(const struct pl_doc *doc, cairo_surface_t *pdf)
{
	time_t s = (time_t)(doc->utc_ns / 1000000000);
	char date[32];
	struct tm tm;

	cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_TITLE, doc->title);
	cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_CREATOR, doc->made_by);
	if (!gmtime_r(&s, &tm) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm))
		strcpy(date, "1970-01-01T00:00:00Z");
	cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_CREATE_DATE, date);
	cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_MOD_DATE, date);
}

int pl_doc_pdf(const struct pl_doc *doc, const struct pl_font *font, FILE *out,
	       struct pl_error *err)
{
	cairo_surface_t *pdf =
		cairo_pdf_surface_create_for_stream(put_bytes, out, PL_PAGE_W, PL_PAGE_H);
	unsigned pages = pl_doc_pages(doc, font);
	cairo_t *cr = cairo_create(pdf);
	struct pl_canvas *c = pl_canvas_cairo(font, cr);
	cairo_status_t status;

	cairo_pdf_surface_restrict_to_version(pdf, CAIRO_PDF_VERSION_1_5);
	say_origin(doc, pdf);
	for (unsigned page = 1; c && page <= pages; page++) {
		pl_doc_draw(doc, font, c, page, pages);
		cairo_show_page(cr);
	}
	status = c ? cairo_status(cr) : CAIRO_STATUS_NO_MEMORY;
	pl_canvas_free(c);
	cairo_destroy(cr);
	cairo_surface_finish(pdf);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_status(pdf);
	cairo_surface_destroy(pdf);
	return failed(status, err);
}

int pl_doc_png(const struct pl_doc *doc, const struct pl_font *font, unsigned page, FILE *out,
	       struct pl_error *err)
{
	cairo_surface_t *png =
		cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(PL_PAGE_W * PNG_SCALE + 0.5),
					   (int)(PL_PAGE_H * PNG_SCALE + 0.5));
	cairo_t *cr = cairo_create(png);
	struct pl_canvas *c = pl_canvas_cairo(font, cr);
	cairo_status_t status = CAIRO_STATUS_NO_MEMORY;

	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_paint(cr);
	cairo_scale(cr, PNG_SCALE, PNG_SCALE);
	if (c) {
		pl_doc_draw(doc, font, c, page, pl_doc_pages(doc, font));
		status = cairo_status(cr);
	}
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_write_to_png_stream(png, put_bytes, out);
	pl_canvas_free(c);
	cairo_destroy(cr);
	cairo_surface_destroy(png);
	return failed(status, err);
}

int pl_doc_svg(const struct pl_doc *doc, const struct pl_font *font, unsigned page, FILE *out,
	       struct pl_error *err)
{
	struct pl_canvas *c = pl_canvas_svg(font, out);

	if (!c)
		return failed(CAIRO_STATUS_NO_MEMORY, err);
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "
	      "xmlns=\"http://www.w3.org/2000/svg\" width=\"210mm\" height=\"297mm\" "
	      "viewBox=\"0 0 595.28 841.89\" font-family=\"'DejaVu Sans', Verdana, "
	      "sans-serif\">\n<title>",
	      out);
	pl_put_xml(out, doc->title);
	fputs("</title>\n", out);
	pl_draw_box(c, 0, 0, PL_PAGE_W, PL_PAGE_H, &pl_ink_white, NULL);
	pl_doc_draw(doc, font, c, page, pl_doc_pages(doc, font));
	fputs("</svg>\n", out);
	pl_canvas_free(c);
	return 0;
}
