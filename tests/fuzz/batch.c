/* SPDX-License-Identifier: GPL-3.0-or-later */
/* batch.c - dictionary entries up to the first 0xff 0xff, then columns; what decodes must
 * encode */
#include "libnhip/reading.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct nh_reading r[NH_BATCH_READINGS_MAX];
    const uint8_t *mark = memmem(data, size, "\xff\xff", 2);
    size_t head = mark != NULL ? (size_t)(mark - data) : 0,
           skip = mark != NULL ? head + 2 : 0;
    struct nh_slice entries = nh_slice_of(data, head);
    struct nh_dict *d = NULL;
    struct nh_buf out;
    uint32_t number;
    size_t n;

    if (nh_dict_new(&d) != NH_OK ||
        nh_dict_add(d, "a/b/path", nh_kind_find("path"), &number) ||
        nh_dict_add(d, "a/b/port", nh_kind_find("port"), &number))
        abort();
    (void)!nh_dict_decode(d, &entries);
    if (nh_batch_decode(d, nh_slice_of(data + skip, size - skip), r, NH_COUNT(r), &n) ==
        NH_OK) {
        nh_buf_init(&out, 64 << 20);
        if (nh_batch_encode(d, r, n, &out) != NH_OK ||
            nh_batch_decode(d, nh_slice_of(out.data, out.len), r, NH_COUNT(r), &n) !=
                NH_OK)
            abort();
        nh_buf_fini(&out);
    }
    nh_dict_free(d);
    return 0;
}
