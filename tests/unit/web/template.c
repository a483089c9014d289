/* SPDX-License-Identifier: GPL-3.0-or-later */
/* template.c - rendering, what is refused, and that every text that pages use exists */
#include "web/template.h"
#include "tests/unit/check.h"
#include <stdio.h>
#include <stdlib.h>

static void
renders(void)
{
    static const struct {
        const char *name, *text, *json, *want;
    } rows[] = {
        { "escapes", "<b>{{a}}</b>", "{\"a\":\"<&>\\\"'\"}",
            "<b>&lt;&amp;&gt;&quot;&#39;</b>" },
        { "raw", "{{{a}}}", "{\"a\":\"<i>\"}", "<i>" },
        { "numbers", "{{a}} {{b}}", "{\"a\":12,\"b\":4.5}", "12 4.5" },
        { "missing is nothing", "[{{a}}]", "{}", "[]" },
        { "list", "{{#l}}<{{.}}>{{/l}}", "{\"l\":[\"x\",\"y\"]}", "<x><y>" },
        { "list of objects", "{{#l}}{{a}}{{o}}{{/l}}",
            "{\"l\":[{\"a\":1},{\"a\":2}],\"o\":\"z\"}", "1z2z" },
        { "the inner hides the outer", "{{#l}}{{a}}{{/l}}{{a}}",
            "{\"l\":{\"a\":1},\"a\":2}", "12" },
        { "false, null, empty, zero",
            "{{#a}}x{{/a}}{{#b}}x{{/b}}{{#c}}x{{/c}}{{#d}}x{{/d}}",
            "{\"a\":false,\"b\":null,\"c\":\"\",\"d\":0}", "" },
        { "inverted", "{{^a}}no{{/a}}{{^b}}no{{/b}}", "{\"b\":[1]}", "no" },
        { "nested", "{{#a}}{{#b}}{{c}}{{/b}}{{/a}}",
            "{\"a\":{\"b\":[{\"c\":1},{\"c\":2}]}}", "12" },
        { "dotted", "{{a.b.c}}", "{\"a\":{\"b\":{\"c\":\"deep\"}}}", "deep" },
        { "comment", "a{{! not <this> }}b", "{}", "ab" },
        { "words", "{{t:down}} {{t=s}}", "{\"s\":\"up\"}", "Mất kết nối Hoạt động" },
        { "no indentation", "<a>\n   <b>", "{}", "<a>\n<b>" },
        { "values are not templates", "{{a}}", "{\"a\":\"{{b}}\",\"b\":1}", "{{b}}" },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        struct templates *set = NULL;
        struct template_problem problem;
        json_t *view = json_loads(rows[i].json, 0, NULL);
        struct nh_buf b;

        nh_buf_init(&b, 4096);
        CHECK_EQ(templates_add(&set, "x", rows[i].text, strlen(rows[i].text), &problem),
            NH_OK, rows[i].name);
        CHECK_EQ(template_render(set, "x", view, NH_VI, &b), NH_OK, rows[i].name);
        nh_buf_put_u8(&b, '\0');
        CHECK_STR((const char *)b.data, rows[i].want, rows[i].name);
        nh_buf_fini(&b);
        json_decref(view);
        templates_free(set);
    }
}

static void
refuses(void)
{
    static const struct {
        const char *name, *text, *want;
    } rows[] = {
        { "open section", "a\n{{#a}}x", "x.html:2: a section does not end" },
        { "stray end", "{{/a}}", "x.html:1: a section ends that never began" },
        { "crossed", "{{#a}}{{#b}}{{/a}}{{/b}}",
            "x.html:1: another section is open here" },
        { "open tag", "\n\n{{a", "x.html:3: a tag does not end" },
        { "empty", "{{}}", "x.html:1: an empty tag" },
        { "no name", "{{#}}", "x.html:1: a tag without a name" },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        struct templates *set = NULL;
        struct template_problem problem;

        CHECK_EQ(templates_add(&set, "x", rows[i].text, strlen(rows[i].text), &problem),
            NH_EFORMAT, rows[i].name);
        CHECK_STR(problem.text, rows[i].want, rows[i].name);
        templates_free(set);
    }
}

