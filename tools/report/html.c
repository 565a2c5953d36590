/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same blocks as one file of HTML: tables are tables, figures are drawings with letters in
 * them, and no address points anywhere outside. It prints on A4 as well.
 */
#include "tools/report/doc.h"

#define FIGURE_W 511.28 /* points, as on paper */

static const char style[] =
	"body{font:15px/1.45 \"DejaVu Sans\",Verdana,sans-serif;color:#121214;background:#fff;"
	"max-width:960px;margin:2rem auto;padding:0 1rem}\n"
	"h1{font-size:1.9rem;margin:.2em 0}h2{font-size:1.25rem;border-bottom:1px solid #c7c7cc;"
	"margin:1.8em 0 .6em;padding-bottom:.15em}\n"
	"table{border-collapse:collapse;width:100%;margin:.6em 0 1.4em;font-size:.86rem}\n"
	"caption{text-align:left;font-weight:bold;padding:.3em 0}\n"
	"th,td{text-align:left;vertical-align:top;padding:.25em .5em;border-bottom:1px solid "
	"#dcdce0}\n"
	"th{border-bottom:1px solid #404045}th.n,td.n{text-align:right;"
	"font-variant-numeric:tabular-nums}\n"
	"tr.group th{background:#f1f1f3;border-bottom:0}\n"
	".note,figcaption{font-size:.78rem;color:#5c5c61}\n"
	".warning{border:1px solid #404045;background:#fff2cc;padding:.6em .9em;font-weight:bold}\n"
	"dl{display:grid;grid-template-columns:max-content 1fr max-content 1fr;gap:.2em "
	"1em;font-size:.9rem}"
	"dt{color:#5c5c61}dd{margin:0;overflow-wrap:anywhere}\n"
	".row{display:flex;gap:1rem;flex-wrap:wrap}figure{margin:.6em 0 "
	"1.2em;flex:1}figure>p{font-weight:"
	"bold;margin:.2em 0}\n"
	"svg{width:100%;height:auto;overflow:visible;font-family:\"DejaVu "
	"Sans\",Verdana,sans-serif}\n"
	"header,footer{font-size:.85rem;color:#404045;display:flex;justify-content:space-between;"
	"gap:1rem}\n"
	"footer{border-top:1px solid #c7c7cc;margin-top:2rem;padding-top:.6em}\n"
	"@page{size:A4;margin:15mm}@media print{body{margin:0;font-size:12px}.page{break-before:"
	"page}figure,tr{break-inside:avoid}}\n";

static void element(FILE *out, const char *tag, const char *text)
{
	fprintf(out, "<%s>", tag);
	pl_put_xml(out, text);
	fprintf(out, "</%.*s>\n", (int)__builtin_strcspn(tag, " "), tag);
}

static bool is_group(const struct pl_block *b, size_t row)
{
	for (size_t k = 1; k < b->columns; k++)
		if (*b->cell[row * b->columns + k])
			return false;
	return true;
}

static void put_row(FILE *out, const struct pl_block *b, size_t r)
{
	if (is_group(b, r)) {
		fprintf(out, "<tr class=\"group\"><th colspan=\"%zu\">", b->columns);
		pl_put_xml(out, b->cell[r * b->columns]);
		fputs("</th></tr>\n", out);
		return;
	}
	fputs("<tr>", out);
	for (size_t k = 0; k < b->columns; k++) {
		fputs(b->column[k].number ? "<td class=\"n\">" : "<td>", out);
		pl_put_xml(out, b->cell[r * b->columns + k]);
		fputs("</td>", out);
	}
	fputs("</tr>\n", out);
}

static void put_table(FILE *out, const struct pl_block *b)
{
	fputs("<table>", out);
	if (*b->text)
		element(out, "caption", b->text);
	fputs("<thead><tr>", out);
	for (size_t k = 0; k < b->columns; k++) {
		fputs(b->column[k].number ? "<th class=\"n\" scope=\"col\">" : "<th scope=\"col\">",
		      out);
		pl_put_xml(out, b->column[k].head);
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
	for (size_t r = 0; r < b->rows; r++)
		put_row(out, b, r);
	fputs("</tbody></table>\n", out);
}

static void put_facts(FILE *out, const struct pl_block *b)
{
	fputs("<dl>", out);
	for (size_t r = 0; r < b->rows; r++) {
		element(out, "dt", b->cell[2 * r]);
		element(out, "dd", b->cell[2 * r + 1]);
	}
	fputs("</dl>\n", out);
}

static void put_figure(FILE *out, const struct pl_font *font, const struct pl_block *b)
{
	double width = FIGURE_W * b->share;
	struct pl_canvas *c = pl_canvas_svg(font, out);

	fprintf(out, "<figure style=\"max-width:%.1f%%\">", 100 * b->share);
	if (*b->text)
		element(out, "p", b->text);
	fputs("<svg viewBox=\"0 0 ", out);
	pl_put_number(out, width);
	fputc(' ', out);
	pl_put_number(out, b->height);
	fputs("\" role=\"img\" aria-label=\"", out);
	pl_put_xml(out, *b->text ? b->text : b->caption);
	fputs("\">\n", out);
	if (c)
		b->draw(b->user, c, 0, 0, width, b->height);
	fputs("</svg>\n", out);
	element(out, "figcaption", b->caption);
	fputs("</figure>\n", out);
	pl_canvas_free(c);
}

static void put_block(FILE *out, const struct pl_block *b)
{
	switch (b->kind) {
	case PL_BLOCK_TITLE:
		element(out, "h1", b->text);
		break;
	case PL_BLOCK_HEADING:
		element(out, "h2", b->text);
		break;
	case PL_BLOCK_TEXT:
		element(out, "p", b->text);
		break;
	case PL_BLOCK_NOTE:
		element(out, "p class=\"note\"", b->text);
		break;
	case PL_BLOCK_WARNING:
		element(out, "p class=\"warning\" role=\"note\"", b->text);
		break;
	case PL_BLOCK_FACTS:
		put_facts(out, b);
		break;
	case PL_BLOCK_TABLE:
		put_table(out, b);
		break;
	case PL_BLOCK_PAGE:
		fputs("<div class=\"page\"></div>\n", out);
		break;
	case PL_BLOCK_FIGURE:
		break;
	}
}

void pl_doc_html(const struct pl_doc *doc, const struct pl_font *font, FILE *out)
{
	double share = 0; /* of the row of figures that is open */

	fprintf(out,
		"<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
		doc->language);
	pl_put_xml(out, doc->title);
	fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<header>", style);
	element(out, "strong", doc->code);
	element(out, "span", doc->date);
	element(out, "span", doc->session);
	fputs("</header>\n<main>\n", out);
	for (size_t i = 0; i < doc->n; i++) {
		const struct pl_block *b = &doc->block[i];
		bool figure = b->kind == PL_BLOCK_FIGURE;

		/* as on paper: as many beside each other as their shares allow */
		if (share > 0 && (!figure || share + b->share > 1.001)) {
			fputs("</div>\n", out);
			share = 0;
		}
		if (figure && share <= 0)
			fputs("<div class=\"row\">\n", out);
		share += figure ? b->share : 0;
		if (figure)
			put_figure(out, font, b);
		else
			put_block(out, b);
	}
	fputs(share > 0 ? "</div>\n</main>\n<footer>" : "</main>\n<footer>", out);
	element(out, "span", doc->footer);
	element(out, "span", doc->made_by);
	fputs("</footer>\n</body>\n</html>\n", out);
}
