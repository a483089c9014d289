/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Troubles from a file: when they hold, for whom, and what is refused. */
#include "drill/story.h"
#include "tests/unit/check.h"
#include <stdio.h>

static const struct drill_key keys[] = { { .site = "a" }, { .site = "b" },
    { .site = "c" } };

static enum nh_err
read_story(const char *text, int64_t now_ms, struct world *w)
{
    char path[256];
    FILE *f;

    snprintf(path, sizeof(path), "%s/story", check_tmpdir());
    f = fopen(path, "w");
    CHECK(f != NULL && fputs(text, f) >= 0);
    fclose(f);
    world_init(w, NH_COUNT(keys), 1, true);
    return drill_story_read(path, keys, NH_COUNT(keys), now_ms, w);
}

static void
troubles_hold_in_their_time(void)
{
    struct world w;

    CHECK_EQ(
        read_story("# a node, then the mains\n\nnode b 2 0 5 15.5\npower a 1 0 20 30\n",
            1234567, &w),
        NH_OK, "");
    /* the story's zero is 1,240,000 */
    world_step(&w, 1244999);
    CHECK(!world_link_is_cut(&w, 1, 0, 1244999));
    world_step(&w, 1245000);
    CHECK(world_link_is_cut(&w, 1, 0, 1245000) && world_link_is_cut(&w, 2, 0, 1245000));
    CHECK(!world_link_is_cut(&w, 0, 0, 1245000) && !world_link_is_cut(&w, 1, 1, 1245000));
    CHECK(world_link_is_cut(&w, 1, 0, 1255499) && !world_link_is_cut(&w, 1, 0, 1255500));
    world_step(&w, 1260000);
    CHECK(!world_has_power(&w, 0, 1260000) && world_has_power(&w, 1, 1260000));
    world_step(&w, 1270000);
    CHECK(world_has_power(&w, 0, 1270000) && !world_has_power(&w, 0, 1269999));
    world_step(&w, 1280000);
    CHECK_EQ(w.trouble_count, 0, "all over");
}

static void
refuses_what_is_wrong(void)
{
    static const char *const wrong[] = { "node a 1 0 5\n", "node a 1 0 5 6 7\n",
        "flood a 1 0 5 6\n", "node d 1 0 5 6\n", "node b 3 0 5 6\n", "node a 0 0 5 6\n",
        "link a 1 2 5 6\n", "link a 1 0 6 6\n", "link a 1 0 -1 6\n",
        "link a 1 0 nan 6\n" };
    struct world w;

    for (size_t i = 0; i < NH_COUNT(wrong); i++)
        CHECK_NAMED(read_story(wrong[i], 0, &w) == NH_EFORMAT, wrong[i]);
    CHECK_EQ(drill_story_read("/nonexistent", keys, 1, 0, &w), NH_EIO, "no file");
}

int
main(void)
{
    RUN(troubles_hold_in_their_time);
    RUN(refuses_what_is_wrong);
    return check_done();
}
