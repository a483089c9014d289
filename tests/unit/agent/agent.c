/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ways out in turn, keys in turn, assignments kept, records quarantined, words of the
 * page. */
#include "agent/assignments.h"
#include "agent/keyring.h"
#include "agent/page.h"
#include "agent/spool.h"
#include "agent/uplink.h"
#include "libnhip/loop.h"
#include "tests/unit/check.h"
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void
tries_each_way(void)
{
    static const struct {
        const char *name;
        uint64_t attempt;
        size_t addresses, interfaces, address, way;
    } rows[] = {
        { "first", 0, 2, 2, 0, 0 },
        { "second address, same way", 1, 2, 2, 1, 0 },
        { "first interface", 2, 2, 2, 0, 1 },
        { "second interface", 4, 2, 2, 0, 2 },
        { "round again", 6, 2, 2, 0, 0 },
        { "no interface known", 7, 1, 0, 0, 0 },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        struct uplink_way w =
            uplink_way_of(rows[i].attempt, rows[i].addresses, rows[i].interfaces);

        CHECK_EQ(w.address, rows[i].address, rows[i].name);
        CHECK_EQ(w.way, rows[i].way, rows[i].name);
    }
}

static void
splits_addresses(void)
{
    static const struct {
        const char *text, *host;
        uint16_t port;
    } rows[] = {
        { "10.0.0.1:7443", "10.0.0.1", 7443 },
        { "[fe80::1]:1", "fe80::1", 1 },
        { "nhip.example.vn:65535", "nhip.example.vn", 65535 },
        { "10.0.0.1", NULL, 0 },
        { ":7443", NULL, 0 },
        { "a:0", NULL, 0 },
        { "a:65536", NULL, 0 },
        { "a:7x", NULL, 0 },
        { "a:-1", NULL, 0 },
        { "[]:1", NULL, 0 },
    };
    char host[NH_HOST_MAX];
    uint16_t port;

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        enum nh_err err = agent_address_split(rows[i].text, host, &port);

        CHECK_EQ(err, rows[i].host != NULL ? NH_OK : NH_EFORMAT, rows[i].text);
        if (err != NH_OK || rows[i].host == NULL)
            continue;
        CHECK_STR(host, rows[i].host, rows[i].text);
        CHECK_EQ(port, rows[i].port, rows[i].text);
    }
}

/* A crash between any two steps leaves a key that the collector takes. */
static void
keeps_keys_in_turn(void)
{
    uint8_t old[NH_KEY_LEN] = { 1 }, fresh[NH_KEY_LEN] = { 2 };
    char path[AGENT_PATH_MAX];
    struct agent_key got;
    struct stat st;

    snprintf(path, sizeof(path), "%s/main.key", check_tmpdir());
    CHECK_EQ(keyring_get(path, 0, &got), NH_ENOTFOUND, "none");
    CHECK_EQ(nh_key_write(path, "old", old), NH_OK, "");
    CHECK_EQ(keyring_get(path, 0, &got), NH_OK, "");
    CHECK_STR(got.identity, "old", "one key");
    CHECK_EQ(keyring_put_next(path, "fresh", fresh), NH_OK, "");
    CHECK_EQ(keyring_get(path, 0, &got), NH_OK, "");
    CHECK_STR(got.identity, "fresh", "the next one first");
    CHECK(got.next && got.key[0] == 2);
    CHECK_EQ(keyring_get(path, 1, &got), NH_OK, "");
    CHECK_STR(got.identity, "old", "then the old one");
    CHECK_EQ(keyring_promote(path), NH_OK, "");
    CHECK_EQ(keyring_get(path, 1, &got), NH_OK, "");
    CHECK_STR(got.identity, "fresh", "only the fresh one is left");
    CHECK(!got.next);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
}

