/* SPDX-License-Identifier: GPL-3.0-or-later */
/* manual.c - compares a manual page with its schema, or writes its list anew */
#include "tests/unit/manual.h"
#include "tests/unit/check.h"
#include <stdio.h>
#include <stdlib.h>

#define HEAD "\n.Sh OPTIONS\n"
#define TAIL ".Sh FILES\n"

static char text[1 << 20];

static bool
read_page(const char *path)
{
    FILE *f = fopen(path, "r");

    CHECK_NAMED(f != NULL, path);
    if (f == NULL)
        return false;
    text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
    fclose(f);
    return true;
}

static void
rewrite(const char *path, const char *from, const char *tail, const struct nh_buf *want)
{
    char fresh[600];
    FILE *f;

    snprintf(fresh, sizeof(fresh), "%s.new", path);
    f = fopen(fresh, "w");
    if (f == NULL)
        return;
    fwrite(text, 1, (size_t)(from - text), f);
    fwrite(want->data, 1, want->len, f);
    fputs(tail, f);
    if (fclose(f) == 0)
        CHECK_EQ(rename(fresh, path), 0, "rename");
}

static void
check_list(const char *path, const struct nh_conf_row *schema)
{
    const char *from = strstr(text, HEAD), *to = strstr(text, TAIL);
    struct nh_buf want;

    CHECK_NAMED(from != NULL && to != NULL, path);
    if (from == NULL || to == NULL)
        return;
    from += strlen(HEAD);
    nh_buf_init(&want, sizeof(text));
    nh_conf_manual(schema, &want);
    CHECK_EQ(nh_buf_err(&want), NH_OK, path);
    if (getenv("NHIP_REWRITE") != NULL)
        rewrite(path, from, to, &want);
    else
        CHECK_NAMED(want.len > 100 && (size_t)(to - from) == want.len &&
                        memcmp(from, want.data, want.len) == 0,
            "the page differs from the schema: NHIP_REWRITE=1 writes it anew");
    nh_buf_fini(&want);
}

static void
check_help(const struct nh_conf_row *rows)
{
    for (; rows != NULL && rows->name != NULL; rows++) {
        CHECK_NAMED(rows->help != NULL && *rows->help != '\0', rows->name);
        check_help(rows->rows);
    }
}

void
check_manual(const char *page, const struct nh_conf_row *schema)
{
    char path[512], command[600];

    snprintf(path, sizeof(path), "%s/docs/man/%s", TEST_SOURCE_DIR, page);
    snprintf(command, sizeof(command), "mandoc -T lint -W warning %s", path);
    check_help(schema);
    if (read_page(path))
        check_list(path, schema);
    if (system("command -v mandoc >/dev/null") == 0)
        CHECK_EQ(system(command), 0, command);
}
