/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_v3_front.c - thousands of SNMPv3 engines in front of the farm, which speaks v2c
 *
 *   snmp_v3_front [-t] PORT FARM NAME[,NAME...] USER:LEVEL:AUTH:KEY:PRIV:KEY ...
 *
 * Device N is the address 127.0.0.0 + N, N below 65536, at PORT of the loopback: an
 * engine with an id, boots and a time of its own, which knows the users. What it is asked
 * is asked of the farm at FARM (ADDRESS:PORT) by the community NAME+N, the names dealt
 * out in turn, and what the farm says goes back. A request that the farm leaves
 * unanswered stays so.
 *
 *   request -> [engine? user? level? digest? time? key?] -> v2c to the farm
 *                  no: a report                             |
 *   answer <- encrypted, signed <------- by request-id -----+
 *
 * RFC 3412 (the message), RFC 3414 (USM, section 3.2 for the order of the checks), RFC
 * 7860 (SHA-2), RFC 3826 (AES), and net-snmp's AES-192 and AES-256. Keys and ciphers are
 * OpenSSL's and not net-snmp's, which the poller has: the two check each other. A user
 * comes at its LEVEL (0, 1, 2) or is told that the level is not supported.
 *
 * With -t the devices 2k and 2k+1 have one engine id, as copies of a virtual machine do.
 * SIGUSR1: all engines are others. SIGUSR2: all reboot. Each is confirmed by a line.
 * SIGTERM and SIGINT end it with a line of what was counted.
 */
#include "libnhip/ber.h"
#include "libnhip/clock.h"
#include "tests/lab/snmp_who.h"
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DEVICES = 1 << 16,
    SLOTS = 1 << 14, /* requests that the farm may be working on */
    NAMES_MAX = 64,
    USERS_MAX = 16,
    PACKET_MAX = 65507,
    ANSWER_MAX = 1472, /* of a message: one frame of an Ethernet */
    BATCH = 64,        /* messages of one socket before the other has its turn */
    KEY_MAX = 64,
    SALT_LEN = 8,
    ENGINE_LEN = 12,
    WINDOW_S = 150, /* RFC 3414 section 2.2.3 */
    PASSPHRASE_BYTES = 1 << 20,
    SOCKET_BYTES = 4 << 20,
};

enum { /* BER */
    OBJECT = 0x06,
    COUNTER = 0x41,
    GET = 0xa0,
    GETNEXT = 0xa1,
    RESPONSE = 0xa2,
    SET = 0xa3,
    GETBULK = 0xa5,
    REPORT = 0xa8,
};

enum { AUTH = 1, PRIV = 2, REPORTABLE = 4 }; /* msgFlags */

/* usmStats of RFC 3414, by their last number, and what else is counted. */
enum count {
    ASKED,
    NO_LEVEL = 1,
    NOT_IN_TIME = 2,
    NO_USER = 3,
    NO_ENGINE = 4,
    WRONG_DIGEST = 5,
    NOT_DECRYPTED = 6,
    MALFORMED,
    ANSWERED,
    TOO_BIG,
    COUNTS
};

static const struct hash {
    const char *name;
    const char *openssl;
    size_t digest_len; /* as many bytes of it are sent */
} hashes[] = {
    { "SHA", "SHA1", 12 },
    { "SHA-224", "SHA224", 16 },
    { "SHA-256", "SHA256", 24 },
    { "SHA-384", "SHA384", 32 },
    { "SHA-512", "SHA512", 48 },
};

static const struct {
    const char *name, *openssl;
} ciphers[] = {
    { "AES", "AES-128-CFB" },
    { "AES-192", "AES-192-CFB" },
    { "AES-256", "AES-256-CFB" },
};

struct user {
    char name[33];
    int flags; /* AUTH, PRIV */
    const struct hash *hash;
    EVP_MD *md;
    EVP_CIPHER *cipher;
    size_t key_len; /* of the cipher */
    uint8_t auth_ku[KEY_MAX], priv_ku[KEY_MAX];
};

/* A user's keys at one engine. */
struct keys {
    uint8_t auth[KEY_MAX], priv[KEY_MAX];
};

struct device {
    struct keys *keys; /* owned, one a user; NULL: not made yet */
    uint32_t boots;    /* 0: never asked */
    int64_t booted_s;
};

