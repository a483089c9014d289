/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nhip.conf(5) lists the schema as it is. After a change to the schema, run this with
 * NHIP_REWRITE=1 in the environment: it writes the list anew. */
#include "collector/inventory.h"
#include "tests/unit/check.h"
#include <stdio.h>
#include <stdlib.h>

#define PAGE TEST_SOURCE_DIR "/docs/man/nhip.conf.5"
#define HEAD "\n.Sh OPTIONS\n"
#define TAIL ".Sh FILES\n"

static char page[1 << 20];

static void
read_page(void)
{
    FILE *f = fopen(PAGE, "r");

    CHECK(f != NULL);
    if (f == NULL)
        return;
    page[fread(page, 1, sizeof(page) - 1, f)] = '\0';
    fclose(f);
}

static void
rewrite(const char *from, const char *tail, const struct nh_buf *want)
{
    FILE *f = fopen(PAGE ".new", "w");

    if (f == NULL)
        return;
    fwrite(page, 1, (size_t)(from - page), f);
    fwrite(want->data, 1, want->len, f);
    fputs(tail, f);
    if (fclose(f) == 0)
        CHECK_EQ(rename(PAGE ".new", PAGE), 0, "rename");
}

static void
page_lists_the_schema(void)
{
    const char *from, *to;
    struct nh_buf want;

    read_page();
    from = strstr(page, HEAD);
    to = strstr(page, TAIL);
    CHECK(from != NULL && to != NULL);
    if (from == NULL || to == NULL)
        return;
    from += strlen(HEAD);
    nh_buf_init(&want, sizeof(page));
    nh_conf_manual(inventory_schema(), &want);
    CHECK_EQ(nh_buf_err(&want), NH_OK, "");
    CHECK(want.len > 10000);
    if (getenv("NHIP_REWRITE") != NULL)
        rewrite(from, to, &want);
    else
        CHECK_NAMED(
            (size_t)(to - from) == want.len && memcmp(from, want.data, want.len) == 0,
            "docs/man/nhip.conf.5 differs from the schema: NHIP_REWRITE=1 writes it "
            "anew");
    nh_buf_fini(&want);
}

static void
every_row_is_documented(void)
{
    for (const struct nh_conf_row *s = inventory_schema(); s->name != NULL; s++) {
        CHECK_NAMED(s->help != NULL && *s->help != '\0', s->name);
        for (const struct nh_conf_row *r = s->rows; r->name != NULL; r++)
            CHECK_NAMED(r->help != NULL && r->help[strlen(r->help) - 1] == '.', r->name);
    }
}

static void
mandoc_has_nothing_to_say(void)
{
    if (system("command -v mandoc >/dev/null") != 0)
        return;
    CHECK_EQ(system("mandoc -T lint -W warning " PAGE), 0, "mandoc");
}

int
main(void)
{
    RUN(page_lists_the_schema);
    RUN(every_row_is_documented);
    RUN(mandoc_has_nothing_to_say);
    return check_done();
}
