/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The inventory: what is read, what is refused with which words, which checks follow. */
#include "collector/inventory.h"
#include "libnhip/log.h"
#include "tests/unit/check.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A small province that is right; the rows below put something wrong after it. */
static const char good[] =
    "province p { name = P }\n"                                                  /* 1 */
    "collector { listen = \"10.0.0.10:7443\" }\n"                                /* 2 */
    "contact a { name = A email = \"a@example.vn\" }\n"                          /* 3 */
    "carrier v { name = V tell = { a } }\n"                                      /* 4 */
    "carrier w { name = W }\n"                                                   /* 5 */
    "pop vp { carrier = v name = VP address = \"10.20.255.1\" }\n"               /* 6 */
    "contract vc { carrier = v rtt_ms = 50\n"                                    /* 7 */
    "  quality { severe = { \"loss_pct>7.5\" } down_after = 5 } }\n"             /* 8 */
    "snmp c { version = 2 community_file = \"secret\" }\n"                       /* 9 */
    "site x { name = X lat = 22.5 lon = 106 technicians = { a }\n"               /* 10 */
    "  link v { carrier = v pop = vp contract = vc interface = eth1\n"           /* 11 */
    "    address = \"10.20.1.2\" gateway = \"10.20.1.1\"\n"                      /* 12 */
    "    quality { window_s = 60 } }\n"                                          /* 13 */
    "  link w { carrier = w interface = eth2 role = standby\n"                   /* 14 */
    "    reflector = \"10.0.0.11\" }\n"                                          /* 15 */
    "  device router { address = \"192.168.1.1\" snmp = c }\n"                   /* 16 */
    "  device nas { address = \"192.168.1.2\" from = collector } }\n"            /* 17 */
    "site y { name = Y agent = no link v { carrier = v } }\n"                    /* 18 */
    "centre { name = C uplink v { carrier = v gateway = \"10.20.0.1\"\n"         /* 19 */
    "    device = r interface = \"xe-0/0/0\" }\n"                                /* 20 */
    "  device r { address = \"10.0.0.1\" } }\n"                                  /* 21 */
    "service web { name = W url = \"https://web.example.vn/\"\n"                 /* 22 */
    "  expect_text = ok from = { sites, collector } every_s = 30 }\n"            /* 23 */
    "service tcp { name = T tcp = \"10.0.0.20:5061\" from = { x } }\n"           /* 24 */
    "service dns { name = D dns = \"10.0.0.2\" query = \"example.vn\"\n"         /* 25 */
    "  from = { collector } }\n"                                                 /* 26 */
    "planned one { links = { \"x/v\", \"centre/v\" } who = v\n"                  /* 27 */
    "  from = \"2026-11-30 22:00\" to = \"2026-11-30 24:00\" }\n"                /* 28 */
    "meeting m { service = tcp sites = { \"*\" } at = \"mon,wed-fri 08:00\" }\n" /* 29 */
    "alerts { escalate = { \"15min:a\" } quiet = \"22:00-06:00\" }\n" /* 30 */;
enum { GOOD_LINES = 30 };

static const char *
write_file(const char *name, const char *text, const char *more)
{
    static char path[512];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", check_tmpdir(), name);
    f = fopen(path, "w");
    if (f == NULL || fprintf(f, "%s%s", text, more) < 0 || fclose(f) != 0)
        abort();
    return path;
}

static struct inventory *
load_good(void)
{
    struct nh_conf_problem problem;
    struct inventory *inv = NULL;

    CHECK_EQ(inventory_load(&inv, write_file("n.conf", good, ""), &problem), NH_OK,
        problem.text);
    if (inv == NULL)
        exit(check_done());
    return inv;
}