/* A request on its way: where its answer goes, and how it is wrapped. */
struct route {
    uint32_t farm_id; /* its number at the farm; 0: none */
    uint32_t device;
    const struct user *user; /* NULL: a report to somebody unknown */
    int flags;
    int64_t message_id, max_size, request_id;
    struct sockaddr_in from;
};

struct message {
    int64_t id, max_size, boots, time_s;
    uint8_t flags;
    struct nh_slice engine, user, digest, salt, data;
};

/* A message is made from its end to its beginning, so that lengths are known. */
struct made {
    size_t at; /* of the first byte */
    bool full;
    uint8_t bytes[PACKET_MAX];
};

static struct {
    int fd, farm_fd;
    bool twins;
    uint32_t generation; /* of the engines' ids */
    const char *names[NAMES_MAX];
    size_t name_count, user_count;
    struct user users[USERS_MAX];
    struct device devices[DEVICES];
    struct route routes[SLOTS];
    uint32_t last_farm_id;
    uint64_t salt;
    unsigned long long counts[COUNTS];
    EVP_MAC_CTX *mac;
    EVP_CIPHER_CTX *cipher;
    EVP_MD_CTX *md;
} front;

static volatile sig_atomic_t told_to_replace, told_to_reboot, told_to_end;

static void
fail(const char *what)
{
    fprintf(stderr, "snmp_v3_front: %s\n", what);
    exit(1);
}

/* ---- reading ---- */

static bool
read_message(struct nh_slice raw, struct message *m)
{
    struct nh_slice in = nh_ber_take(&raw, NH_BER_SEQUENCE), head, flags, outer, usm;
    int64_t version = nh_ber_take_integer(&in), model;

    head = nh_ber_take(&in, NH_BER_SEQUENCE);
    m->id = nh_ber_take_integer(&head);
    m->max_size = nh_ber_take_integer(&head);
    flags = nh_ber_take(&head, NH_BER_OCTETS);
    m->flags = nh_take_u8(&flags);
    model = nh_ber_take_integer(&head);
    outer = nh_ber_take(&in, NH_BER_OCTETS);
    usm = nh_ber_take(&outer, NH_BER_SEQUENCE);
    m->engine = nh_ber_take(&usm, NH_BER_OCTETS);
    m->boots = nh_ber_take_integer(&usm);
    m->time_s = nh_ber_take_integer(&usm);
    m->user = nh_ber_take(&usm, NH_BER_OCTETS);
    m->digest = nh_ber_take(&usm, NH_BER_OCTETS);
    m->salt = nh_ber_take(&usm, NH_BER_OCTETS);
    m->data = in;
    return !in.bad && !head.bad && !flags.bad && !outer.bad && !usm.bad && version == 3 &&
           model == 3 && m->id >= 0 && m->max_size >= 484 &&
           (m->flags & (AUTH | PRIV)) != PRIV;
}

/* ---- writing ---- */

static void
put(struct made *m, const void *bytes, size_t len)
{
    if (m->full || len > m->at) {
        m->full = true;
        return;
    }
    m->at -= len;
    memcpy(m->bytes + m->at, bytes, len);
}

/* The head of the element whose content lies from here to `end`. */
static void
put_head(struct made *m, uint8_t tag, size_t end)
{
    size_t len = end - m->at;
    uint8_t head[4] = { tag, 0x82, (uint8_t)(len >> 8), (uint8_t)len };

    if (len < 0x80) {
        head[1] = (uint8_t)len;
        put(m, head, 2);
    } else if (len < 0x100) {
        head[1] = 0x81;
        head[2] = (uint8_t)len;
        put(m, head, 3);
    } else {
        put(m, head, 4);
    }
}

static void
put_element(struct made *m, uint8_t tag, const void *bytes, size_t len)
{
    size_t end = m->at;

    put(m, bytes, len);
    put_head(m, tag, end);
}

static void
put_integer(struct made *m, uint8_t tag, int64_t n)
{
    uint8_t bytes[8];
    size_t at = sizeof(bytes);

    do {
        bytes[--at] = (uint8_t)n;
        n >>= 8;
    } while (at > 0 && n != (bytes[at] & 0x80 ? -1 : 0));
    put_element(m, tag, bytes + at, sizeof(bytes) - at);
}

/* ---- keys ---- */

