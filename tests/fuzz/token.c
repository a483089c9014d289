/* SPDX-License-Identifier: GPL-3.0-or-later */
/* token.c - any line as a join token: what is taken comes back as the same line */
#include "libnhip/token.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = malloc(size + 1), again[NH_TOKEN_MAX];
    struct nh_token t, back;
    const char *why = NULL;

    if (line == NULL)
        return 0;
    memcpy(line, data, size);
    line[size] = '\0';
    if (nh_token_parse(line, &t, &why) == NH_OK) {
        if (nh_token_format(&t, again) != NH_OK ||
            nh_token_parse(again, &back, &why) != NH_OK || back.port != t.port ||
            strcmp(back.host, t.host) != 0 || strcmp(back.identity, t.identity) != 0 ||
            memcmp(back.secret, t.secret, NH_KEY_LEN) != 0)
            abort();
    } else if (why == NULL) {
        abort();
    }
    free(line);
    return 0;
}