static struct agent_config *
a_config(void)
{
    char path[AGENT_PATH_MAX];
    struct nh_conf_problem problem = { "" };
    struct agent_config *config = NULL;
    FILE *f;

    snprintf(path, sizeof(path), "%s/agent.conf", check_tmpdir());
    f = fopen(path, "w");
    fprintf(f,
        "user = \"\"\ndata = \"%s\"\nplugins = { \"check_disk\" }\n"
        "collector \"main\" { address = { \"127.0.0.1:1\", \"127.0.0.2:1\" } }\n",
        check_tmpdir());
    fclose(f);
    CHECK_EQ(agent_config_load(&config, path, &problem), NH_OK, problem.text);
    return config;
}

static void
refuses_bad_files(void)
{
    static const struct {
        const char *name, *text, *says;
    } rows[] = {
        { "no collector", "user = \"\"\n", "no collector" },
        { "no port", "collector \"a\" { address = { \"here\" } }\n", "host:port" },
        { "name of a path", "collector \"../a\" { address = { \"h:1\" } }\n", "a-z" },
        { "unknown key", "colour = \"red\"\n", "colour" },
        { "sync",
            "journal { sync = \"never\" }\ncollector \"a\" { address = { \"h:1\" } }\n",
            "sync" },
        { "level", "log = \"loud\"\ncollector \"a\" { address = { \"h:1\" } }\n",
            "loud" },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        char path[AGENT_PATH_MAX];
        struct nh_conf_problem problem = { "" };
        struct agent_config *config = NULL;
        FILE *f;

        snprintf(path, sizeof(path), "%s/bad.conf", check_tmpdir());
        f = fopen(path, "w");
        fputs(rows[i].text, f);
        fclose(f);
        CHECK_EQ(agent_config_load(&config, path, &problem), NH_ECONF, rows[i].name);
        CHECK_NAMED(strstr(problem.text, rows[i].says) != NULL, rows[i].name);
        CHECK_NAMED(strstr(problem.text, "bad.conf:") != NULL, rows[i].name);
        agent_config_free(config);
    }
}

static void
put_assignment(
    struct nh_buf *b, const char *check, const char *sensor, const char *params)
{
    struct nh_assignment a = { .every_ms = 10000 };

    snprintf(a.check, sizeof(a.check), "%s", check);
    snprintf(a.kind, sizeof(a.kind), "path");
    snprintf(a.sensor, sizeof(a.sensor), "%s", sensor);
    snprintf(a.params, sizeof(a.params), "%s", params);
    nh_assignment_encode(&a, b);
}

static struct nh_msg_assign
part_of(uint64_t generation, bool first, bool last, const struct nh_buf *b)
{
    return (struct nh_msg_assign){ .generation = generation,
        .first = first,
        .last = last,
        .checks = nh_slice_of(b->data, b->len) };
}

