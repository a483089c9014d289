/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a schema accepts, what it refuses with which words, includes, and the manual. */
#include "libnhip/conf.h"
#include "tests/unit/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct nh_conf_row link_rows[] = {
    { .name = "carrier", .type = NH_CONF_STRING, .help = "Its carrier." },
    { .name = "mbps", .type = NH_CONF_FLOAT, .def = "0", .max = 1000, .help = "Speed." },
    { .name = NULL },
};
static const struct nh_conf_row site_rows[] = {
    { .name = "name", .type = NH_CONF_STRING, .help = "Its name." },
    { .name = "agent", .type = NH_CONF_BOOL, .def = "true", .help = "Has an agent." },
    { .name = "tags", .type = NH_CONF_LIST, .def = "a, b", .help = "Tags." },
    { .name = "link", .type = NH_CONF_TITLED, .rows = link_rows, .help = "A link." },
    { .name = NULL },
};
static const struct nh_conf_row store_rows[] = {
    { .name = "keep",
        .type = NH_CONF_DURATION,
        .def = "400d",
        .min = 60,
        .max = 1e9,
        .help = "How long." },
    { .name = "wait",
        .type = NH_CONF_DURATION,
        .def = "5",
        .unit = "s",
        .help = "Wait." },
    { .name = "port",
        .type = NH_CONF_INT,
        .def = "80",
        .min = 1,
        .max = 65535,
        .help = "Port." },
    { .name = NULL },
};
static const struct nh_conf_row schema[] = {
    { .name = "title", .type = NH_CONF_STRING, .def = ".\\dot", .help = "'A title." },
    { .name = "store", .type = NH_CONF_SECTION, .rows = store_rows, .help = "Storage." },
    { .name = "site", .type = NH_CONF_TITLED, .rows = site_rows, .help = "A site." },
    { .name = NULL },
};

static const char *
write_file(const char *name, const char *text)
{
    static char path[8][512];
    static unsigned turn;
    char *p = path[turn++ % 8];
    FILE *f;

    snprintf(p, 512, "%s/%s", check_tmpdir(), name);
    f = fopen(p, "w");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
        abort();
    return p;
}

static enum nh_err
load(struct nh_conf **c, const char *text, struct nh_conf_problem *problem)
{
    return nh_conf_load(c, write_file("t.conf", text), schema, problem);
}

/* The problem without the folder before the file's name. */
static const char *
reason(const struct nh_conf_problem *problem)
{
    size_t n = strlen(check_tmpdir()) + 1;

    return strlen(problem->text) > n ? problem->text + n : problem->text;
}

static void
accepts(void)
{
    struct nh_conf_problem problem;
    struct nh_conf *c;
    const struct nh_conf *site;

    CHECK_EQ(load(&c,
                 "#\n/* one\n two */ title = 'Nhịp'\r\n"
                 "store { keep = \"2h\" wait = 90 port = 7443 } // end\n"
                 "site \"a\" { name = \"A \\\"x\\\" ${NHIP_NOT_SET:-d}\" tags = {}\n"
                 "  link \"l\" { carrier = vnpt mbps = 1.5 } }\n"
                 "site b { name = http://x/y tags = { \"#x\", \"y\" } agent = off }",
                 &problem),
        NH_OK, problem.text);
    if (c == NULL)
        return;
    CHECK_STR(nh_conf_str(c, "title"), "Nhịp", "");
    CHECK_EQ(nh_conf_sections(c, "site"), 2, "");
    CHECK_EQ(nh_conf_seconds(nh_conf_section(c, "store", 0), "keep"), 7200, "");
    CHECK_EQ(nh_conf_seconds(nh_conf_section(c, "store", 0), "wait"), 90, "");
    CHECK_EQ(nh_conf_int(nh_conf_section(c, "store", 0), "port"), 7443, "");
    site = nh_conf_section(c, "site", 0);
    CHECK_STR(nh_conf_title(site), "a", "");
    CHECK_STR(nh_conf_str(site, "name"), "A \"x\" d", "");
    CHECK_EQ(nh_conf_list_size(site, "tags"), 0, "an empty list is not the default");
    CHECK(nh_conf_is_set(site, "name"));
    CHECK(!nh_conf_is_set(site, "agent"));
    CHECK(nh_conf_bool(site, "agent"));
    CHECK_NEAR(nh_conf_float(nh_conf_section(site, "link", 0), "mbps"), 1.5, 1e-9, "");
    nh_conf_bad(nh_conf_section(site, "link", 0), "mbps", &problem, "too %s", "slow");
    CHECK_STR(reason(&problem), "t.conf:6: too slow", "");
    nh_conf_bad(site, NULL, &problem, "no");
    CHECK_STR(reason(&problem), "t.conf:5: no", "");
    site = nh_conf_section(c, "site", 1);
    CHECK_STR(nh_conf_str(site, "name"), "http://x/y", "");
    CHECK_EQ(nh_conf_list_size(site, "tags"), 2, "");
    CHECK_STR(nh_conf_list(site, "tags", 0), "#x", "");
    CHECK(!nh_conf_bool(site, "agent"));
    nh_conf_free(c);
}

