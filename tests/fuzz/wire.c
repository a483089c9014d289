/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wire.c - any bytes as frames: what is taken encodes, and encodes to itself
 *
 * The first byte chooses the limit (before HELLO or after it).
 */
#include "libnhip/wire.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
again(const struct nh_msg *msg)
{
    struct nh_buf one, two;
    enum nh_wire_error code;
    struct nh_msg back;
    size_t used, need;

    nh_buf_init(&one, NH_FRAME_MAX);
    nh_buf_init(&two, NH_FRAME_MAX);
    if (nh_wire_encode(msg, &one) != NH_OK ||
        nh_wire_decode(nh_slice_of(one.data, one.len), NH_FRAME_MAX, &back, &used, &need,
            &code) != NH_OK ||
        used != one.len || nh_wire_encode(&back, &two) != NH_OK || two.len != one.len ||
        memcmp(one.data, two.data, one.len) != 0)
        abort();
    nh_buf_fini(&one);
    nh_buf_fini(&two);
}

static void
assignments(struct nh_slice in)
{
    struct nh_assignment a;

    while (in.len > 0 && nh_assignment_decode(&in, &a) == NH_OK)
        if (a.every_ms == 0)
            abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t max = NH_FRAME_MAX, used = 0, need = 0;
    struct nh_slice in = nh_slice_of(data, size);
    enum nh_wire_error code;
    struct nh_msg msg;
    enum nh_err err;

    if (size > 0 && nh_take_u8(&in) % 2 == 1)
        max = NH_FRAME_MAX_BEFORE_HELLO;
    while ((err = nh_wire_decode(in, max, &msg, &used, &need, &code)) == NH_OK) {
        if (strcmp(nh_frame_name(msg.type), "?") != 0)
            again(&msg);
        if (msg.type == NH_ASSIGN)
            assignments(msg.u.assign.checks);
        for (int s = 0; s < NH_COLLECTOR_STATES; s++)
            (void)nh_collector_may_hear((enum nh_collector_state)s, msg.type, msg.flags);
        (void)nh_take(&in, used);
    }
    if (err == NH_EAGAIN && (need <= in.len || need > NH_FRAME_MAX))
        abort(); /* would be asked for bytes that are there, or for ever */
    return 0;
}