static void
reads(void)
{
    struct inventory *inv = load_good();
    const struct inv_link *link = inventory_link(inv, "x/v");
    struct nh_buf text;

    CHECK_EQ(inv->site_count, 2, "");
    CHECK(inventory_site(inv, "x") == &inv->sites[0]);
    CHECK(inventory_site(inv, "z") == NULL);
    CHECK(inventory_service(inv, "dns") == &inv->services[2]);
    CHECK(inventory_link(inv, "centre/v") == &inv->centre.uplinks[0]);
    CHECK(link == &inv->sites[0].links[0] && link->site == &inv->sites[0]);
    CHECK(link->carrier == &inv->carriers[0] && link->pop == &inv->pops[0]);
    CHECK(inv->carriers[0].tell[0] == &inv->contacts[0]);
    CHECK(!link->standby && inv->sites[0].links[1].standby);
    CHECK(isnan(inv->sites[1].lat));
    CHECK_NEAR(inv->sites[0].lat, 22.5, 1e-9, "");
    CHECK_STR(inv->contacts[0].language, "vi", "the province's");
    CHECK(inv->sites[0].devices[0].from_agent && !inv->sites[0].devices[1].from_agent);
    CHECK_EQ(inv->meetings[0].site_count, 2, "");
    CHECK_EQ(inv->planned[0].from_s, 1796050800, "22:00 at UTC+7");
    CHECK_EQ(inv->planned[0].to_s - inv->planned[0].from_s, 7200, "until midnight");
    CHECK_EQ(inv->alerts.steps[0].after_s, 900, "");
    CHECK_EQ(inv->collector.archive_count, 4, "");
    CHECK_EQ(inv->collector.archives[3].keep_s, 5 * 365 * 86400LL, "");
    CHECK(inv->collector.archives[3].max && !inv->collector.archives[0].max);
    nh_buf_init(&text, 1024);
    inventory_summary(inv, &text);
    nh_buf_put(&text, "", 1);
    CHECK_STR((const char *)text.data,
        "configuration OK: 2 sites, 3 links, 1 agent, 3 devices, 2 carriers, 3 services, "
        "1 contact",
        "");
    nh_buf_fini(&text);
    inventory_free(inv);
}

/* Link, else contract, else province, key by key. */
static void
quality_is_inherited(void)
{
    struct inventory *inv = load_good();
    const struct inv_quality *q = &inventory_link(inv, "x/v")->quality;

    CHECK_EQ(q->window_s, 60, "the link's");
    CHECK_EQ(q->down_after, 5, "the contract's");
    CHECK_EQ(q->severe_count, 1, "the contract's");
    CHECK_NEAR(q->severe[0].above, 7.5, 1e-9, "");
    CHECK_EQ(q->degraded_count, 3, "the province's");
    q = &inventory_link(inv, "x/w")->quality;
    CHECK_EQ(q->window_s, 300, "");
    CHECK_EQ(q->severe_count, 2, "");
    inventory_free(inv);
}

struct list {
    char text[8192];
};

static void
add_assignment(void *arg, const struct nh_assignment *a)
{
    struct list *list = arg;
    size_t n = strlen(list->text);
    char params[NH_PARAM_MAX];

    snprintf(params, sizeof(params), "%s", a->params);
    for (char *p = params; *p != '\0'; p++)
        if (*p == '\n')
            *p = ' ';
    snprintf(list->text + n, sizeof(list->text) - n, "%s %s %s %u %s\n", a->check,
        a->kind, a->sensor, a->every_ms, params);
}

