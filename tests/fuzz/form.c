/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: nhip-web-lib */
/* form: what a browser posts, from bytes to fields; and text back from its escapes */
#include "web/form.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was decoded is text, and comes back the same from its escaped form. */
static void
comes_back(const char *s)
{
    struct nh_buf escaped, back;

    if (!nh_utf8_is_valid(s, strlen(s)) || strchr(s, '\r') != NULL)
        abort();
    nh_buf_init(&escaped, 4 * FORM_BYTES_MAX);
    nh_buf_init(&back, 4 * FORM_BYTES_MAX);
    url_escape(s, &escaped);
    if (nh_buf_err(&escaped) != NH_OK ||
        url_unescape((const char *)escaped.data, escaped.len, true, &back) != NH_OK ||
        strcmp((const char *)back.data, s) != 0)
        abort();
    nh_buf_fini(&back);
    nh_buf_fini(&escaped);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "do", "who", "text", "form", "cause", "" };
    struct form *f = NULL;

    if (form_read(&f, data, size) == NH_OK) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            if (form_get(f, names[i]) != NULL)
                comes_back(form_get(f, names[i]));
    } else if (f != NULL) {
        abort();
    }
    form_free(f);
    return 0;
}