static void
digest_of(const struct user *u, const void *const parts[], const size_t lens[],
    size_t count, uint8_t out[KEY_MAX])
{
    bool ok = EVP_DigestInit_ex(front.md, u->md, NULL) == 1;

    for (size_t i = 0; ok && i < count; i++)
        ok = EVP_DigestUpdate(front.md, parts[i], lens[i]) == 1;
    if (!ok || EVP_DigestFinal_ex(front.md, out, NULL) != 1)
        fail("a digest failed");
}

/* RFC 3414 appendix A.2: the hash of a megabyte of the passphrase. */
static void
make_ku(const struct user *u, const char *passphrase, uint8_t out[KEY_MAX])
{
    static uint8_t bytes[PASSPHRASE_BYTES];
    size_t len = strlen(passphrase), all = sizeof(bytes);
    const void *part = bytes;

    if (len < 8)
        fail("a key is shorter than 8 characters");
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)passphrase[i % len];
    digest_of(u, &part, &all, 1, out);
}

static void
localise(const struct user *u, const uint8_t ku[KEY_MAX], const uint8_t *engine,
    uint8_t out[KEY_MAX])
{
    size_t len = (size_t)EVP_MD_get_size(u->md);
    const void *parts[] = { ku, engine, ku };
    const size_t lens[] = { len, ENGINE_LEN, len };

    digest_of(u, parts, lens, 3, out);
}

/* A cipher may want more than the hash gives: the hash of all there is goes behind it
 * (draft-blumenthal-aes-usm-04 section 3.1.2.1). */
static void
lengthen(const struct user *u, uint8_t key[KEY_MAX])
{
    size_t step = (size_t)EVP_MD_get_size(u->md);

    for (size_t len = step; len < u->key_len; len += step) {
        const void *part = key;
        uint8_t more[KEY_MAX];

        digest_of(u, &part, &len, 1, more);
        memcpy(key + len, more, len + step <= KEY_MAX ? step : KEY_MAX - len);
    }
}

static void
sign(const struct user *u, const struct keys *k, const uint8_t *bytes, size_t len,
    uint8_t out[KEY_MAX])
{
    char name[16];
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    size_t done;

    snprintf(name, sizeof(name), "%s", u->hash->openssl);
    if (EVP_MAC_init(front.mac, k->auth, (size_t)EVP_MD_get_size(u->md), params) != 1 ||
        EVP_MAC_update(front.mac, bytes, len) != 1 ||
        EVP_MAC_final(front.mac, out, &done, KEY_MAX) != 1)
        fail("a signature failed");
}

/* RFC 3826 section 3.1.2.1: boots, time and salt begin the chain. In place. */
static void
encrypt(const struct user *u, const struct keys *k, int64_t boots, int64_t time_s,
    const uint8_t *salt, uint8_t *bytes, size_t len, bool forth)
{
    uint8_t iv[16];
    int done;

    for (int i = 0; i < 4; i++) {
        iv[i] = (uint8_t)(boots >> (24 - 8 * i));
        iv[4 + i] = (uint8_t)(time_s >> (24 - 8 * i));
    }
    memcpy(iv + 8, salt, SALT_LEN);
    if (EVP_CipherInit_ex2(front.cipher, u->cipher, k->priv, iv, forth, NULL) != 1 ||
        EVP_CipherUpdate(front.cipher, bytes, &done, bytes, (int)len) != 1)
        fail("a cipher failed");
}

/* ---- devices ---- */

/* RFC 3411, SnmpEngineID: of an enterprise (net-snmp's), octets of our own. */
static void
engine_of(uint32_t device, uint8_t out[ENGINE_LEN])
{
    uint32_t n = front.twins ? device & ~1U : device, generation = front.generation;
    const uint8_t id[ENGINE_LEN] = { 0x80, 0x00, 0x1f, 0x88, 0x05, 127, 0,
        (uint8_t)(n >> 8), (uint8_t)n, (uint8_t)(generation >> 16),
        (uint8_t)(generation >> 8), (uint8_t)generation };

    memcpy(out, id, ENGINE_LEN);
}

static int64_t
now_s(void)
{
    return nh_clock_mono_ms() / 1000;
}

static int64_t
time_of(const struct device *d)
{
    return now_s() - d->booted_s;
}