static void
keeps_assignments(void)
{
    struct agent_config *config = a_config();
    struct assignments *a = NULL;
    struct nh_msg_assigned answer;
    struct nh_msg_assign part;
    struct nh_buf one, two;
    char path[AGENT_PATH_MAX];
    int fd;

    nh_buf_init(&one, 4096);
    nh_buf_init(&two, 4096);
    put_assignment(&one, "a/vnpt/path", "icmp", "target=10.0.0.1\ninterface=eth1\n");
    put_assignment(&two, "a/viettel/path", "icmp", "target=10.0.0.1\ninterface=eth2\n");
    put_assignment(&two, "service/x/a", "plugin", "command=check_evil -x\n");
    put_assignment(&two, "service/y/a", "plugin", "command=check_disk -w 5\n");
    CHECK_EQ(assignments_new(&a, config, NULL), NH_OK, "");
    CHECK_EQ(assignments_generation(a, 0), 0, "none yet");
    part = part_of(7, true, false, &one);
    CHECK(!assignments_part(a, 0, &part, &answer));
    part = part_of(8, false, true, &two);
    CHECK_NAMED(!assignments_part(a, 0, &part, &answer), "of another generation");
    part = part_of(7, false, true, &two);
    CHECK_NAMED(!assignments_part(a, 0, &part, &answer), "its beginning was dropped");
    part = part_of(7, true, false, &one);
    CHECK(!assignments_part(a, 0, &part, &answer));
    part = part_of(7, false, true, &two);
    CHECK(assignments_part(a, 0, &part, &answer));
    CHECK_EQ(answer.refused, 1, "the plugin that is not allowed");
    CHECK_NAMED(strstr(answer.why, "service/x/a") != NULL, "says which");
    CHECK_STR(assignments_interface(a, 0), "eth1", "");
    CHECK_STR(assignments_interface(a, 1), "eth2", "");
    CHECK(assignments_interface(a, 2) == NULL);
    assignments_free(a);
    CHECK_EQ(assignments_new(&a, config, NULL), NH_OK, "a restart");
    CHECK_EQ(assignments_generation(a, 0), 7, "kept on disk");
    assignments_apply(a);
    CHECK_STR(assignments_interface(a, 1), "eth2", "kept whole");
    assignments_free(a);
    snprintf(path, sizeof(path), "%s/assignments-main", check_tmpdir());
    fd = open(path, O_WRONLY);
    CHECK(fd >= 0 && pwrite(fd, "!", 1, 30) == 1);
    close(fd);
    CHECK_EQ(assignments_new(&a, config, NULL), NH_OK, "a damaged file");
    CHECK_EQ(assignments_generation(a, 0), 0, "is not used");
    assignments_free(a);
    nh_buf_fini(&one);
    nh_buf_fini(&two);
    agent_config_free(config);
}

static void
append_round(struct spool *sp, uint32_t number, int64_t mono_ms)
{
    struct nh_reading r = {
        .check = number, .present = 3, .mono_ms = mono_ms, .value = { 5, 0 }
    };

    spool_readings(sp, &r, 1);
}

/* A restart gives back dictionary and boots, and goes on in a new epoch. */
static void
recovers_the_spool(void)
{
    char dir[2 * AGENT_PATH_MAX], quarantine[AGENT_PATH_MAX];
    struct nh_loop *loop = NULL;
    struct spool *sp = NULL;
    uint32_t number, epoch, chain;
    uint64_t pos;

    snprintf(dir, sizeof(dir), "%s/spool", check_tmpdir());
    snprintf(quarantine, sizeof(quarantine), "%s/quarantine", check_tmpdir());
    CHECK_EQ(mkdir(quarantine, 0700), 0, "");
    CHECK_EQ(nh_loop_new(&loop), NH_OK, "");
    CHECK_EQ(
        spool_open(&sp, nh_loop_base(loop), dir, NULL, 1 << 22, quarantine), NH_OK, "");
    CHECK_EQ(
        nh_dict_add(spool_dict(sp), "a/vnpt/path", nh_kind_find("path"), &number), 0, "");
    append_round(sp, number, 10000);
    append_round(sp, number, 20000);
    epoch = nh_journal_epoch(spool_journal(sp));
    pos = nh_journal_next_pos(spool_journal(sp)) - 1;
    CHECK(spool_chain_at(sp, pos, &chain));
    CHECK(!spool_chain_at(sp, pos + 1, &chain));
    spool_quarantine(sp, pos, 1);
    snprintf(dir, sizeof(dir), "%s/00-%016llx-01-1", quarantine, (unsigned long long)pos);
    CHECK_NAMED(access(dir, R_OK) == 0, "kept apart");
    snprintf(dir, sizeof(dir), "%s/spool", check_tmpdir());
    spool_close(sp);
    CHECK_EQ(spool_open(&sp, nh_loop_base(loop), dir, NULL, 1 << 22, quarantine), NH_OK,
        "again");
    CHECK(nh_journal_epoch(spool_journal(sp)) > epoch);
    CHECK(spool_boot(sp, epoch) != NULL);
    CHECK(spool_boot(sp, nh_journal_epoch(spool_journal(sp))) != NULL);
    CHECK(nh_dict_find(spool_dict(sp), "a/vnpt/path") != NULL &&
          nh_dict_find(spool_dict(sp), "a/vnpt/path")->number == number);
    CHECK_EQ(spool_after(sp, 0), 2, "both records wait");
    CHECK_EQ(spool_new_stream(sp), NH_OK, "");
    CHECK_EQ(spool_after(sp, 0), 0, "a new stream is empty");
    append_round(sp, number, 30000);
    CHECK_EQ(spool_after(sp, 0), 1, "and takes records");
    spool_close(sp);
    nh_loop_free(loop);
}

