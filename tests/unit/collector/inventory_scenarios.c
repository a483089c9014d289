/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every scenario's nhip.conf loads; skipped where the scenarios are not beside the tree.
 */
#include "collector/inventory.h"
#include "tests/unit/check.h"
#include <glob.h>
#include <stdio.h>

static void
load_all(void)
{
    glob_t found = { 0 };

    CHECK_EQ(glob(TEST_SOURCE_DIR "/../shared/scenarios/*/nhip.conf", 0, NULL, &found), 0,
        "scenarios");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct nh_conf_problem problem;
        struct inventory *inv = NULL;

        CHECK_EQ(inventory_load(&inv, found.gl_pathv[i], &problem), NH_OK,
            problem.text[0] != '\0' ? problem.text : found.gl_pathv[i]);
        CHECK_NAMED(inv != NULL && inv->site_count > 0, found.gl_pathv[i]);
        inventory_free(inv);
    }
    globfree(&found);
}

int
main(void)
{
    glob_t found = { 0 };
    int rc = glob(TEST_SOURCE_DIR "/../shared/scenarios", 0, NULL, &found);

    globfree(&found);
    if (rc != 0) {
        printf("skipped: no ../shared/scenarios\n");
        return 77;
    }
    RUN(load_all);
    return check_done();
}
