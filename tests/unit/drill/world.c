/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The made-up province: plausible, the same for the same seed, in trouble now and then.
 */
#include "drill/world.h"
#include "drill/keys_file.h"
#include "tests/unit/check.h"
#include <stdio.h>

enum { SITES = 56, DAY_MS = 86400000, START_S = 1795500000 };

static void
measures_in_range(void)
{
    struct world w;
    size_t kinds;
    const struct nh_kind *all = nh_kind_all(&kinds);

    world_init(&w, SITES, 7, false);
    for (int64_t now = 10000; now < DAY_MS; now += 600000) {
        world_step(&w, now);
        for (size_t k = 0; k < kinds; k++) {
            struct nh_reading r;

            world_measure(&w, &all[k], (uint32_t)(now / 10000 % SITES), 0, now,
                START_S + now / 1000, &r);
            CHECK_NAMED(r.present != 0, all[k].name);
            for (uint32_t m = 0; m < all[k].count; m++) {
                double v = nh_from_fixed(r.value[m], all[k].metrics[m].decimals);

                if ((r.present >> m & 1) != 0)
                    CHECK_NAMED(v >= all[k].metrics[m].min && v <= all[k].metrics[m].max,
                        all[k].metrics[m].name);
            }
        }
    }
}

static void
has_troubles_that_end(void)
{
    struct world w, quiet;
    bool cut = false, full = false, dark = false;

    world_init(&w, SITES, 7, false);
    world_init(&quiet, SITES, 7, true);
    for (int64_t now = 1000; now < DAY_MS / 4; now += 5000) {
        world_step(&w, now);
        world_step(&quiet, now);
        for (uint32_t site = 0; site < SITES; site++) {
            cut |= world_link_is_cut(&w, site, 0, now);
            full |= world_link_is_full(&w, site, 0, now);
            dark |= !world_has_power(&w, site, now);
            CHECK(world_has_power(&quiet, site, now));
        }
    }
    CHECK(cut && full && dark);
    CHECK(w.begun > 100 && quiet.begun == 0);
    CHECK(w.trouble_count < 20);
    w.quiet = true;
    world_step(&w, DAY_MS);
    CHECK_EQ(w.trouble_count, 0, "all of them end");
}

static void
a_cut_is_a_lost_round(void)
{
    struct world w;
    struct nh_reading r;

    world_init(&w, SITES, 7, true);
    w.trouble[w.trouble_count++] = (struct trouble){ .kind = TROUBLE_NODE,
        .site = 4,
        .sites = 4,
        .link = 1,
        .from_ms = 1000,
        .to_ms = 2000 };
    world_measure(&w, nh_kind_find("path"), 5, 1, 1500, START_S, &r);
    CHECK(r.value[NH_ICMP_LOST] == r.value[NH_ICMP_SENT] && r.present == 3);
    world_measure(&w, nh_kind_find("path"), 5, 0, 1500, START_S, &r);
    CHECK_NAMED(r.value[NH_ICMP_LOST] < r.value[NH_ICMP_SENT], "the other link is up");
    world_measure(&w, nh_kind_find("path"), 8, 1, 1500, START_S, &r);
    CHECK_NAMED(r.value[NH_ICMP_LOST] < r.value[NH_ICMP_SENT], "another node's site");
    world_measure(&w, nh_kind_find("path"), 5, 1, 2000, START_S, &r);
    CHECK_NAMED(r.value[NH_ICMP_LOST] < r.value[NH_ICMP_SENT], "over");
}

static void
reads_keys(void)
{
    static const char key[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaq";
    struct drill_key *keys = NULL;
    uint8_t raw[NH_KEY_LEN];
    size_t count = 0;
    char path[256];
    FILE *f;

    CHECK(drill_base32(key, raw) && raw[0] == 0 && raw[NH_KEY_LEN - 1] == 1);
    CHECK(!drill_base32("aaaa", raw) && !drill_base32("", raw));
    snprintf(path, sizeof(path), "%s/keys", check_tmpdir());
    f = fopen(path, "w");
    fprintf(f, "# who\nalpha id1 %s\nbeta id2 %s\n\ncentre id3 %s\n", key, key, key);
    fclose(f);
    CHECK_EQ(drill_keys_read(path, &keys, &count), NH_OK, "");
    CHECK_EQ(count, 3, "three agents");
    drill_keys_cut(&keys, &count, 1);
    CHECK_EQ(count, 2, "the first and the centre");
    CHECK_STR(keys[1].site, "centre", "");
    drill_keys_free(keys, count);
    f = fopen(path, "w");
    fprintf(f, "alpha id1 not-a-key\n");
    fclose(f);
    CHECK_EQ(drill_keys_read(path, &keys, &count), NH_EFORMAT, "a bad key");
}

int
main(void)
{
    RUN(measures_in_range);
    RUN(has_troubles_that_end);
    RUN(a_cut_is_a_lost_round);
    RUN(reads_keys);
    return check_done();
}