/* sync = always: what was appended is durable, with nothing more being appended. */
static void
syncs_every_record(void)
{
    char dir[AGENT_PATH_MAX];
    struct nh_loop *loop = NULL;
    struct spool *sp = NULL;
    uint32_t number;
    uint64_t last;

    snprintf(dir, sizeof(dir), "%s/always", check_tmpdir());
    CHECK_EQ(nh_loop_new(&loop), NH_OK, "");
    CHECK_EQ(spool_open(&sp, nh_loop_base(loop), dir, NULL, 1 << 22, check_tmpdir()),
        NH_OK, "");
    CHECK_EQ(
        nh_dict_add(spool_dict(sp), "a/vnpt/path", nh_kind_find("path"), &number), 0, "");
    for (int64_t i = 1; i <= 3; i++) /* the later ones while the first is synced */
        append_round(sp, number, i * 1000);
    last = nh_journal_next_pos(spool_journal(sp)) - 1;
    while (nh_journal_durable_pos(spool_journal(sp)) < last &&
           event_base_get_num_events(
               nh_loop_base(loop), EVENT_BASE_COUNT_ADDED | EVENT_BASE_COUNT_ACTIVE) > 0)
        event_base_loop(nh_loop_base(loop), EVLOOP_ONCE);
    CHECK_EQ(nh_journal_durable_pos(spool_journal(sp)), last, "all of them");
    append_round(sp, number, 4000);
    spool_close(sp); /* with one under way */
    nh_loop_free(loop);
}

/* A segment begins amid an append: its head must not overwrite what is being appended. */
static void
keeps_records_over_segments(void)
{
    enum { ROUNDS = 30000 };
    char dir[AGENT_PATH_MAX];
    struct nh_loop *loop = NULL;
    struct spool *sp = NULL;
    struct nh_cursor *cursor = NULL;
    struct nh_record rec;
    struct nh_gap gap;
    struct nh_journal_stats stats;
    uint32_t number;
    int64_t want = 0, wrong = 0;

    snprintf(dir, sizeof(dir), "%s/many", check_tmpdir());
    CHECK_EQ(nh_loop_new(&loop), NH_OK, "");
    CHECK_EQ(spool_open(&sp, nh_loop_base(loop), dir, NULL, 1 << 24, check_tmpdir()),
        NH_OK, "");
    CHECK_EQ(
        nh_dict_add(spool_dict(sp), "a/vnpt/path", nh_kind_find("path"), &number), 0, "");
    for (int64_t i = 1; i <= ROUNDS; i++)
        append_round(sp, number, i * 1000);
    nh_journal_stats(spool_journal(sp), &stats);
    CHECK(stats.segments > 2);
    CHECK_EQ(nh_cursor_open(&cursor, spool_journal(sp), "test", false), NH_OK, "");
    while (nh_cursor_next(cursor, &rec, &gap) == NH_OK) {
        struct nh_reading r;
        size_t count = 0;

        if (rec.preamble)
            continue;
        want += 1000;
        if (nh_batch_decode(spool_dict(sp), rec.payload, &r, 1, &count) != NH_OK ||
            count != 1 || r.mono_ms != want || r.value[0] != 5)
            wrong++;
    }
    CHECK_EQ(want, ROUNDS * 1000, "every round");
    CHECK_EQ(wrong, 0, "as it was measured");
    nh_cursor_close(cursor);
    spool_close(sp);
    nh_loop_free(loop);
}

