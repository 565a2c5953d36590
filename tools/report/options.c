/* SPDX-License-Identifier: Apache-2.0 */
/* The options of plantar report. */
#include "tools/report/options.h"

#include "tools/archives.h"

const struct pl_option pl_report_options[] = {
	{OPT_PDF, "pdf", NULL, "one PDF of all pages"},
	{OPT_SVG, "svg", NULL, "a drawing for each page: NAME-1.svg ..."},
	{OPT_PNG, "png", NULL, "a picture for each page, 150 dots an inch"},
	{OPT_HTML, "html", NULL, "one file for a browser, with tables and drawings in it"},
	{'o', "output", "FILE", "where to; default: code, date and session; -: standard\noutput"},
	{OPT_PAGE, "page", "N", "this page alone, of --svg and --png"},
	{OPT_CONDITION, "condition", "TEXT", "trials of this condition only"},
	{OPT_REFERENCE, "reference", "FILE",
	 "draw ranges of other people beside the figures; FILE\nnames their study and population"},
	{OPT_BETWEEN_DAY, "between-day", "FILE",
	 "published standard deviations from day to day, for\nfewer than three sessions"},
	{OPT_MIX, "mix", "LIST",
	 "compare although these differ: mat, surface, ground,\nfilter, region, version, "
	 "condition, "
	 "all"},
	PL_OPTION_ARCHIVE,
	{OPT_FONT, "font", "FILE", "a .ttf or .otf font; default: DejaVu Sans"},
	{0},
};
