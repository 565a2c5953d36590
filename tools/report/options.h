/* SPDX-License-Identifier: Apache-2.0 */
/* Options of plantar report, the same whether it can draw or not. */
#ifndef REPORT_OPTIONS_H
#define REPORT_OPTIONS_H

#include "tools/command.h"

enum {
	OPT_PDF = PL_OPT_LONG,
	OPT_SVG,
	OPT_PNG,
	OPT_HTML,
	OPT_PAGE,
	OPT_CONDITION,
	OPT_REFERENCE,
	OPT_BETWEEN_DAY,
	OPT_MIX,
	OPT_FONT,
};

extern const struct pl_option pl_report_options[];

#endif
