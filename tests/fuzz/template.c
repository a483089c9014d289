/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * template.c - templates of any bytes: refused, or rendered within the bound
 * links: nhip-web-lib
 */
#include "web/template.h"
#include "web/http.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct templates *set = NULL;
    struct template_problem problem;
    json_t *view = json_loads(
        "{\"a\":\"<x>\",\"l\":[{\"b\":1},{\"b\":null}],\"o\":{\"p\":{\"q\":2}}}", 0,
        NULL);
    struct nh_buf b;

    nh_buf_init(&b, 65536);
    if (templates_add(&set, "x", (const char *)data, size, &problem) == NH_OK &&
        template_render(set, "x", view, NH_VI, &b) == NH_OK && b.len > b.max)
        abort();
    nh_buf_fini(&b);
    json_decref(view);
    templates_free(set);

    /* header values too: they come from outside */
    char *header = calloc(1, size + 1);

    if (header != NULL) {
        for (size_t i = 0; i < size; i++)
            header[i] = (char)data[i];
        if (accepts_gzip(header))
            (void)choose_language(NULL, header, header, NH_VI);
        (void)choose_language(NULL, NULL, header, NH_EN);
    }
    free(header);
    return 0;
}
