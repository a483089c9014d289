/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nhip.conf(5) and the schema of the inventory say the same. */
#include "collector/inventory.h"
#include "tests/unit/check.h"
#include "tests/unit/manual.h"

static void
page_lists_the_schema(void)
{
    check_manual("nhip.conf.5", inventory_schema());
}

int
main(void)
{
    RUN(page_lists_the_schema);
    return check_done();
}