/* A device is made when it is asked first: it has run for a while by then. */
static struct device *
device_of(uint32_t number)
{
    struct device *d = &front.devices[number];

    if (d->boots == 0) {
        d->boots = 1 + number * 7 % 200;
        d->booted_s = now_s() - 1000 - number * 61 % 1000000;
    }
    return d;
}

static const struct keys *
keys_of(uint32_t number, const struct user *u)
{
    struct device *d = &front.devices[number];
    uint8_t engine[ENGINE_LEN];

    if (d->keys == NULL) {
        d->keys = calloc(front.user_count, sizeof(*d->keys));
        if (d->keys == NULL)
            fail("no memory");
        engine_of(number, engine);
        for (size_t i = 0; i < front.user_count; i++) {
            const struct user *each = &front.users[i];

            if (each->flags & AUTH)
                localise(each, each->auth_ku, engine, d->keys[i].auth);
            if (each->flags & PRIV) {
                localise(each, each->priv_ku, engine, d->keys[i].priv);
                lengthen(each, d->keys[i].priv);
            }
        }
    }
    return &d->keys[u - front.users];
}

static void
replace_engines(void)
{
    front.generation++;
    for (size_t i = 0; i < DEVICES; i++) {
        free(front.devices[i].keys);
        front.devices[i].keys = NULL;
    }
    printf("snmp_v3_front: engines replaced\n");
}

static void
reboot_engines(void)
{
    for (size_t i = 0; i < DEVICES; i++)
        if (front.devices[i].boots != 0) {
            front.devices[i].boots++;
            front.devices[i].booted_s = now_s();
        }
    printf("snmp_v3_front: engines rebooted\n");
}

/* ---- answers ---- */

static void
send_message(const struct route *r, const uint8_t *bytes, size_t len)
{
    struct sockaddr_in to = r->from;
    struct iovec part = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = len };
    union {
        char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
        struct cmsghdr head;
    } control = { .bytes = { 0 } };
    struct msghdr m = { .msg_name = &to,
        .msg_namelen = sizeof(to),
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control.bytes) };
    struct in_pktinfo info = { .ipi_spec_dst.s_addr =
                                   htonl(INADDR_LOOPBACK - 1 + r->device) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof(info));
    memcpy(CMSG_DATA(c), &info, sizeof(info));
    (void)sendmsg(front.fd, &m, 0); /* what is lost is lost */
}

/* Put scope and message around the PDU that lies from `m->at` to the end. False: it does
 * not fit. */
static bool
wrap(struct made *m, const struct route *r)
{
    const struct device *d = device_of(r->device);
    const struct keys *k = r->flags & AUTH ? keys_of(r->device, r->user) : NULL;
    const size_t end = sizeof(m->bytes);
    uint8_t engine[ENGINE_LEN], salt[SALT_LEN] = { 0 }, digest[KEY_MAX] = { 0 };
    uint8_t flags = (uint8_t)(r->flags & (AUTH | PRIV));
    int64_t time_s = time_of(d);
    size_t digest_at = 0, usm_end;

    engine_of(r->device, engine);
    put_element(m, NH_BER_OCTETS, "", 0); /* contextName */
    put_element(m, NH_BER_OCTETS, engine, sizeof(engine));
    put_head(m, NH_BER_SEQUENCE, end);
    if (flags & PRIV && !m->full) {
        front.salt++;
        memcpy(salt, &front.salt, sizeof(salt));
        encrypt(r->user, k, d->boots, time_s, salt, m->bytes + m->at, end - m->at, true);
        put_head(m, NH_BER_OCTETS, end);
    }
    usm_end = m->at;
    put_element(m, NH_BER_OCTETS, salt, flags & PRIV ? sizeof(salt) : 0);
    if (flags & AUTH)
        digest_at = m->at - r->user->hash->digest_len;
    put_element(m, NH_BER_OCTETS, digest, flags & AUTH ? r->user->hash->digest_len : 0);
    put_element(m, NH_BER_OCTETS, r->user ? r->user->name : "",
        r->user ? strlen(r->user->name) : 0);
    put_integer(m, NH_BER_INTEGER, time_s);
    put_integer(m, NH_BER_INTEGER, d->boots);
    put_element(m, NH_BER_OCTETS, engine, sizeof(engine));
    put_head(m, NH_BER_SEQUENCE, usm_end);
    put_head(m, NH_BER_OCTETS, usm_end);
    usm_end = m->at;
    put_integer(m, NH_BER_INTEGER, 3); /* USM */
    put_element(m, NH_BER_OCTETS, &flags, 1);
    put_integer(m, NH_BER_INTEGER, PACKET_MAX);
    put_integer(m, NH_BER_INTEGER, r->message_id);
    put_head(m, NH_BER_SEQUENCE, usm_end);
    put_integer(m, NH_BER_INTEGER, 3); /* SNMPv3 */
    put_head(m, NH_BER_SEQUENCE, end);
    if (m->full || end - m->at > ANSWER_MAX || end - m->at > (size_t)r->max_size)
        return false;
    if (flags & AUTH) {
        sign(r->user, k, m->bytes + m->at, end - m->at, digest);
        memcpy(m->bytes + digest_at, digest, r->user->hash->digest_len);
    }
    return true;
}

