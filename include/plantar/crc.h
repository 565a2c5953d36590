/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums of mats' wire protocols. Pure functions; pass the previous result as seed to go on. */
#ifndef PLANTAR_CRC_H
#define PLANTAR_CRC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PL_CRC16_CCITT_INIT 0xFFFFu  /* CCITT-FALSE: poly 1021, not reflected; "123456789" 29B1 */
#define PL_CRC16_MODBUS_INIT 0xFFFFu /* poly 8005 reflected; "123456789" 4B37 */
#define PL_CRC8_INIT 0x00u	     /* poly 07; "123456789" F4 */
#define PL_CRC32_INIT 0x00000000u    /* zlib's crc32; "123456789" CBF43926 */

uint16_t pl_crc16_ccitt(uint16_t seed, const void *data, size_t n);
uint16_t pl_crc16_modbus(uint16_t seed, const void *data, size_t n);
uint8_t pl_crc8(uint8_t seed, const void *data, size_t n);
uint32_t pl_crc32(uint32_t seed, const void *data, size_t n);
uint8_t pl_sum8(uint8_t seed, const void *data, size_t n);
uint16_t pl_sum16(uint16_t seed, const void *data, size_t n);
uint8_t pl_xor8(uint8_t seed, const void *data, size_t n);

#ifdef __cplusplus
}
#endif
#endif