static void
assigns(void)
{
    struct inventory *inv = load_good();
    struct list list = { "" };

    inventory_assign(inv, inventory_site(inv, "x"), add_assignment, &list);
    CHECK_STR(list.text,
        "x/v/path path icmp 10000 target=10.0.0.10 interface=eth1 count=10 \n"
        "x/v/gateway gateway icmp 10000 target=10.20.1.1 interface=eth1 count=5 \n"
        "x/v/port port port 10000 interface=eth1 \n"
        "x/w/path path icmp 10000 target=10.0.0.11 interface=eth2 count=10 \n"
        "x/w/port port port 10000 interface=eth2 \n"
        "x/host host host 60000 path=/ \n"
        "x/router/ping ping icmp 10000 target=192.168.1.1 count=5 \n"
        "x/router/snmp snmp snmp 60000 address=192.168.1.1 credential=c \n"
        "service/web/x service http 30000 url=https://web.example.vn/ expect_status=200 "
        "expect_text=ok timeout_ms=5000 \n"
        "service/tcp/x service tcp 60000 target=10.0.0.20:5061 timeout_ms=5000 \n",
        "the agent of x");
    list.text[0] = '\0';
    inventory_assign(inv, inventory_site(inv, "y"), add_assignment, &list);
    CHECK_STR(list.text, "", "y has no agent");
    inventory_assign(inv, NULL, add_assignment, &list);
    CHECK_STR(list.text,
        "x/v/far far icmp 10000 target=10.20.1.2 count=5 \n"
        "x/nas/ping ping icmp 10000 target=192.168.1.2 count=5 \n"
        "vp/pop pop icmp 10000 target=10.20.255.1 count=5 \n"
        "centre/v/gateway gateway icmp 10000 target=10.20.0.1 count=5 \n"
        "centre/r/ping ping icmp 10000 target=10.0.0.1 count=5 \n"
        "service/web/collector service http 30000 url=https://web.example.vn/ "
        "expect_status=200 expect_text=ok timeout_ms=5000 \n"
        "service/dns/collector service dns 60000 server=10.0.0.2 query=example.vn "
        "timeout_ms=5000 \n",
        "the collector");
    inventory_free(inv);
}

static void
count_check(void *arg, const struct inv_check *check)
{
    size_t *counts = arg; /* of agents, of the collector */

    counts[check->by_collector ? 1 : 0]++;
    if (strcmp(check->id, "vp/pop") == 0)
        CHECK(check->pop != NULL && check->site == NULL && check->every_ms == 10000);
    if (strcmp(check->id, "x/v/far") == 0)
        CHECK(check->link != NULL && check->site != NULL &&
              check->kind == nh_kind_find("far"));
    if (strcmp(check->id, "service/web/x") == 0)
        CHECK(check->service != NULL && check->every_ms == 30000);
}

static void
count_assignment(void *arg, const struct nh_assignment *a)
{
    (void)a;
    ++*(size_t *)arg;
}

/* Every check is there for the judge, in a drill too; but the collector measures none. */
static void
checks_are_those_assigned(void)
{
    struct inventory *inv = load_good();
    size_t counts[2] = { 0, 0 };

    inventory_checks(inv, count_check, counts);
    CHECK_EQ(counts[0], 10, "by agents");
    CHECK_EQ(counts[1], 7, "by the collector");
    inv->drill = true;
    counts[0] = counts[1] = 0;
    inventory_checks(inv, count_check, counts);
    CHECK_EQ(counts[0], 10, "by agents");
    CHECK_EQ(counts[1], 7, "by the centre's stand-in, in a drill");
    counts[0] = 0;
    inventory_assign(inv, NULL, count_assignment, &counts[0]);
    CHECK_EQ(counts[0], 0, "the collector measures nothing in a drill");
    inventory_free(inv);
}

/* A loopback address is reached over no link but lo: no path is measured to it over eth0.
 */
static void
loopback_is_at_no_links_end(void)
{
    struct nh_conf_problem problem;
    struct inventory *inv = NULL;
    struct list list = { "" };

    CHECK_EQ(
        inventory_load(&inv,
            write_file("l.conf",
                "province p { name = P }\ncollector { listen = \"127.0.0.1:7443\" }\n"
                "carrier c { name = C }\nsite s { name = S\n"
                "link l { carrier = c interface = eth0 gateway = \"10.9.9.1\" }\n"
                "link m { carrier = c interface = lo } }",
                ""),
            &problem),
        NH_OK, problem.text);
    if (inv == NULL)
        return;
    inventory_assign(inv, &inv->sites[0], add_assignment, &list);
    CHECK(strstr(list.text, "s/l/path") == NULL);
    CHECK(strstr(list.text, "s/l/gateway gateway icmp 10000 target=10.9.9.1 "
                            "interface=eth0 count=5 \n") != NULL);
    CHECK(strstr(list.text, "s/m/path path icmp 10000 target=127.0.0.1 interface=lo "
                            "count=10 \n") != NULL);
    inventory_free(inv);
}