static void
defaults(void)
{
    struct nh_conf_problem problem;
    struct nh_conf *c;

    CHECK_EQ(load(&c, "store {}\nsite x { name = y }", &problem), NH_OK, problem.text);
    if (c == NULL)
        return;
    CHECK_EQ(nh_conf_seconds(nh_conf_section(c, "store", 0), "wait"), 5, "");
    CHECK_EQ(nh_conf_seconds(nh_conf_section(c, "store", 0), "keep"), 400 * 86400, "");
    CHECK_EQ(nh_conf_list_size(nh_conf_section(c, "site", 0), "tags"), 2, "");
    CHECK_STR(nh_conf_list(nh_conf_section(c, "site", 0), "tags", 1), "b", "");
    nh_conf_free(c);
    CHECK_EQ(load(&c, "", &problem), NH_OK, problem.text);
    CHECK_EQ(nh_conf_sections(c, "store"), 0, "");
    CHECK_EQ(nh_conf_int(nh_conf_only(c, "store"), "port"), 80, "");
    nh_conf_free(c);
}

static const struct {
    const char *text, *want;
} rejects[] = {
    { "nope = 1", "t.conf:1: no such option 'nope'" },
    { "\n\nstore { nope = 1 }", "t.conf:3: no such option 'nope'" },
    { "/* c */ /* c */\nstore { port = 0 }",
        "t.conf:2: 'port' may be from 1 to 65535, not 0" },
    { "title = a\ntitle = b", "t.conf:2: 'title' is given twice, first on line 1" },
    { "site x { name = a\n tags = {}\n tags = { b } }",
        "t.conf:3: 'tags' is given twice, first on line 2" },
    { "store { }\n\nstore {\n}", "t.conf:3: section 'store' is given twice" },
    { "site x { name = a }\nsite x { name = b }", "t.conf:2: found duplicate title 'x'" },
    { "site \"\" { name = a }", "t.conf:1: section 'site' wants a title" },
    { "site { name = a }", "t.conf:1: missing title for section 'site'" },
    { "\nsite x {\n agent = true\n}", "t.conf:2: site x: 'name' is missing" },
    { "site x { name = a agent = maybe }",
        "t.conf:1: 'agent' wants true or false, not \"maybe\"" },
    { "store { port = 8O }", "t.conf:1: 'port' wants a whole number, not \"8O\"" },
    { "store { port = 0x50 }", "t.conf:1: 'port' wants a whole number, not \"0x50\"" },
    { "store { port = 1.5 }", "t.conf:1: 'port' wants a whole number, not \"1.5\"" },
    { "store { keep = 5 }",
        "t.conf:1: 'keep' wants a duration such as \"90s\", \"5min\", \"2h\" or "
        "\"400d\", not \"5\"" },
    { "store { keep = 5m }",
        "t.conf:1: 'keep' wants a duration such as \"90s\", \"5min\", \"2h\" or "
        "\"400d\", not \"5m\"" },
    { "store { keep = 1s }", "t.conf:1: 'keep' may be from 60 to 1000000000 s, not 1s" },
    { "site x { name = a\n", "t.conf:1: section without its closing \"}\"" },
    { "site x { name = a }\n}", "t.conf:2: \"}\" without its \"{\"" },
    { "title = \"a\nb\"", "t.conf:1: string without its closing quote" },
    { "title = \"a\\x00b\"", "t.conf:1: in a string only \\\\ and \\\" are escapes" },
    { "title = \"\xc3(\"", "t.conf:1: this line is not UTF-8 text" },
    { "title = \"a\x01\"", "t.conf:1: control character 0x01" },
    { "title = +84", "t.conf:1: put a value with \"+\" in it between quotes" },
    { "title = a*", "t.conf:1: put a value with \"*\" in it between quotes" },
    { "title = \"${NHIP_NOT_SET}\"",
        "t.conf:1: environment variable NHIP_NOT_SET is not set" },
    { "title = ${HOME}", "t.conf:1: put ${...} between double quotes" },
    { "store|port = 1", "t.conf:1: \"|\" in a name" },
    { "site x { name = a tags += { c } }",
        "t.conf:1: \"+=\": a list is given once, whole" },
    { "/* never", "t.conf:1: comment without its end" },
    { "include(\"none.conf\")", "t.conf:1: include(\"none.conf\"): no such file" },
    { "store { include(\"x\") }", "t.conf:1: include() stands outside of sections only" },
    { "include x", "t.conf:1: write include(\"FILE\")" },
    { "include(\"t.conf\")", "t.conf:1: is included twice" },
    { "title", "t.conf:2: premature end of file" },
    { "title = {a}", "t.conf:1: unexpected token '{'" },
    { "= 1", "t.conf:1: \"=\" without a name before it" },
};