static void
begin(struct made *m)
{
    m->at = sizeof(m->bytes);
    m->full = false;
}

/* A response that says tooBig and nothing else. */
static void
put_too_big(struct made *m, const struct route *r)
{
    begin(m);
    put_element(m, NH_BER_SEQUENCE, "", 0);
    put_integer(m, NH_BER_INTEGER, 0);
    put_integer(m, NH_BER_INTEGER, 1);
    put_integer(m, NH_BER_INTEGER, r->request_id);
    put_head(m, RESPONSE, sizeof(m->bytes));
}

/* `rest`: a response of the farm's behind its request-id. */
static void
answer(const struct route *r, struct nh_slice rest)
{
    static struct made m;

    begin(&m);
    put(&m, rest.p, rest.len);
    put_integer(&m, NH_BER_INTEGER, r->request_id);
    put_head(&m, RESPONSE, sizeof(m.bytes));
    front.counts[ANSWERED]++;
    if (!wrap(&m, r)) {
        front.counts[TOO_BIG]++;
        put_too_big(&m, r);
        if (!wrap(&m, r))
            return;
    }
    send_message(r, m.bytes + m.at, sizeof(m.bytes) - m.at);
}

/* RFC 3414 section 3.2: what was wrong, as a counter's name and value. */
static void
report(const struct route *r, enum count what)
{
    static struct made m;
    uint8_t name[] = { 0x2b, 6, 1, 6, 3, 15, 1, 1, (uint8_t)what, 0 };

    begin(&m);
    put_integer(&m, COUNTER, (int64_t)(++front.counts[what] & 0xffffffff));
    put_element(&m, OBJECT, name, sizeof(name));
    put_head(&m, NH_BER_SEQUENCE, sizeof(m.bytes));
    put_head(&m, NH_BER_SEQUENCE, sizeof(m.bytes));
    put_integer(&m, NH_BER_INTEGER, 0);
    put_integer(&m, NH_BER_INTEGER, 0);
    put_integer(&m, NH_BER_INTEGER, r->request_id);
    put_head(&m, REPORT, sizeof(m.bytes));
    if (r->flags & REPORTABLE && wrap(&m, r))
        send_message(r, m.bytes + m.at, sizeof(m.bytes) - m.at);
}

/* ---- requests ---- */

static const struct user *
find_user(struct nh_slice name)
{
    for (size_t i = 0; i < front.user_count; i++)
        if (strlen(front.users[i].name) == name.len &&
            memcmp(front.users[i].name, name.p, name.len) == 0)
            return &front.users[i];
    return NULL;
}

/* The digest is made of the message with zeros in its place; `raw` is changed. */
static bool
is_signed(const struct route *r, const struct message *m, uint8_t *raw, size_t len)
{
    size_t digest_len = r->user->hash->digest_len;
    uint8_t theirs[KEY_MAX], ours[KEY_MAX];

    if (m->digest.len != digest_len)
        return false;
    memcpy(theirs, m->digest.p, digest_len);
    memset(raw + (m->digest.p - raw), 0, digest_len);
    sign(r->user, keys_of(r->device, r->user), raw, len, ours);
    return memcmp(theirs, ours, digest_len) == 0;
}

static bool
is_in_time(const struct device *d, const struct message *m)
{
    int64_t late_s = time_of(d) - m->time_s;

    return m->boots == d->boots && late_s <= WINDOW_S && late_s >= -WINDOW_S;
}

