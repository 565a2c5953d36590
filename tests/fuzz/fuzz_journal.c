/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a journal. The checksums that would turn nearly every input away at the door are
 * made right first, for the head and for as many records as the input has, so that what is behind
 * them is reached: lengths, enumerations, texts and tables of the head, sizes and types of records.
 * A first byte that is odd leaves the input as it is.
 */
#include <fcntl.h>
#include <libdeflate.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/archive/journal_file.h"

#define INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Right checksums, and records that count up. */
static void mend(uint8_t *p, size_t size)
{
	struct journal_head head;
	struct record_head record;
	size_t at;

	if (size < sizeof(head))
		return;
	memcpy(&head, p, sizeof(head));
	memcpy(head.magic, JOURNAL_MAGIC, sizeof(head.magic));
	head.version = head.version % (JOURNAL_VERSION + 1);
	if (head.head_bytes < sizeof(head) || head.head_bytes > size)
		return;
	memcpy(p, &head, sizeof(head));
	head.crc = pl_journal_head_crc(p, head.head_bytes);
	memcpy(p, &head, sizeof(head));
	at = head.head_bytes;
	for (uint32_t i = 0; size - at >= sizeof(record); i++) {
		memcpy(&record, p + at, sizeof(record));
		if (record.size < sizeof(record) || record.size > size - at)
			return;
		record.index = i;
		memcpy(p + at, &record, sizeof(record));
		record.crc = libdeflate_crc32(head.crc, p + at + 4, record.size - 4);
		memcpy(p + at, &record, sizeof(record));
		at += record.size;
	}
}

/* Everything that a record points to is really there. */
static void touch(const struct pl_journal_record *record, unsigned columns)
{
	uint8_t sum = 0;

	if (record->type != PL_RECORD_FRAME)
		return;
	for (size_t i = 0; i < record->frame.cells_bytes; i++)
		sum ^= ((const uint8_t *)record->frame.cells)[i];
	for (size_t i = 0; i < columns * sizeof(float); i++)
		sum ^= ((const uint8_t *)record->frame.metrics)[i];
	__asm__ volatile("" : : "r"(sum)); /* not to be optimised away */
}

static void read_all(const char *path)
{
	struct pl_journal_reader *r = pl_journal_open(path, NULL);
	struct pl_journal_record record;
	uint64_t n = 0;

	if (!r)
		return;
	while (pl_journal_next(r, &record, NULL) > 0) {
		touch(&record, pl_journal_metric_columns(r));
		n++;
	}
	if (n > INPUT_MAX / sizeof(struct record_head))
		abort();
	pl_journal_reader_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	uint8_t *copy;
	char path[64];

	if (size < 1 || size > INPUT_MAX)
		return 0;
	if (fd < 0)
		fd = memfd_create("journal", MFD_CLOEXEC);
	copy = malloc(size);
	if (fd < 0 || !copy)
		abort();
	memcpy(copy, data + 1, size - 1);
	if (!(data[0] & 1))
		mend(copy, size - 1);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, copy, size - 1, 0) != (ssize_t)(size - 1))
		abort();
	free(copy);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_all(path);
	return 0;
}
