/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trap_desk: what is answered when, by informs over the loopback and a journal of its own
 */
#include "libnhip/trap_desk.h"
#include "libnhip/loop.h"
#include "libnhip/snmp_credentials.h"
#include "tests/unit/check.h"
#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    struct nh_loop *loop;
    struct nh_trap_desk *desk;
    int fd; /* of the UPS, connected to the desk */
    /* the journal */
    enum nh_err answer;
    uint64_t pos;
    size_t told, others, waits;
} f;

static enum nh_err
on_event(void *arg, const struct nh_event *event, uint64_t *pos)
{
    (void)arg;
    if (strcmp(event->name, "on_battery") == 0)
        f.told++;
    else
        f.others++;
    *pos = ++f.pos;
    return f.answer;
}

static void
on_waits(void *arg)
{
    (void)arg;
    f.waits++;
}

/* The only device is this one. */
static void
put(const char *id)
{
    const struct nh_trap_device ups = {
        .address = "127.0.0.1", .credential = "c", .place = "alpha", .id = id
    };

    CHECK_EQ(nh_trap_desk_begin(f.desk, 1), NH_OK, "begin");
    nh_trap_desk_put(f.desk, &ups);
    nh_trap_desk_end(f.desk);
}

/* A port of the loopback that nobody has. */
static uint16_t
free_port(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET };
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void
load_community(void)
{
    struct nh_snmp_files files = { .version = 2 };
    char path[512], why[256];
    int fd;

    snprintf(path, sizeof(path), "%s/community", check_tmpdir());
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, "ours\n", 5) == 5);
    close(fd);
    files.community_file = path;
    CHECK_EQ(nh_snmp_credentials_load("c", &files, why), NH_OK, why);
}

static void
start(void)
{
    const struct nh_trap_desk_events events = { on_event, on_waits, NULL };
    struct sockaddr_in at = { .sin_family = AF_INET };
    char address[32], engine[512];

    at.sin_port = htons(free_port());
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(address, sizeof(address), "127.0.0.1:%u", ntohs(at.sin_port));
    snprintf(engine, sizeof(engine), "%s/engine", check_tmpdir());
    load_community();
    CHECK_EQ(nh_loop_new(&f.loop), NH_OK, "loop");
    CHECK_EQ(nh_trap_desk_open(&f.desk, address, &events), NH_OK, "open");
    CHECK_EQ(nh_trap_desk_start(f.desk, nh_loop_base(f.loop), engine), NH_OK, "start");
    f.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(connect(f.fd, (const struct sockaddr *)&at, sizeof(at)) == 0);
}

/* An inform by v2c of upsTrapOnBattery, or of the trap of that number beside it which is
 * none. The loopback has it there at once. */
static void
inform_of(uint8_t id, uint8_t trap)
{
    uint8_t bytes[64];
    size_t len = unhex(bytes, sizeof(bytes),
        "302e 020101 04046f757273 a623 020155 020100 020100 3018"
        "3016 060a2b060106030101040100 06082b06010201210201");

    bytes[15] = id;
    bytes[len - 1] = trap;
    CHECK(send(f.fd, bytes, len, 0) == (ssize_t)len);
    CHECK(event_base_loop(nh_loop_base(f.loop), EVLOOP_NONBLOCK) >= 0);
}

static void
inform(uint8_t id)
{
    inform_of(id, 1);
}

/* The request-id of the next answer; -1: there is none. */
static int
answered(void)
{
    uint8_t bytes[1500];
    ssize_t got = recv(f.fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    return got > 15 ? bytes[15] : -1;
}

static void
not_kept_is_told_again(void)
{
    put("not-kept");
    f.answer = NH_EIO;
    inform(1);
    CHECK_EQ(f.told, 1, "told");
    f.answer = NH_OK;
    inform(1);
    CHECK_EQ(f.told, 2, "it had not been kept");
    CHECK_EQ(answered(), -1, "not safe yet");
    nh_trap_desk_durable(f.desk, f.pos);
    CHECK_EQ(answered(), 1, "safe");
}

static void
the_same_again_waits_for_the_first(void)
{
    size_t told = f.told;

    put("again");
    inform(2);
    inform(3);
    CHECK_EQ(f.told, told + 1, "a UPS that repeats itself is told once");
    CHECK_EQ(answered(), -1, "not safe yet");
    CHECK_EQ(f.waits, 1, "the journal's owner knows that the second waits too");
    nh_trap_desk_durable(f.desk, f.pos);
    CHECK_EQ(answered(), 2, "safe");
    CHECK_EQ(answered(), 3, "safe");
    inform(4);
    CHECK_EQ(answered(), 4, "what it repeats is safe");
    CHECK_EQ(f.told, told + 1, "told once");
}

static void
lost_is_told_again(void)
{
    size_t told = f.told;

    put("lost");
    inform(5);
    inform(6);
    nh_trap_desk_lost(f.desk);
    CHECK_EQ(answered(), -1, "neither is safe");
    inform(6);
    CHECK_EQ(f.told, told + 2, "the journal has lost it");
    nh_trap_desk_durable(f.desk, f.pos);
    CHECK_EQ(answered(), 6, "safe");
}

static void
a_reload_forgets_nothing(void)
{
    size_t told = f.told;

    put("reloaded");
    inform(7);
    nh_trap_desk_durable(f.desk, f.pos);
    CHECK_EQ(answered(), 7, "safe");
    put("reloaded");
    inform(8);
    CHECK_EQ(f.told, told + 1, "it says the same");
    CHECK_EQ(answered(), 8, "which is safe");
    put("another");
    inform(9);
    CHECK_EQ(f.told, told + 2, "another one at the same address");
}

/* A device that says all day what nobody asked for has its say on what matters. */
static void
a_flood_drowns_nothing(void)
{
    size_t told = f.told;

    put("loud");
    for (uint8_t i = 0; i < 100; i++)
        inform_of(i, 9);
    CHECK(f.others >= 50 && f.others < 100);
    inform(101);
    CHECK_EQ(f.told, told + 1, "on battery");
}

int
main(void)
{
    start();
    RUN(not_kept_is_told_again);
    RUN(the_same_again_waits_for_the_first);
    RUN(lost_is_told_again);
    RUN(a_reload_forgets_nothing);
    RUN(a_flood_drowns_nothing);
    close(f.fd);
    nh_trap_desk_close(f.desk);
    nh_loop_free(f.loop);
    nh_snmp_credentials_mark();
    nh_snmp_credentials_sweep();
    return check_done();
}