static const struct {
    const char *text, *want;
} rejects[] = {
    { "province q { name = Q }", "there is one province in a file" },
    { "site \"a b\" { name = A }",
        "\"a b\" is not an id: letters, digits, \"-\", \"_\" and \".\", at most 48" },
    { "site centre { name = A }", "\"centre\" has another meaning and is no site's id" },
    { "site x { name = A }", "found duplicate title 'x'" },
    { "site z { name = A feeder = f }", "there is no feeder \"f\"" },
    { "site z { name = A lat = 91 lon = 0 }",
        "'lat' may be from -90 to 90 degrees, not 91" },
    { "site z { name = A lat = 9 }", "'lat' and 'lon' go together" },
    { "site z { name = A technicians = { a, b } }", "there is no contact \"b\"" },
    { "site z { name = A technicians = { a, a } }", "'technicians' names \"a\" twice" },
    { "site z { name = A link l { carrier = v } }",
        "link z/l wants an 'interface': the site's agent probes by it" },
    { "site z { name = A link l { carrier = \"\" } }", "'carrier' is empty" },
    { "site z { name = A link l { carrier = u } }", "there is no carrier \"u\"" },
    { "site z { name = A link l { carrier = w pop = vp interface = e } }",
        "pop \"vp\" is of carrier \"v\", not \"w\"" },
    { "site z { name = A link l { carrier = w contract = vc interface = e } }",
        "contract \"vc\" is of carrier \"v\", not \"w\"" },
    { "site z { name = A link l { carrier = v interface = e address = \"10.0.0\" } }",
        "'address': \"10.0.0\" is not an IP address" },
    { "site z { name = A link l { carrier = v interface = e address = \"10.20.1.2\" } }",
        "'address' \"10.20.1.2\" is that of x/v and of z/l" },
    { "site z { name = A link l { carrier = v interface = e role = backup } }",
        "'role' is one of: primary standby; not \"backup\"" },
    { "site z { name = A link l { carrier = v interface = \"a/b\" } }",
        "\"a/b\" is not the name of an interface" },
    { "site z { name = A link l { carrier = v interface = e }"
      " link m { carrier = v interface = e } }",
        "link z/l leaves by \"e\" already: what falls could not be told apart" },
    { "site z { name = A link l { carrier = v interface = e } device l { } }",
        "there is a link of the name \"l\" here" },
    { "site z { name = A agent = no device d { from = agent } }",
        "there is no agent here to measure it from" },
    { "site z { name = A device d { snmp = c } }",
        "'snmp' wants an 'address' beside it" },
    { "snmp d { version = 2 }", "version 2 wants a 'community_file'" },
    { "snmp d { user = u }", "level authPriv wants an 'auth_key_file'" },
    { "snmp d { version = 2 community_file = f user = u }",
        "'user' belongs to version 3" },
    { "contact d { name = D snmp = \"192.0.2.10\" }",
        "'snmp' wants a 'snmp_credential' beside it" },
    { "contact d { name = D snmp = \"nms.example.vn\" snmp_credential = c }",
        "'snmp': \"nms.example.vn\" is not an IP address, nor one with a port as "
        "\"192.0.2.10:162\"" },
    { "contact d { name = D snmp = \"192.0.2.10:0\" snmp_credential = c }",
        "'snmp': \"192.0.2.10:0\" is not an IP address, nor one with a port as "
        "\"192.0.2.10:162\"" },
    { "contact d { name = D snmp = \"192.0.2.10\" snmp_credential = q }",
        "there is no snmp section \"q\"" },
    { "contact d { name = D snmp_credential = c }",
        "'snmp_credential' belongs to 'snmp': there is none" },
    { "contact d { name = D snmp_trap = yes }",
        "'snmp_trap' belongs to 'snmp': there is none" },
    { "snmp d { user = u level = noAuthNoPriv }"
      " contact d { name = D snmp = \"192.0.2.10\" snmp_credential = d snmp_trap = yes }",
        "version 3 goes as informs: 'snmp_trap' is for version 2, and snmp \"d\" is of "
        "version 3" },
    { "service s { name = S }", "a service has one of url, tcp, dns and plugin" },
    { "service s { name = S tcp = \"a:1\" url = \"http://a\" }",
        "a service has one of url, tcp, dns and plugin; there is a 'url' already" },
    { "service s { name = S url = \"ftp://a\" }",
        "'url': \"ftp://a\" is not an address of http https" },
    { "service s { name = S tcp = \"a\" }", "'tcp': \"a\" is not host:port" },
    { "service s { name = S tcp = \"a:70000\" }", "'tcp': \"a:70000\" is not host:port" },
    { "service s { name = S dns = \"10.0.0.2\" }", "'dns' wants a 'query' beside it" },
    { "service s { name = S tcp = \"a:1\" expect_text = x }",
        "'expect_text' belongs to 'url'" },
    { "service s { name = S tcp = \"a:1\" from = { y } }",
        "site \"y\" has no agent to test it from" },
    { "service s { name = S tcp = \"a:1\" from = {} }", "nobody tests this service" },
    { "service s { name = S tcp = \"a:1\" every_s = 10 timeout_ms = 10000 }",
        "'timeout_ms' has to be shorter than 'every_s'" },
    { "contract c { carrier = v excluded = { rain } }",
        "\"rain\" is no cause; there are: power site_lan last_mile carrier_node "
        "carrier_core data_centre service congestion monitoring planned unknown" },
    { "contract c { carrier = v hours = sometimes }",
        "'hours' is always, office_hours or such as \"mon-fri 07:30-11:30,13:30-17:00\", "
        "not \"sometimes\"" },
    { "quality { degraded = { \"rtt>1\" } }",
        "'degraded': \"rtt>1\": there are limits of rtt_ms, jitter_ms and loss_pct" },
    { "quality { degraded = { \"rtt_ms=1\" } }",
        "'degraded': \"rtt_ms=1\" is not METRIC>NUMBER" },
    { "quality { degraded = { \"rtt_ms>1\", \"rtt_ms>2\" } }",
        "'degraded' has two limits of rtt_ms" },
    { "quality { severe = { \"rtt_ms>50\" } }",
        "the severe limit of rtt_ms is below the degraded one" },
    { "planned q { links = { \"x/u\" } from = \"2026-11-30 22:00\" to = \"2026-12-01 "
      "22:00\" }",
        "there is no link \"x/u\"" },
    { "planned q { from = \"2026-11-30 22:00\" to = \"2026-11-30 23:00\" }",
        "planned work names 'links' or 'sites'" },
    { "planned q { sites = { x } from = \"2026-11-30 22:00\" to = \"2026-11-30 21:00\" }",
        "'to' is not after 'from'" },
    { "planned q { sites = { x } from = \"2026-02-30 22:00\" to = \"2026-11-30 21:00\" }",
        "'from': \"2026-02-30 22:00\" is not a time such as \"2026-11-30 22:00\"" },
    { "meeting q { service = tcp sites = { x } at = \"monday 8:00\" }",
        "'at' is such as \"mon 08:00\", \"daily 08:00\" or \"2026-11-30 08:00\", not "
        "\"monday 8:00\"" },
    { "meeting q { service = none sites = { x } at = \"mon 08:00\" }",
        "there is no service \"none\"" },
    { "web { listen = \"localhost:80\" }",
        "'listen': \"localhost:80\" is not an IP address and a port, as "
        "\"127.0.0.1:7443\"" },
    { "nonsense { }", "no such option 'nonsense'" },
};