static const char status_json[] =
    "{\"version\":\"1\",\"uplinks\":[{\"name\":\"main\",\"address\":\"10.0.0.1:7443\","
    "\"interface\":\"eth1\",\"state\":\"backoff\",\"why\":\"timed out\",\"waiting\":12,"
    "\"paused\":false,\"retry_ms\":8000}],\"checks\":[{\"id\":\"a/vnpt/path\","
    "\"kind\":\"path\",\"why\":\"\",\"age_ms\":4000,\"values\":{\"sent\":5.0,"
    "\"rtt_avg_ms\":12.345}},{\"id\":\"a/viettel/path\",\"kind\":\"path\","
    "\"why\":\"interface eth2 is "
    "missing\",\"values\":{}},{\"id\":\"a/host\",\"why\":\"\"}],"
    "\"spool\":{\"records\":12,\"bytes\":2048,\"memory_bytes\":0,\"oldest_ms\":120000,"
    "\"fill_pct\":1,\"lost\":0,\"unwritten\":3,\"failing\":true},"
    "\"traps\":{\"listening\":true,\"received\":9,\"told\":4,\"stranger\":2,"
    "\"garbage\":0,\"auth\":1,\"lost\":0},"
    "\"clock\":{\"quality\":\"unset\",\"uptime_ms\":60000}}";

static const char status_page[] =
    "nhip-agent 1\n"
    "Uplinks\n"
    "  main 10.0.0.1:7443 eth1: down, waiting 12 records (timed out), next try in 8 s\n"
    "Lines and checks\n"
    "  a/vnpt/path                      sent 5  rtt_avg_ms 12.35  (4 s)\n"
    "  a/viettel/path                   ! interface eth2 is missing\n"
    "  a/host                           no reading yet\n"
    "Spool\n"
    "  12 records, 2048 B, 1 % full, oldest 2 min\n"
    "  CANNOT BE WRITTEN, lost: 3\n"
    "Traps and informs of devices\n"
    "  4 taken, 2 of strangers, 1 with a wrong key\n"
    "Clock\n"
    "  not set, host up for 1 min\n";

static void
renders_the_page(void)
{
    json_t *document = json_loads(status_json, 0, NULL);
    struct nh_buf out;

    nh_buf_init(&out, 1 << 16);
    CHECK(document != NULL);
    page_render(document, NH_EN, &out);
    nh_buf_put_u8(&out, 0);
    CHECK_STR((char *)out.data, status_page, "English");
    nh_buf_clear(&out);
    page_render(document, NH_VI, &out);
    nh_buf_put_u8(&out, 0);
    CHECK(strstr((char *)out.data, "mất kết nối") != NULL);
    CHECK(strstr((char *)out.data, "12,35") != NULL);
    CHECK(strstr((char *)out.data, "4 đã nhận, 2 từ máy lạ, 1 sai khóa\n") != NULL);
    nh_buf_clear(&out);
    json_object_set_new(json_object_get(document, "traps"), "listening", json_false());
    page_render(document, NH_EN, &out);
    nh_buf_put_u8(&out, 0);
    CHECK_NAMED(strstr((char *)out.data, "Traps") == NULL, "nobody listens for them");
    nh_buf_fini(&out);
    json_decref(document);
}

int
main(void)
{
    RUN(tries_each_way);
    RUN(splits_addresses);
    RUN(keeps_keys_in_turn);
    RUN(refuses_bad_files);
    RUN(keeps_assignments);
    RUN(recovers_the_spool);
    RUN(syncs_every_record);
    RUN(keeps_records_over_segments);
    RUN(renders_the_page);
    return check_done();
}
