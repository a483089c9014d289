/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: nhip-collector-lib */
/* ack: any line as a token and as a reply: a token that holds comes back as the same line
 */
#include "collector/ack_link.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ack_secret secret = { { 1, 2, 3 } };
    char *line = malloc(size + 1), contact[NH_SITE_ID_MAX], again[ACK_TOKEN_MAX];
    uint32_t incident = 0;
    enum nh_err err;

    if (line == NULL)
        return 0;
    memcpy(line, data, size);
    line[size] = '\0';
    err = ack_token_check(&secret, line, 0, &incident, contact);
    if (err == NH_OK) {
        ack_token_make(
            &secret, incident, contact, strtoll(strchr(line, '.') + 1, NULL, 10), again);
        if (strcmp(line, again) != 0)
            abort();
    } else if (contact[0] != '\0') {
        abort(); /* a name that nobody vouches for */
    }
    incident = 0;
    if (ack_reply_read(line, &incident) == (incident == 0))
        abort();
    free(line);
    return 0;
}