static void
refuses(void)
{
    for (size_t i = 0; i < NH_COUNT(rejects); i++) {
        const char *path = write_file("bad.conf", good, rejects[i].text);
        struct nh_conf_problem problem;
        struct inventory *inv = NULL;
        char want[1024];

        snprintf(want, sizeof(want), "%s:%d: %s", path, GOOD_LINES + 1, rejects[i].want);
        CHECK_EQ(inventory_load(&inv, path, &problem), NH_ECONF, rejects[i].text);
        CHECK_NAMED(inv == NULL, rejects[i].text);
        CHECK_STR(problem.text, want, rejects[i].text);
        inventory_free(inv);
    }
}

/* What can be said once only: whole files. */
static const struct {
    const char *text, *want;
} wholes[] = {
    { "", "section 'province' is missing" },
    { "province p { name = P timezone = \"Asia/Nowhere\" }",
        "\"Asia/Nowhere\" is not a time zone that this host knows (package tzdata)" },
    { "province p { name = P language = fr }",
        "'language' is one of: vi en; not \"fr\"" },
    { "province p { name = P } collector { retention = \"10s:1d, 5s:2d\" }",
        "'retention': \"5s:2d\" has to be coarser and longer than the one before it" },
    { "province p { name = P } collector { retention = \"10s\" }",
        "'retention': \"10s\" is not STEP:HOW-LONG or STEP:HOW-LONG:max" },
    { "province p { name = P } collector { data = here }",
        "'data': \"here\" does not begin with \"/\"" },
    { "province p { name = P } alerts { escalate = { \"soon:a\" } }",
        "'escalate': \"soon:a\" is not such as \"15min:CONTACT\"" },
    { "province p { name = P } alerts { quiet = \"night\" }",
        "'quiet' is such as \"22:00-06:00\", not \"night\"" },
    { "province p { name = P } alerts { smtp = \"smtp://127.0.0.1:25\" }",
        "'smtp' wants a 'from' beside it" },
};

