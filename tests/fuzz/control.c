/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: nhip-collector-lib */
/* control: a line of the control socket, from bytes to a checked request */
#include "collector/control_request.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *object = json_loadb(
        (const char *)data, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    struct control_request r;
    char why[160];

    if (object == NULL)
        return 0;
    if (control_request_read(object, &r, why) == NH_OK) {
        bool endless = r.what == CONTROL_INCIDENTS && r.to == 0; /* until now */

        if (r.points < 0 || r.points > CONTROL_POINTS_MAX ||
            (r.to < r.from && !endless) || strlen(r.id) >= sizeof(r.id))
            abort();
    } else if (why[0] == '\0') {
        abort(); /* a refusal without a reason */
    }
    json_decref(object);
    return 0;
}
