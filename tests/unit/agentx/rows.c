/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rows: GET and GETNEXT in the order of identifiers, holes, documents that come again */
#include "mibs/agentx/rows.h"
#include "libnhip/buf.h"
#include "mibs/agentx/fill.h"
#include "mibs/agentx/standing.h"
#include "mibs/columns.h"
#include "tests/unit/check.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { COLUMNS_GENERAL(COLUMN_ID) COLUMNS_LINK(COLUMN_ID) COLUMNS_SITE(COLUMN_ID) };

static const unsigned long root[] = { NHIP_MIB_ROOT };

static size_t
oid_of(unsigned long out[ROWS_OID_MAX], const char *rest)
{
    size_t n = NH_COUNT(root);

    memcpy(out, root, sizeof(root));
    for (const char *at = rest; *at != '\0';) {
        char *end;

        out[n++] = strtoul(at, &end, 10);
        at = *end == '.' ? end + 1 : end;
    }
    return n;
}

static void
text_of(const unsigned long *oid, size_t len, char out[256])
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = NH_COUNT(root); i < len && n < 240; i++)
        n += (size_t)snprintf(out + n, 256 - n, "%s%lu", n > 0 ? "." : "", oid[i]);
}

static void
put_site(struct rows *r, const char *id, const char *name, int links)
{
    struct row_index index = { .len = 0 };
    char key[64];
    struct owner *o;
    struct row *row;

    fill_key("site", id, key, sizeof(key));
    o = rows_begin(r, key);
    row_index_text(&index, id, 40);
    row = rows_put(r, o, TABLE_SITE, &index);
    CHECK(row != NULL);
    row_text(row, COLUMN_SITE_NAME, name);
    if (links >= 0)
        row_number(row, COLUMN_SITE_LINKS, links);
    rows_end(r, o);
}

static void
walk_is(struct rows *r, const char *const want[], size_t count, const char *name)
{
    unsigned long oid[ROWS_OID_MAX], next[ROWS_OID_MAX];
    size_t len = oid_of(oid, "1"), n = 0, next_len;
    char text[256];

    while (rows_next(r, REGION_NHIP, oid, len, false, next, &next_len) != NULL) {
        text_of(next, next_len, text);
        CHECK_NAMED(n < count, name);
        if (n < count)
            CHECK_STR(text, want[n], name);
        n++;
        memcpy(oid, next, next_len * sizeof(next[0]));
        len = next_len;
        if (n > 100)
            break;
    }
    CHECK_EQ(n, count, name);
}

static void
walks(void)
{
    static const char *const both[] = { "1.4.1.2.1.97", "1.4.1.2.2.98.98",
        "1.4.1.7.2.98.98" };
    static const char *const one[] = { "1.4.1.2.2.98.98", "1.4.1.7.2.98.98" };
    unsigned long oid[ROWS_OID_MAX], next[ROWS_OID_MAX];
    const struct cell *c;
    struct rows *r;
    size_t len, next_len;

    CHECK_EQ(rows_new(&r), NH_OK, "new");
    put_site(r, "bb", "B", 2);
    put_site(r, "a", "A", -1); /* its links are not known: no instance */
    walk_is(r, both, NH_COUNT(both), "both");
    len = oid_of(oid, "1.4.1.7.2.98.98");
    c = rows_get(r, oid, len);
    CHECK(c != NULL && c->number == 2);
    CHECK(rows_get(r, oid, len - 1) == NULL);
    CHECK(rows_get(r, oid, oid_of(oid, "1.4.1.7.1.97")) == NULL);
    CHECK(rows_get(r, oid, oid_of(oid, "1.4.1.99.1.97")) == NULL);
    CHECK(rows_get(r, oid, oid_of(oid, "1.4")) == NULL);
    /* inclusive, as AgentX asks for the head of a range */
    len = oid_of(oid, "1.4.1.7.2.98.98");
    c = rows_next(r, REGION_NHIP, oid, len, true, next, &next_len);
    CHECK(c != NULL && next_len == len);
    CHECK(rows_next(r, REGION_NHIP, oid, len, false, next, &next_len) == NULL);
    CHECK(rows_next(r, REGION_PING, oid, 1, false, next, &next_len) == NULL);
    /* from before the tree, and from behind it */
    CHECK(rows_next(r, REGION_NHIP, oid, 3, false, next, &next_len) != NULL);
    CHECK(
        rows_next(r, REGION_NHIP, oid, oid_of(oid, "2"), false, next, &next_len) == NULL);
    oid[NH_COUNT(root)] = ULONG_MAX;
    CHECK(rows_next(r, REGION_NHIP, oid, NH_COUNT(root) + 1, false, next, &next_len) ==
          NULL);
    rows_gone(r, "site/a");
    walk_is(r, one, NH_COUNT(one), "one is gone");
    rows_clear(r);
    walk_is(r, NULL, 0, "all are gone");
    rows_free(r);
}

static void
a_document_comes_again(void)
{
    static const char *const rows[] = { "1.4.1.2.1.97", "1.4.1.7.1.97" };
    struct row_index index = { .len = 0 };
    unsigned long oid[ROWS_OID_MAX];
    struct rows *r;
    struct owner *o;

    CHECK_EQ(rows_new(&r), NH_OK, "new");
    put_site(r, "a", "A", 1);
    put_site(r, "a", "Another", 3);
    walk_is(r, rows, NH_COUNT(rows), "the same rows");
    CHECK_EQ(rows_get(r, oid, oid_of(oid, "1.4.1.7.1.97"))->number, 3, "newest");
    o = rows_begin(r, "site/a"); /* it says nothing any more */
    rows_end(r, o);
    walk_is(r, NULL, 0, "none");
    for (int i = 0; i < 41; i++)
        index.id[i] = 'x';
    row_index_text(&index, "12345678901234567890123456789012345678901", 40);
    CHECK(index.bad);
    o = rows_begin(r, "site/long");
    CHECK(rows_put(r, o, TABLE_SITE, &index) == NULL);
    rows_end(r, o);
    rows_free(r);
}