static void
refuses_wholes(void)
{
    for (size_t i = 0; i < NH_COUNT(wholes); i++) {
        const char *path = write_file("whole.conf", "", wholes[i].text);
        struct nh_conf_problem problem;
        struct inventory *inv = NULL;
        char want[1024];

        snprintf(want, sizeof(want), "%s:1: %s", path, wholes[i].want);
        CHECK_EQ(inventory_load(&inv, path, &problem), NH_ECONF, wholes[i].text);
        CHECK_STR(problem.text, want, wholes[i].text);
        inventory_free(inv);
    }
}

static void
keep_line(void *arg, enum nh_log_level level, const char *line)
{
    (void)level;
    snprintf(arg, 512, "%s", line);
}

static void
open_secrets_are_warned_of(void)
{
    char line[512] = "", want[1024];
    char path[512];

    snprintf(path, sizeof(path), "%s", write_file("secret", "public", ""));
    nh_log_capture(keep_line, line);
    CHECK_EQ(chmod(path, 0600), 0, "");
    inventory_free(load_good());
    CHECK_STR(line, "", "mode 0600");
    CHECK_EQ(chmod(path, 0640), 0, "");
    inventory_free(load_good());
    snprintf(want, sizeof(want),
        "%s/n.conf:9: others may read the secret in %s/secret: "
        "chmod 600 it",
        check_tmpdir(), check_tmpdir());
    CHECK_STR(line, want, "mode 0640");
    nh_log_capture(NULL, NULL);
}

