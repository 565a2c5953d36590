/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plantar mat protocol (PMP), for firmware: a force mat that sends this can be read by
 * plantard with a mat file of ten lines. One header, C99 or C++, no allocation, no library, under
 * 300 bytes of memory a sender; a frame is handed over in pieces while it is scanned, so that a
 * 64 x 64 mat needs no buffer for a whole frame.
 *
 *	static void put(void *uart, const uint8_t *bytes, size_t n) { uart_write(uart, bytes, n); }
 *
 *	struct pl_pmp mat;
 *	pl_pmp_init(&mat, put, UART0);
 *	pl_pmp_text(&mat, PL_PMP_INFO, "rows=16\ncols=8\nrate_hz=100\n");
 *	for (;;) {
 *		pl_pmp_begin(&mat, micros());
 *		for (int row = 0; row < 16; row++)
 *			pl_pmp_u16(&mat, scan(row), 8);
 *		pl_pmp_end(&mat);
 *	}
 *
 * A packet is version u8, type u8, seq u16, t_us u32, payload, CRC-16/CCITT-FALSE u16 over all
 * before it, all little endian; then COBS, then one zero byte. Payload of a frame: the cells, row
 * by row; of the others: text. seq counts frames, from 0: a frame packet carries its number, other
 * packets that of the frame to come. t_us is the device's clock when the scan began, and may wrap.
 * docs/mats.md has the whole specification.
 */
#ifndef PLANTAR_PMP_H
#define PLANTAR_PMP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PL_PMP_VERSION 1
#define PL_PMP_FRAME 1 /* cells */
#define PL_PMP_INFO 2  /* key=value lines: rows, cols, pitch_mm, rate_hz, id, firmware, ... */
#define PL_PMP_LOG 3   /* one line for people */
#define PL_PMP_HEADER_BYTES 8
#define PL_PMP_CRC_BYTES 2
#define PL_PMP_TEXT_MAX 511 /* bytes of payload in an info or log packet */

/* The most bytes that a packet with this payload takes on the wire, its zero byte included. */
#define PL_PMP_WIRE_MAX(payload)                              \
	((payload) + PL_PMP_HEADER_BYTES + PL_PMP_CRC_BYTES + \
	 ((payload) + PL_PMP_HEADER_BYTES + PL_PMP_CRC_BYTES + 253) / 254 + 1)

/* Takes n bytes to send, in order. May block; must not lose any. */
typedef void (*pl_pmp_put)(void *user, const uint8_t *bytes, size_t n);

struct pl_pmp {
	pl_pmp_put put;
	void *user;
	uint16_t seq, crc;
	uint16_t open, used; /* block[open] is the code byte under way; used: bytes in block */
	uint8_t block[256];
};

static inline void pl_pmp_init(struct pl_pmp *p, pl_pmp_put put, void *user)
{
	p->put = put;
	p->user = user;
	p->seq = 0;
	p->crc = 0;
	p->open = 0;
	p->used = 0;
}

/* CRC-16/CCITT-FALSE of one more byte, half a byte at a time: 32 bytes of table. */
static inline uint16_t pl_pmp_crc(uint16_t crc, uint8_t byte)
{
	static const uint16_t table[16] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5,
					   0x60C6, 0x70E7, 0x8108, 0x9129, 0xA14A, 0xB16B,
					   0xC18C, 0xD1AD, 0xE1CE, 0xF1EF};

	crc = (uint16_t)((crc << 4) ^ table[(crc >> 12) ^ (byte >> 4)]);
	return (uint16_t)((crc << 4) ^ table[(crc >> 12) ^ (byte & 15)]);
}

/* Private: closes the COBS block under way and opens the next; sends what is closed when full. */
static inline void pl_pmp_close_block(struct pl_pmp *p)
{
	p->block[p->open] = (uint8_t)(p->used - p->open);
	if (p->used > sizeof(p->block) / 2) {
		p->put(p->user, p->block, p->used);
		p->used = 0;
	}
	p->open = p->used++;
}