static void
cells(void)
{
    static const struct row_index none = { .len = 0 };
    unsigned long oid[ROWS_OID_MAX];
    const struct cell *c;
    struct rows *r;
    struct owner *o;
    struct row *row;
    char text[200];

    CHECK_EQ(rows_new(&r), NH_OK, "new");
    o = rows_begin(r, "x");
    row = rows_put(r, o, TABLE_GENERAL, &none);
    for (size_t i = 0; i + 4 <= sizeof(text); i += 3)
        memcpy(text + i, "ậ", 4);
    row_text(row, COLUMN_PROVINCE, text);
    row_number(row, COLUMN_SITES, -5);
    row_number(row, COLUMN_LINKS, INT64_C(1) << 40);
    row_number(row, COLUMN_JOURNAL_LOST, INT64_C(1) << 40);
    row_number(row, 99, 1); /* no such column */
    rows_end(r, o);
    c = rows_get(r, oid, oid_of(oid, "1.1.1.0"));
    CHECK(c != NULL && c->len == 126 && nh_utf8_is_valid(c->text, c->len));
    CHECK_EQ(rows_get(r, oid, oid_of(oid, "1.1.3.0"))->number, 0, "a gauge stops at 0");
    CHECK_EQ(rows_get(r, oid, oid_of(oid, "1.1.5.0"))->number, UINT32_MAX, "and its end");
    CHECK_EQ(
        rows_get(r, oid, oid_of(oid, "1.1.11.0"))->number, INT64_C(1) << 40, "a counter");
    rows_free(r);
}

/* RFC 4560: without an answer the times are 0, and not left out. */
static void
pings_without_an_answer(void)
{
    static const unsigned long entry[] = { 1, 3, 6, 1, 2, 1, 80, 1, 3, 1 };
    json_t *doc = json_loads("{\"checks\":[{\"id\":\"s/a/path\",\"kind\":\"path\","
                             "\"values\":{\"sent\":10,\"lost\":10}}]}",
        0, NULL);
    unsigned long oid[ROWS_OID_MAX] = { 0 }, found[ROWS_OID_MAX];
    struct rows *r;

    CHECK(doc != NULL);
    CHECK_EQ(rows_new(&r), NH_OK, "new");
    fill_agent(r, doc, 1790000000);
    memcpy(oid, entry, sizeof(entry));
    for (unsigned long column = 4; column <= 8; column++) {
        const struct cell *c;
        size_t len;

        oid[NH_COUNT(entry)] = column;
        c = rows_next(r, REGION_PING, oid, NH_COUNT(entry) + 1, false, found, &len);
        CHECK(c != NULL && found[NH_COUNT(entry)] == column);
        if (c != NULL)
            CHECK_EQ(c->number, column == 8 ? 10 : 0, "the probes that were sent");
    }
    rows_free(r);
    json_decref(doc);
}

/* A document of any shape: no row, or the rows that it can give. */
static void
odd_documents(void)
{
    static const char *const docs[] = { "{}", "{\"id\":3}", "{\"id\":\"a\",\"links\":7}",
        "{\"id\":\"a\",\"links\":[{},{\"name\":\"n\"},{\"name\":\"n\",\"carrier\":\"c\","
        "\"checks\":[]}]}",
        "{\"number\":3,\"links\":[7,\"\",\"/\",\"a/b\"],\"cause\":\"rain\"}",
        "{\"number\":1e18}",
        "{\"id\":\"a\",\"since\":1e300,\"agent\":{\"expected\":true,\"lost\":-1e300}}",
        "{\"checks\":[{},{\"id\":\"/\",\"kind\":\"path\"},{\"id\":\"a/b/c/d\",\"kind\":"
        "\"path\"},{\"id\":\"a/b/path\",\"kind\":\"path\",\"values\":{\"sent\":0,"
        "\"lost\":0}}]}" };

    for (size_t i = 0; i < NH_COUNT(docs); i++) {
        json_t *doc = json_loads(docs[i], 0, NULL);
        struct standing *s;
        struct rows *r;

        CHECK_NAMED(doc != NULL, docs[i]);
        CHECK_EQ(rows_new(&r), NH_OK, docs[i]);
        CHECK_EQ(standing_new(&s), NH_OK, docs[i]);
        fill_overview(r, doc, s);
        fill_site(r, doc, s);
        fill_service(r, doc);
        fill_incident(r, doc);
        fill_agent(r, doc, 1790000000);
        standing_incident(s, r, "3", doc);
        standing_report(s, r, doc);
        standing_incident(s, r, "3", NULL);
        standing_report(s, r, NULL);
        CHECK_NAMED(rows_count(r) < 10, docs[i]);
        rows_free(r);
        standing_free(s);
        json_decref(doc);
    }
}

int
main(void)
{
    RUN(walks);
    RUN(a_document_comes_again);
    RUN(cells);
    RUN(pings_without_an_answer);
    RUN(odd_documents);
    return check_done();
}
