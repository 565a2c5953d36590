/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the control socket: whatever a client sends is parsed or refused with a reason, and
 * what becomes the command line of a child holds no option that the client wrote. */
#include <stdlib.h>
#include <string.h>

#include <plantar/audit.h>

#include "daemon/audit.h"
#include "daemon/control_request.h"
#include "daemon/look_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What may stand before "--": an option of this table, its value behind a "=". */
static const char *const allowed[] = {
	"--archive=/a", "--archive=/b",	  "--json",	    "--output=-",   "--subject=",
	"--limit=",	"--pictures",	  "--by=",	    "--condition=", "--page=",
	"--pdf",	"--svg",	  "--png",	    "--html",	    "--note=",
	"--reject=",	"--accept",	  "--reason=",	    "--side=",	    "--foot=",
	"--facing=",	"--reject-step=", "--accept-step=", "--mix=",
};

static int is_allowed(const char *word)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		size_t n = strlen(allowed[i]);

		if (strncmp(word, allowed[i], n) == 0 &&
		    (allowed[i][n - 1] == '=' || word[n] == '\0'))
			return 1;
	}
	return 0;
}

static void check_words(const struct pl_request *r)
{
	static struct pl_look_words words;
	const struct pl_look_place place = {.folder = "/a", .fallback = "/b", .who = "uid:1"};
	struct pl_error err = {0};
	unsigned i = 2;

	if (pl_look_words(r, &place, &words, &err)) {
		if (err.code != PL_EUSAGE)
			abort();
		return;
	}
	if (words.n < 4 || words.n > PL_LOOK_WORDS_MAX || words.argv[words.n] ||
	    strcmp(words.argv[0], "plantar") != 0 || strspn(words.argv[1], "-"))
		abort();
	for (; i < words.n && strcmp(words.argv[i], "--") != 0; i++)
		if (!is_allowed(words.argv[i]))
			abort();
	/* behind it the first is a session, or the subject of a trend: never a path */
	if (++i < words.n && r->cmd != PL_CMD_TREND &&
	    (strspn(words.argv[i], "0123456789abcdef-") != 36 ||
	     (words.argv[i][36] &&
	      (words.argv[i][36] != '/' ||
	       strspn(words.argv[i] + 37, "0123456789") != strlen(words.argv[i] + 37)))))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl_error err = {0};
	struct pl_request request;
	char line[PL_AUDIT_LINE_MAX], *text;
	int r = pl_request_parse(data, size, &request, &err);

	if ((r != 0) != (err.code != PL_OK) || (r != 0 && err.message[0] == '\0'))
		abort();
	if (r == 0)
		(void)pl_command_name(request.cmd);
	if (r == 0 && pl_command_recordings(request.cmd))
		check_words(&request);
	text = strndup((const char *)data, size);
	if (text) { /* whatever it was, it can be audited */
		const struct pl_audit_note note = {.who = "uid:1",
						   .role = "viewer",
						   .peer = "peer",
						   .request = text,
						   .result = "usage"};
		size_t n = pl_audit_format(line, sizeof(line), &note);

		if (n == 0 || n >= sizeof(line) || memchr(line, '\n', n))
			abort();
	}
	free(text);
	return 0;
}