static void
refuses(void)
{
    for (size_t i = 0; i < NH_COUNT(rejects); i++) {
        struct nh_conf_problem problem;
        struct nh_conf *c;

        CHECK_EQ(load(&c, rejects[i].text, &problem), NH_ECONF, rejects[i].text);
        CHECK_NAMED(c == NULL, rejects[i].text);
        CHECK_STR(reason(&problem), rejects[i].want, rejects[i].text);
        nh_conf_free(c);
    }
}

static void
refuses_what_is_no_file(void)
{
    struct nh_conf_problem problem;
    struct nh_conf *c;

    CHECK_EQ(nh_conf_load(&c, check_tmpdir(), schema, &problem), NH_ECONF, "a folder");
    CHECK(strstr(problem.text, ":1: is not a file") != NULL);
    CHECK_EQ(nh_conf_load(&c, "/nonexistent/nhip.conf", schema, &problem), NH_ECONF, "");
    CHECK_STR(problem.text,
        "/nonexistent/nhip.conf:1: cannot be read: No such file or directory", "");
}

/* Includes are relative to the file that says them, globs in the order of names. */
static void
includes(void)
{
    struct nh_conf_problem problem;
    struct nh_conf *c;
    char dir[512];

    snprintf(dir, sizeof(dir), "%s/conf.d", check_tmpdir());
    CHECK_EQ(mkdir(dir, 0700), 0, "");
    write_file("conf.d/2.conf", "site two { name = b }\n");
    write_file("conf.d/1.conf", "\nsite one { name = a }\ninclude(\"deep.inc\")\n");
    write_file("conf.d/deep.inc", "\n\nsite deep { name = c\n mbps = 1 }\n");
    CHECK_EQ(load(&c, "include(\"conf.d/*.conf\")\ninclude(\"none.d/*.conf\")", &problem),
        NH_ECONF, "");
    CHECK_STR(reason(&problem), "conf.d/deep.inc:4: no such option 'mbps'", "");
    write_file("conf.d/deep.inc", "\n\nsite deep { name = c }\n");
    CHECK_EQ(load(&c, "include(\"conf.d/*.conf\")\nsite z { name = z }", &problem), NH_OK,
        problem.text);
    if (c == NULL)
        return;
    CHECK_EQ(nh_conf_sections(c, "site"), 4, "");
    CHECK_STR(nh_conf_title(nh_conf_section(c, "site", 0)), "z", "");
    CHECK_STR(nh_conf_title(nh_conf_section(c, "site", 1)), "one", "");
    CHECK_STR(nh_conf_title(nh_conf_section(c, "site", 2)), "two", "");
    nh_conf_bad(nh_conf_section(c, "site", 3), "name", &problem, "x");
    CHECK_STR(reason(&problem), "conf.d/deep.inc:3: x", "");
    nh_conf_free(c);
    write_file("conf.d/2.conf", "title = b\n");
    CHECK_EQ(load(&c, "include(\"conf.d/2.conf\")\ntitle = a", &problem), NH_ECONF, "");
    CHECK(strstr(problem.text, "conf.d/2.conf:1: 'title' is given twice, first in ") !=
          NULL);
}