/* The PDU of a scoped PDU; false: it is none, or of a context that nobody has. */
static bool
read_scoped(
    struct nh_slice in, uint8_t *command, int64_t *request_id, struct nh_slice *rest)
{
    struct nh_slice scoped = nh_ber_take(&in, NH_BER_SEQUENCE), context, pdu;

    (void)nh_ber_take(&scoped, NH_BER_OCTETS); /* the engine's id once more */
    context = nh_ber_take(&scoped, NH_BER_OCTETS);
    if (scoped.bad || context.len != 0 || scoped.len == 0)
        return false;
    *command = scoped.p[0];
    pdu = nh_ber_take(&scoped, *command);
    *request_id = nh_ber_take_integer(&pdu);
    *rest = pdu;
    return !scoped.bad && !pdu.bad &&
           (*command == GET || *command == GETNEXT || *command == SET ||
               *command == GETBULK);
}

static void
ask_farm(struct route *r, uint8_t command, struct nh_slice rest)
{
    static struct made m;
    char community[96];

    if (++front.last_farm_id > INT32_MAX)
        front.last_farm_id = 1;
    r->farm_id = front.last_farm_id;
    snprintf(community, sizeof(community), "%s+%u",
        front.names[(r->device + front.name_count - 1) % front.name_count], r->device);
    begin(&m);
    put(&m, rest.p, rest.len);
    put_integer(&m, NH_BER_INTEGER, r->farm_id);
    put_head(&m, command, sizeof(m.bytes));
    put_element(&m, NH_BER_OCTETS, community, strlen(community));
    put_integer(&m, NH_BER_INTEGER, 1); /* v2c */
    put_head(&m, NH_BER_SEQUENCE, sizeof(m.bytes));
    if (m.full)
        return;
    front.routes[r->farm_id % SLOTS] = *r;
    (void)send(front.farm_fd, m.bytes + m.at, sizeof(m.bytes) - m.at, 0);
}

/* The rest of RFC 3414 section 3.2, the engine and its user being known. */
static void
admit(struct route *r, const struct message *m, uint8_t *raw, size_t len)
{
    const struct device *d = device_of(r->device);
    struct nh_slice data = m->data, rest;
    uint8_t command;

    r->flags = m->flags & REPORTABLE; /* a report is signed from the time on */
    if ((m->flags & (AUTH | PRIV)) != r->user->flags) {
        report(r, NO_LEVEL);
        return;
    }
    if (m->flags & AUTH) {
        if (!is_signed(r, m, raw, len)) {
            report(r, WRONG_DIGEST);
            return;
        }
        r->flags |= AUTH;
        if (!is_in_time(d, m)) {
            report(r, NOT_IN_TIME);
            return;
        }
    }
    if (m->flags & PRIV) {
        data = nh_ber_take(&data, NH_BER_OCTETS);
        if (data.bad || m->salt.len != SALT_LEN) {
            report(r, NOT_DECRYPTED);
            return;
        }
        encrypt(r->user, keys_of(r->device, r->user), m->boots, m->time_s, m->salt.p,
            raw + (data.p - raw), data.len, false);
        r->flags |= PRIV;
    }
    if (read_scoped(data, &command, &r->request_id, &rest))
        ask_farm(r, command, rest);
    else
        front.counts[MALFORMED]++; /* a wrong key too: most agents say nothing to it */
}

/* `raw` is changed. */
static void
heed(uint8_t *raw, size_t len, uint32_t device, const struct sockaddr_in *from)
{
    struct route r = { .device = device, .from = *from };
    uint8_t engine[ENGINE_LEN];
    struct message m;

    front.counts[ASKED]++;
    if (!read_message(nh_slice_of(raw, len), &m)) {
        front.counts[MALFORMED]++;
        return;
    }
    r.message_id = m.id;
    r.max_size = m.max_size;
    r.flags = m.flags & REPORTABLE;
    engine_of(device, engine);
    if (m.engine.len != sizeof(engine) ||
        memcmp(m.engine.p, engine, sizeof(engine)) != 0) {
        report(&r, NO_ENGINE);
        return;
    }
    r.user = find_user(m.user);
    if (r.user == NULL)
        report(&r, NO_USER);
    else
        admit(&r, &m, raw, len);
}

/* ---- sockets ---- */

