/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nhip-agent.conf(5) and the schema of its file say the same. */
#include "agent/config.h"
#include "tests/unit/check.h"
#include "tests/unit/manual.h"

static void
page_lists_the_schema(void)
{
    check_manual("nhip-agent.conf.5", agent_schema);
}

int
main(void)
{
    RUN(page_lists_the_schema);
    return check_done();
}