static void
durations(void)
{
    static const struct {
        const char *text, *unit;
        int64_t want; /* -1: refused */
    } rows[] = { { "90s", NULL, 90 }, { "5min", NULL, 300 }, { "1.5h", NULL, 5400 },
        { "2w", NULL, 1209600 }, { "5y", NULL, 5 * 365 * 86400LL }, { "7", "d", 604800 },
        { "7", NULL, -1 }, { "", "s", -1 }, { "-1s", NULL, -1 }, { "1 s", NULL, -1 },
        { "0.5s", NULL, -1 }, { "200y", NULL, -1 }, { "1e3s", NULL, -1 } };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        int64_t got = -1;
        enum nh_err err = nh_conf_parse_duration(rows[i].text, rows[i].unit, &got);

        CHECK_EQ(err, rows[i].want < 0 ? NH_EINVAL : NH_OK, rows[i].text);
        CHECK_EQ(got, rows[i].want, rows[i].text);
    }
}

static void
manual(void)
{
    struct nh_buf out;

    nh_buf_init(&out, 1 << 20);
    nh_conf_manual(schema, &out);
    nh_buf_put(&out, "", 1);
    CHECK_EQ(nh_buf_err(&out), NH_OK, "");
    CHECK(strstr((const char *)out.data,
              ".It Ic title No = Ar \"text\"\n\\&'A title.\nThe default is\n"
              ".Ql \".\\edot\" .\n") != NULL);
    CHECK(strstr((const char *)out.data,
              ".Ss site \\(dqID\\(dq, link \\(dqID\\(dq\nA link.\n") != NULL);
    CHECK(strstr((const char *)out.data, "Its carrier.\nRequired.\n") != NULL);
    nh_buf_fini(&out);
}

/* A program that needs one section passes over the rest, and still says where it is
 * wrong. */
static void
reads_a_part(void)
{
    static const struct nh_conf_row of_web[] = {
        { "listen", NH_CONF_STRING, "none", 0, 0, "", "", NULL },
        { 0 },
    };
    static const struct nh_conf_row part[] = {
        { "web", NH_CONF_SECTION, NULL, 0, 0, "", "", of_web },
        { 0 },
    };
    struct nh_conf_problem problem;
    struct nh_conf *c;

    CHECK(nh_conf_load_part(&c,
              write_file("t.conf", "drill = true\ncentre { name = \"c\" uplink \"u\" { "
                                   "tell = { \"a\" } } }\n"
                                   "web { listen = \"here\" public = true }\nsite \"s\" "
                                   "{ link \"l\" { } }\n"),
              part, &problem) == NH_OK);
    if (c != NULL && nh_conf_sections(c, "web") == 1)
        CHECK_STR(nh_conf_str(nh_conf_section(c, "web", 0), "listen"), "here", "listen");
    else
        CHECK(false);
    nh_conf_free(c);
    CHECK(nh_conf_load_part(&c, write_file("t.conf", "site \"s\" { }\nweb {\n"), part,
              &problem) == NH_ECONF);
    CHECK_STR(
        reason(&problem), "t.conf:2: section without its closing \"}\"", "the line");
}

int
main(void)
{
    RUN(accepts);
    RUN(defaults);
    RUN(refuses);
    RUN(refuses_what_is_no_file);
    RUN(includes);
    RUN(durations);
    RUN(reads_a_part);
    RUN(manual);
    return check_done();
}
