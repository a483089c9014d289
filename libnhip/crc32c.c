/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crc32c.c - one instruction per eight bytes where there is one, else a table
 *
 * The polynomial is 0x1EDC6F41, 0x82F63B78 with its bits reversed; registers start and
 * end inverted. Which way is taken is settled at the first call.
 */
#include "libnhip/crc32c.h"
#include <pthread.h>
#include <string.h>

static uint32_t table[256];
static uint32_t (*chosen)(uint32_t crc, const uint8_t *p, size_t len);
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t
by_table(uint32_t crc, const uint8_t *p, size_t len)
{
    while (len-- > 0)
        crc = table[(crc ^ *p++) & 0xff] ^ (crc >> 8);
    return crc;
}

#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const uint8_t *p, size_t len)
{
    uint64_t wide = crc, word;

    for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
        memcpy(&word, p, sizeof(word));
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    while (len-- > 0)
        crc = __builtin_ia32_crc32qi(crc, *p++);
    return crc;
}

static int
has_instruction(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2");
}
#else
#define by_instruction by_table
static int
has_instruction(void)
{
    return 0;
}
#endif

static void
choose(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t v = i;

        for (int bit = 0; bit < 8; bit++)
            v = (v & 1) != 0 ? (v >> 1) ^ UINT32_C(0x82F63B78) : v >> 1;
        table[i] = v;
    }
    chosen = has_instruction() ? by_instruction : by_table;
}

uint32_t
nh_crc32c(uint32_t crc, const void *bytes, size_t len)
{
    pthread_once(&once, choose);
    return ~chosen(~crc, bytes, len);
}

uint32_t
nh_crc32c_table(uint32_t crc, const void *bytes, size_t len)
{
    pthread_once(&once, choose);
    return ~by_table(~crc, bytes, len);
}
