/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record.c - heads and small records; what decodes encodes to the same bytes
 *
 * The first byte chooses the codec.
 */
#include "libnhip/record.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum nh_err
again(unsigned codec, struct nh_slice *in, struct nh_buf *out)
{
    struct nh_origin origin;
    struct nh_source source;
    struct nh_boot boot;
    struct nh_event event;
    enum nh_err err;

    switch (codec % 4) {
    case 0:
        if ((err = nh_origin_decode(in, &origin)) == NH_OK)
            nh_origin_encode(&origin, out);
        return err;
    case 1:
        if ((err = nh_source_decode(in, &source)) == NH_OK)
            nh_source_encode(&source, out);
        return err;
    case 2:
        if ((err = nh_boot_decode(in, &boot)) == NH_OK)
            nh_boot_encode(&boot, out);
        return err;
    default:
        if ((err = nh_event_decode(in, &event)) == NH_OK)
            nh_event_encode(&event, out);
        return err;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct nh_slice in = nh_slice_of(data, size);
    unsigned codec = nh_take_u8(&in);
    const uint8_t *from = in.p;
    struct nh_buf out;

    nh_buf_init(&out, 4096);
    if (size > 0 && again(codec, &in, &out) == NH_OK) {
        if (nh_buf_err(&out) != NH_OK || out.len != (size_t)(in.p - from) ||
            memcmp(out.data, from, out.len) != 0)
            abort();
    }
    nh_buf_fini(&out);
    return 0;
}
