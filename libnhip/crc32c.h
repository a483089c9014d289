/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crc32c.h - CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the processor where it can
 *
 * nh_crc32c(0, p, n) is the checksum of n bytes; feeding a result back in goes on from
 * there, so that crc(crc(0, a), b) is the checksum of a followed by b.
 *
 * Threads: any.
 */
#ifndef NH_CRC32C_H
#define NH_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t nh_crc32c(uint32_t crc, const void *bytes, size_t len);

/* The same by table, on any processor: for tests and where no instruction exists. */
uint32_t nh_crc32c_table(uint32_t crc, const void *bytes, size_t len);

#endif
