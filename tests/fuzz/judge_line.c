/* SPDX-License-Identifier: GPL-3.0-or-later */
/* judge_line.c - a line of a stream that --replay reads. links: nhip-collector-lib */
#include "collector/replay.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct replay_line line;
    char *text = malloc(size + 1); /* of its own length: one byte too far is seen */
    const char *wrong;

    if (text == NULL)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    wrong = replay_parse(text, size, &line);
    if (wrong == NULL && line.arrived_ms < line.at_ms)
        abort();
    free(text);
    return 0;
}