/* Where nothing says what to probe to, the rest of the link is measured all the same. */
static void
missing_reflectors_are_warned_of(void)
{
    static const char head[] =
        "province p { name = P } carrier c { name = C }\n"
        "site s { name = S link l { carrier = c interface = e } }\n";
    struct nh_conf_problem problem;
    struct inventory *inv = NULL;
    struct list list = { "" };
    char line[512] = "", want[1024];

    nh_log_capture(keep_line, line);
    CHECK_EQ(inventory_load(&inv, write_file("r.conf", head, ""), &problem), NH_OK,
        problem.text);
    snprintf(want, sizeof(want),
        "%s/r.conf:2: link s/l has no path probes: it names no 'reflector', and the "
        "collector listens on no one address",
        check_tmpdir());
    CHECK_STR(line, want, "");
    if (inv != NULL)
        inventory_assign(inv, &inv->sites[0], add_assignment, &list);
    CHECK_STR(list.text,
        "s/l/port port port 10000 interface=e \ns/host host host 60000 path=/ \n", "");
    inventory_free(inv);
    inv = NULL;
    line[0] = '\0';
    CHECK_EQ(inventory_load(&inv,
                 write_file("r.conf", head, "collector { reflector = \"[::1]:862\" }"),
                 &problem),
        NH_OK, problem.text);
    CHECK_STR(line, "", "the collector's reflector has one address");
    inventory_free(inv);
    nh_log_capture(NULL, NULL);
}

static void
the_drill_loads(void)
{
    struct nh_conf_problem problem;
    struct inventory *inv = NULL;

    CHECK_EQ(
        inventory_load(&inv, TEST_SOURCE_DIR "/examples/cao-bang/nhip.conf", &problem),
        NH_OK, problem.text);
    if (inv == NULL)
        return;
    CHECK_EQ(inv->site_count, 56, "");
    CHECK(inv->drill);
    CHECK_STR(inventory_site(inv, "thuc-phan")->name, "Phường Thục Phán", "");
    inventory_free(inv);
}

/* Fill in a template's @WORDS@ as ./dev run does. */
static void
the_home_template_loads(void)
{
    static const struct {
        const char *word, *text;
    } words[] = { { "@DIR@", "/tmp/nhip-home" }, { "@PORT@", "17443" },
        { "@WEB_PORT@", "18080" }, { "@INTERFACE@", "lo" }, { "@GATEWAY@", "" },
        { "@NAME@", "máy này" } };
    struct nh_conf_problem problem;
    struct inventory *inv = NULL;
    char text[16384] = "", line[1024];
    FILE *f = fopen(TEST_SOURCE_DIR "/examples/home/nhip.conf.in", "r");

    CHECK(f != NULL);
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        for (const char *p = line; *p != '\0';) {
            size_t n = strlen(text), i = 0;

            while (i < NH_COUNT(words) &&
                   strncmp(p, words[i].word, strlen(words[i].word)) != 0)
                i++;
            snprintf(text + n, sizeof(text) - n, "%.*s",
                i < NH_COUNT(words) ? (int)strlen(words[i].text) : 1,
                i < NH_COUNT(words) ? words[i].text : p);
            p += i < NH_COUNT(words) ? strlen(words[i].word) : 1;
        }
    }
    if (f != NULL)
        fclose(f);
    CHECK(strchr(text, '@') != NULL); /* its comment shows the words as @ @ */
    CHECK_EQ(inventory_load(&inv, write_file("home.conf", text, ""), &problem), NH_OK,
        problem.text);
    CHECK(inv != NULL && inventory_site(inv, "home") != NULL);
    CHECK(inv != NULL && *inv->collector.user == '\0');
    inventory_free(inv);
}

int
main(void)
{
    RUN(reads);
    RUN(quality_is_inherited);
    RUN(assigns);
    RUN(checks_are_those_assigned);
    RUN(loopback_is_at_no_links_end);
    RUN(refuses);
    RUN(refuses_wholes);
    RUN(open_secrets_are_warned_of);
    RUN(missing_reflectors_are_warned_of);
    RUN(the_drill_loads);
    RUN(the_home_template_loads);
    return check_done();
}