/* A partial that includes itself ends. */
static void
partials(void)
{
    struct templates *set = NULL;
    struct template_problem problem;
    json_t *view = json_object();
    struct nh_buf b;

    nh_buf_init(&b, 4096);
    CHECK(templates_add(&set, "x", "[{{>y}}]", 8, &problem) == NH_OK);
    CHECK(templates_add(&set, "y", "y{{>y}}", 7, &problem) == NH_OK);
    CHECK(template_render(set, "x", view, NH_VI, &b) == NH_OK);
    CHECK(b.len > 3 && b.data[0] == '[' && b.data[b.len - 1] == ']');
    CHECK(template_render(set, "none", view, NH_VI, &b) == NH_ENOTFOUND);
    nh_buf_fini(&b);
    json_decref(view);
    templates_free(set);
}

static unsigned keys_seen;

static void
has_text(void *arg, const char *key)
{
    (void)arg;
    keys_seen++;
    CHECK_NAMED(nh_text_has(key), key);
}

static void
every_text_of_the_templates(void)
{
    struct templates *set = NULL;
    struct template_problem problem;

    CHECK(templates_load(&set, TEST_SOURCE_DIR "/web/templates", &problem) == NH_OK);
    if (set == NULL)
        return;
    templates_keys(set, has_text, NULL);
    CHECK(keys_seen > 40);
    templates_free(set);
}

/* nh_text(lang, "key") of the C files, and the keys of view.c's tables. */
static void
every_text_of_the_code(void)
{
    static const char command[] =
        "cat " TEST_SOURCE_DIR "/web/*.c " TEST_SOURCE_DIR "/web/pages/*.c | "
        "grep -oE 'nh_text\\((lang|NH_EN|NH_VI), \"[a-z_]+\"' | "
        "sed 's/.*\"\\([a-z_]*\\)\"/\\1/'";
    FILE *f = popen(command, "r");
    char key[128];
    unsigned n = 0;

    CHECK(f != NULL);
    while (f != NULL && fgets(key, sizeof(key), f) != NULL) {
        key[strcspn(key, "\n")] = '\0';
        CHECK_NAMED(nh_text_has(key), key);
        n++;
    }
    if (f != NULL)
        pclose(f);
    CHECK(n > 10);
}

/* The sentences that the collector names in `why`. */
static void
reasons_of_the_judge(void)
{
    FILE *f = popen("grep -ohE '\"why_[a-z_]+\"' -r " TEST_SOURCE_DIR
                    "/collector --include=*.c | tr -d '\"' | sort -u",
        "r");
    char key[128];

    CHECK(f != NULL);
    while (f != NULL && fgets(key, sizeof(key), f) != NULL) {
        key[strcspn(key, "\n")] = '\0';
        CHECK_NAMED(nh_text_has(key), key);
    }
    if (f != NULL)
        pclose(f);
}

/* Words that are found by what a document says: PREFIX_word. */
static void
words_of_incidents(void)
{
    static const struct {
        const char *prefix, *words;
    } rows[] = {
        { "cause",
            "power site_lan last_mile carrier_node carrier_core data_centre service "
            "congestion monitoring planned unknown" },
        { "kind", "outage degraded flapping power service standby_lost silent" },
        { "confidence", "fact likely suspected" },
        { "party", "power_company commune province unknown" },
        { "change", "opened revised closed reopened merged" },
        { "about", "opened revised closed escalated" },
        { "did", "ack own note ticket estimate override close" },
        { "do", "ack own note ticket estimate override close" },
        { "way", "page nhipctl link sms" },
        { "channel", "email sms webhook command" },
        { "message", "waiting sending sent failed" },
        { "act",
            "refused not_kept who_missing who_long text_missing text_long not_ours" },
        { "ack", "expired denied gone failed" },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++)
        for (const char *s = rows[i].words; *s != '\0'; s += strspn(s, " ")) {
            size_t len = strcspn(s, " ");
            char key[96];

            snprintf(key, sizeof(key), "%s_%.*s", rows[i].prefix, (int)len, s);
            CHECK_NAMED(nh_text_has(key), key);
            s += len;
        }
}

int
main(void)
{
    RUN(renders);
    RUN(refuses);
    RUN(partials);
    RUN(every_text_of_the_templates);
    RUN(every_text_of_the_code);
    RUN(reasons_of_the_judge);
    RUN(words_of_incidents);
    return check_done();
}