/* A message, and the device that it was sent to. False: there is none. */
static bool
receive_asked(uint8_t *raw, size_t *len, uint32_t *address, struct sockaddr_in *from)
{
    union {
        char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
        struct cmsghdr head;
    } control;
    struct iovec part = { .iov_base = raw, .iov_len = PACKET_MAX };
    struct msghdr m = { .msg_name = from,
        .msg_namelen = sizeof(*from),
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control.bytes) };
    ssize_t got = recvmsg(front.fd, &m, MSG_DONTWAIT);
    struct in_pktinfo info;

    if (got < 0)
        return false;
    *len = (size_t)got;
    *address = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c))
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            *address = ntohl(info.ipi_addr.s_addr);
        }
    return true;
}

static void
serve_pollers(void)
{
    static uint8_t raw[PACKET_MAX];
    struct sockaddr_in from;
    uint32_t address;
    size_t len;

    for (int i = 0; i < BATCH && receive_asked(raw, &len, &address, &from); i++)
        if (address >> 16 == 127 << 8 && (address & 0xffff) != 0)
            heed(raw, len, address & 0xffff, &from);
}

static void
serve_farm(void)
{
    static uint8_t raw[PACKET_MAX];
    ssize_t got;

    for (int i = 0;
         i < BATCH && (got = recv(front.farm_fd, raw, sizeof(raw), MSG_DONTWAIT)) >= 0;
         i++) {
        struct nh_slice all = nh_slice_of(raw, (size_t)got), in, pdu;
        struct route *r;
        int64_t id;

        in = nh_ber_take(&all, NH_BER_SEQUENCE);
        (void)nh_ber_take_integer(&in);        /* version */
        (void)nh_ber_take(&in, NH_BER_OCTETS); /* community */
        pdu = nh_ber_take(&in, RESPONSE);
        id = nh_ber_take_integer(&pdu);
        r = &front.routes[(uint64_t)id % SLOTS];
        if (in.bad || pdu.bad || id <= 0 || r->farm_id != id)
            continue;
        r->farm_id = 0;
        answer(r, pdu);
    }
}

static void
on_signal(int sig)
{
    if (sig == SIGUSR1)
        told_to_replace = 1;
    else if (sig == SIGUSR2)
        told_to_reboot = 1;
    else
        told_to_end = 1;
}

/* Signals come in ppoll() alone. */
static void
heed_signals(sigset_t *while_waiting)
{
    static const int signals[] = { SIGUSR1, SIGUSR2, SIGTERM, SIGINT };
    struct sigaction act = { .sa_handler = on_signal };
    sigset_t mine;

    sigemptyset(&mine);
    for (size_t i = 0; i < NH_COUNT(signals); i++) {
        sigaddset(&mine, signals[i]);
        if (sigaction(signals[i], &act, NULL) != 0)
            fail("sigaction");
    }
    if (sigprocmask(SIG_BLOCK, &mine, while_waiting) != 0)
        fail("sigprocmask");
}

static void
serve(void)
{
    struct pollfd sockets[] = { { .fd = front.fd, .events = POLLIN },
        { .fd = front.farm_fd, .events = POLLIN } };
    sigset_t while_waiting;

    heed_signals(&while_waiting);
    printf("snmp_v3_front: ready\n");
    while (!told_to_end) {
        fflush(stdout);
        if (ppoll(sockets, NH_COUNT(sockets), NULL, &while_waiting) > 0) {
            serve_farm();
            serve_pollers();
        } else if (errno != EINTR) {
            fail("ppoll");
        }
        if (told_to_replace)
            replace_engines();
        if (told_to_reboot)
            reboot_engines();
        told_to_replace = told_to_reboot = 0;
    }
}

static void
open_sockets(const char *port, const char *farm)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)atoi(port)) };
    struct sockaddr_in there = { .sin_family = AF_INET };
    const int on = 1, bytes = SOCKET_BYTES;
    const char *colon = strchr(farm, ':');
    char host[16] = "";

    if (colon == NULL || colon - farm >= (ptrdiff_t)sizeof(host))
        fail("the farm is ADDRESS:PORT");
    memcpy(host, farm, (size_t)(colon - farm));
    there.sin_port = htons((uint16_t)atoi(colon + 1));
    front.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    front.farm_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (front.fd < 0 || front.farm_fd < 0 ||
        inet_pton(AF_INET, host, &there.sin_addr) != 1 ||
        setsockopt(front.fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) != 0 ||
        setsockopt(front.fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) != 0 ||
        setsockopt(front.fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) != 0 ||
        setsockopt(front.farm_fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) != 0 ||
        bind(front.fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        connect(front.farm_fd, (struct sockaddr *)&there, sizeof(there)) != 0)
        fail(strerror(errno));
}