/* Private: one byte of a packet into COBS. A block of 254 bytes is closed only when another byte
 * follows, so that no packet ends with an empty block it does not need. */
static inline void pl_pmp_stuff(struct pl_pmp *p, uint8_t byte)
{
	uint16_t i;

	if (p->used - p->open == 255)
		pl_pmp_close_block(p);
	if (byte == 0) {
		pl_pmp_close_block(p);
		return;
	}
	if (p->used == sizeof(p->block)) { /* make room: send the closed blocks before this one */
		p->put(p->user, p->block, p->open);
		for (i = p->open; i < p->used; i++)
			p->block[i - p->open] = p->block[i];
		p->used = (uint16_t)(p->used - p->open);
		p->open = 0;
	}
	p->block[p->used++] = byte;
}

/* Private. */
static inline void pl_pmp_byte(struct pl_pmp *p, uint8_t byte)
{
	p->crc = pl_pmp_crc(p->crc, byte);
	pl_pmp_stuff(p, byte);
}

/* Private. */
static inline void pl_pmp_header(struct pl_pmp *p, uint8_t type, uint32_t t_us)
{
	p->crc = 0xFFFF;
	p->open = 0;
	p->used = 1;
	pl_pmp_byte(p, PL_PMP_VERSION);
	pl_pmp_byte(p, type);
	pl_pmp_byte(p, (uint8_t)p->seq);
	pl_pmp_byte(p, (uint8_t)(p->seq >> 8));
	pl_pmp_byte(p, (uint8_t)t_us);
	pl_pmp_byte(p, (uint8_t)(t_us >> 8));
	pl_pmp_byte(p, (uint8_t)(t_us >> 16));
	pl_pmp_byte(p, (uint8_t)(t_us >> 24));
}

/* Private: checksum, the last block, the zero byte. */
static inline void pl_pmp_finish(struct pl_pmp *p)
{
	static const uint8_t zero = 0;
	uint16_t crc = p->crc;

	pl_pmp_stuff(p, (uint8_t)crc);
	pl_pmp_stuff(p, (uint8_t)(crc >> 8));
	p->block[p->open] = (uint8_t)(p->used - p->open);
	p->put(p->user, p->block, p->used);
	p->put(p->user, &zero, 1);
}

/* A frame: begin, then all rows*cols cells in order, in as many pieces as you like, then end.
 * t_us: when its scan began. Numbers the frame. */
static inline void pl_pmp_begin(struct pl_pmp *p, uint32_t t_us)
{
	pl_pmp_header(p, PL_PMP_FRAME, t_us);
}

static inline void pl_pmp_u8(struct pl_pmp *p, const uint8_t *cells, size_t n)
{
	while (n--)
		pl_pmp_byte(p, *cells++);
}

static inline void pl_pmp_u16(struct pl_pmp *p, const uint16_t *cells, size_t n)
{
	for (; n--; cells++) {
		pl_pmp_byte(p, (uint8_t)*cells);
		pl_pmp_byte(p, (uint8_t)(*cells >> 8));
	}
}

static inline void pl_pmp_end(struct pl_pmp *p)
{
	pl_pmp_finish(p);
	p->seq++;
}

/* A frame that was scanned and cannot be sent (the line is too slow): the host sees the gap. */
static inline void pl_pmp_drop(struct pl_pmp *p)
{
	p->seq++;
}

/* An info or log packet, between frames; text beyond PL_PMP_TEXT_MAX is cut. A zero byte before
 * it ends whatever a boot loader may have printed. */
static inline void pl_pmp_text(struct pl_pmp *p, uint8_t type, const char *text)
{
	static const uint8_t zero = 0;
	size_t n;

	p->put(p->user, &zero, 1);
	pl_pmp_header(p, type, 0);
	for (n = 0; text[n] && n < PL_PMP_TEXT_MAX; n++)
		pl_pmp_byte(p, (uint8_t)text[n]);
	pl_pmp_finish(p);
}

#ifdef __cplusplus
}
#endif
#endif