/* ---- beginning and end ---- */

static void
add_user(const char *text)
{
    struct user *u = &front.users[front.user_count++];
    struct nh_snmp_credential c;

    if (front.user_count > USERS_MAX || !snmp_who_user(text, &c))
        fail("a user is USER:LEVEL:AUTH:KEY:PRIV:KEY");
    memcpy(u->name, c.user, sizeof(u->name));
    u->flags = c.level == NH_SNMP_PRIV ? AUTH | PRIV : c.level == NH_SNMP_AUTH ? AUTH : 0;
    if (u->flags & AUTH) {
        for (size_t i = 0; i < NH_COUNT(hashes); i++)
            if (strcmp(hashes[i].name, c.auth) == 0)
                u->hash = &hashes[i];
        if (u->hash == NULL)
            fail("no such authentication");
        u->md = EVP_MD_fetch(NULL, u->hash->openssl, NULL);
        if (u->md == NULL)
            fail("a digest is missing");
        make_ku(u, c.auth_secret, u->auth_ku);
    }
    if (u->flags & PRIV) {
        for (size_t i = 0; i < NH_COUNT(ciphers); i++)
            if (strcmp(ciphers[i].name, c.priv) == 0)
                u->cipher = EVP_CIPHER_fetch(NULL, ciphers[i].openssl, NULL);
        if (u->cipher == NULL)
            fail("no such privacy");
        u->key_len = (size_t)EVP_CIPHER_get_key_length(u->cipher);
        make_ku(u, c.priv_secret, u->priv_ku);
    }
}

static void
add_names(char *list)
{
    for (char *name; (name = strsep(&list, ",")) != NULL;) {
        if (front.name_count == NAMES_MAX)
            fail("too many recordings");
        front.names[front.name_count++] = name;
    }
}

static void
print_counts(void)
{
    static const char *const words[COUNTS] = { [ASKED] = "asked",
        [NO_LEVEL] = "unsupported_level",
        [NOT_IN_TIME] = "not_in_time",
        [NO_USER] = "unknown_user",
        [NO_ENGINE] = "unknown_engine",
        [WRONG_DIGEST] = "wrong_digest",
        [NOT_DECRYPTED] = "not_decrypted",
        [MALFORMED] = "malformed",
        [ANSWERED] = "answered",
        [TOO_BIG] = "too_big" };

    for (int i = 0; i < COUNTS; i++)
        printf("%s%s %llu", i > 0 ? ", " : "snmp_v3_front: ", words[i], front.counts[i]);
    printf("\n");
}

static void
fini(void)
{
    for (size_t i = 0; i < DEVICES; i++)
        free(front.devices[i].keys);
    for (size_t i = 0; i < front.user_count; i++) {
        EVP_MD_free(front.users[i].md);
        EVP_CIPHER_free(front.users[i].cipher);
    }
    EVP_MAC_CTX_free(front.mac);
    EVP_CIPHER_CTX_free(front.cipher);
    EVP_MD_CTX_free(front.md);
    close(front.fd);
    close(front.farm_fd);
}

int
main(int argc, char **argv)
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

    front.twins = argc > 1 && strcmp(argv[1], "-t") == 0;
    argv += front.twins;
    argc -= front.twins;
    if (argc < 5 || hmac == NULL)
        return 2;
    front.mac = EVP_MAC_CTX_new(hmac);
    EVP_MAC_free(hmac);
    front.cipher = EVP_CIPHER_CTX_new();
    front.md = EVP_MD_CTX_new();
    if (front.mac == NULL || front.cipher == NULL || front.md == NULL ||
        RAND_bytes((uint8_t *)&front.salt, sizeof(front.salt)) != 1)
        fail("OpenSSL does not start");
    add_names(argv[3]);
    for (int i = 4; i < argc; i++)
        add_user(argv[i]);
    open_sockets(argv[1], argv[2]);
    serve();
    print_counts();
    fini();
    return 0;
}
