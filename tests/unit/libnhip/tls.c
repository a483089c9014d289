/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls.c - handshakes over a socket pair: the key opens, nothing else does
 *
 * The impostors (a certificate, another ALPN, no key at all) are made with OpenSSL
 * itself.
 */
#include "libnhip/tls.h"
#include "tests/unit/check.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint8_t right[NH_KEY_LEN] = "0123456789abcdef0123456789abcde";
static const uint8_t wrong[NH_KEY_LEN] = "0123456789abcdef0123456789abcdf";

struct end {
    struct bufferevent *bev;
    bool up, down;
    char error[128];
    size_t got;
};

static bool
find_key(void *arg, const char *identity, uint8_t key[NH_KEY_LEN])
{
    (void)arg;
    if (strcmp(identity, "k3v5xq2m") != 0)
        return false;
    memcpy(key, right, NH_KEY_LEN);
    return true;
}

static void
on_end_event(struct bufferevent *bev, short what, void *arg)
{
    struct end *end = arg;

    if ((what & BEV_EVENT_CONNECTED) != 0)
        end->up = true;
    if ((what & (BEV_EVENT_ERROR | BEV_EVENT_EOF)) != 0) {
        end->down = true;
        nh_tls_error(bev, end->error, sizeof(end->error));
    }
}

static void
on_end_read(struct bufferevent *bev, void *arg)
{
    struct end *end = arg;
    struct evbuffer *in = bufferevent_get_input(bev);

    end->got += evbuffer_get_length(in);
    evbuffer_drain(in, evbuffer_get_length(in));
}

/* Until both are up or either is down (the other then learns of it), 5 s at most. */
static void
settle(struct event_base *base, struct end *a, struct end *b)
{
    struct timeval limit = { .tv_sec = 5 };

    bufferevent_setcb(a->bev, on_end_read, NULL, on_end_event, a);
    bufferevent_setcb(b->bev, on_end_read, NULL, on_end_event, b);
    bufferevent_enable(a->bev, EV_READ | EV_WRITE);
    bufferevent_enable(b->bev, EV_READ | EV_WRITE);
    event_base_loopexit(base, &limit);
    while (!(a->up && b->up) && !a->down && !b->down && !event_base_got_exit(base))
        event_base_loop(base, EVLOOP_ONCE);
    for (int i = 0; i < 10; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
pair(int fd[2])
{
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0,
        "socketpair");
}

/* One handshake of our client with our server. */
static void
handshake(const char *identity, const uint8_t *key, struct end *client,
    struct end *server, bool want)
{
    struct event_base *base = event_base_new();
    struct nh_tls *ours = NULL, *theirs = NULL;
    const char *who = NULL;
    int fd[2];

    pair(fd);
    CHECK_EQ(nh_tls_client(&ours, identity, key), NH_OK, "client");
    CHECK_EQ(nh_tls_server(&theirs, find_key, NULL), NH_OK, "server");
    CHECK_EQ(nh_tls_bufferevent(ours, base, fd[0], false, &client->bev), NH_OK, "bev");
    CHECK_EQ(nh_tls_bufferevent(theirs, base, fd[1], true, &server->bev), NH_OK, "bev");
    bufferevent_write(client->bev, "hello", 5);
    settle(base, client, server);
    CHECK_EQ(client->up && server->up, want, identity);
    if (want) {
        for (int i = 0; i < 100 && server->got < 5; i++)
            event_base_loop(base, EVLOOP_NONBLOCK);
        CHECK_EQ(server->got, 5, "bytes said at once");
        CHECK_EQ(nh_tls_check_peer(client->bev, NULL), NH_OK, "the client's check");
        CHECK_EQ(nh_tls_check_peer(server->bev, &who), NH_OK, "the server's check");
        CHECK_STR(who, identity, "identity");
    } else {
        CHECK_EQ(nh_tls_check_peer(server->bev, &who), NH_EAUTH, identity);
        CHECK_NAMED(who == NULL, "no identity without the key");
        CHECK_EQ(nh_tls_check_peer(client->bev, NULL), NH_EAUTH, identity);
        CHECK_EQ(server->got, 0, "nothing was said");
    }
    bufferevent_free(client->bev);
    bufferevent_free(server->bev);
    event_base_loop(base, EVLOOP_NONBLOCK);
    nh_tls_free(ours);
    nh_tls_free(theirs);
    event_base_free(base);
}

static void
right_key(void)
{
    struct end client = { .up = false }, server = { .up = false };

    handshake("k3v5xq2m", right, &client, &server, true);
}

/* More than the socket takes: what does not go at once follows in its order. */
static void
written_at_once(void)
{
    struct end client = { .up = false }, server = { .up = false };
    struct event_base *base = event_base_new();
    struct nh_tls *ours = NULL, *theirs = NULL;
    struct evbuffer *in, *out;
    enum { MESSAGES = 5000 };
    uint8_t message[400];
    size_t whole = 0;
    int fd[2];

    pair(fd);
    CHECK_EQ(nh_tls_client(&ours, "k3v5xq2m", right), NH_OK, "client");
    CHECK_EQ(nh_tls_server(&theirs, find_key, NULL), NH_OK, "server");
    CHECK_EQ(nh_tls_bufferevent(ours, base, fd[0], false, &client.bev), NH_OK, "bev");
    CHECK_EQ(nh_tls_bufferevent(theirs, base, fd[1], true, &server.bev), NH_OK, "bev");
    settle(base, &client, &server);
    CHECK(client.up && server.up);
    bufferevent_setcb(client.bev, NULL, NULL, on_end_event, &client);
    in = bufferevent_get_input(client.bev);
    out = bufferevent_get_output(server.bev);
    for (int i = 0; i < MESSAGES; i++) {
        memset(message, i % 251, sizeof(message));
        nh_tls_write(server.bev, message, sizeof(message));
        if (i == 0)
            CHECK_EQ(evbuffer_get_length(out), 0, "gone without the loop");
    }
    CHECK_NAMED(evbuffer_get_length(out) > 0, "the socket is full");
    for (int i = 0; i < MESSAGES && evbuffer_get_length(in) < MESSAGES * sizeof(message);
         i++)
        event_base_loop(base, EVLOOP_ONCE);
    CHECK_EQ(evbuffer_get_length(in), MESSAGES * sizeof(message), "all of it");
    while (whole < MESSAGES &&
           evbuffer_remove(in, message, sizeof(message)) == (int)sizeof(message) &&
           message[0] == whole % 251 && message[sizeof(message) - 1] == whole % 251)
        whole++;
    CHECK_EQ(whole, MESSAGES, "in order");
    bufferevent_free(client.bev);
    bufferevent_free(server.bev);
    event_base_loop(base, EVLOOP_NONBLOCK);
    nh_tls_free(ours);
    nh_tls_free(theirs);
    event_base_free(base);
}

static void
wrong_key_looks_like_unknown(void)
{
    struct end c1 = { .up = false }, s1 = { .up = false };
    struct end c2 = { .up = false }, s2 = { .up = false };

    handshake("k3v5xq2m", wrong, &c1, &s1, false);
    handshake("nobody", right, &c2, &s2, false);
    CHECK(c1.down && c2.down);
    CHECK_STR(c1.error, c2.error, "what the outsider is told");
    CHECK(c1.error[0] != '\0');
}

static EVP_PKEY *
certify(SSL_CTX *ctx)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();

    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
        (const unsigned char *)"nhip", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_sign(x, key, EVP_sha256());
    CHECK_EQ(SSL_CTX_use_certificate(ctx, x), 1, "certificate");
    CHECK_EQ(SSL_CTX_use_PrivateKey(ctx, key), 1, "its key");
    X509_free(x);
    return key;
}

static int
take_first_alpn(SSL *ssl, const unsigned char **out, unsigned char *len,
    const unsigned char *in, unsigned int in_len, void *arg)
{
    (void)ssl, (void)in_len, (void)arg;
    *out = in + 1;
    *len = in[0];
    return SSL_TLSEXT_ERR_OK;
}

/* A machine in the middle with a certificate of its own and no key. */
static void
certificate_instead(void)
{
    struct event_base *base = event_base_new();
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = certify(ctx);
    struct end client = { .up = false }, server = { .up = false };
    struct nh_tls *ours = NULL;
    int fd[2];

    pair(fd);
    SSL_CTX_set_alpn_select_cb(ctx, take_first_alpn, NULL);
    CHECK_EQ(nh_tls_client(&ours, "k3v5xq2m", right), NH_OK, "client");
    CHECK_EQ(nh_tls_bufferevent(ours, base, fd[0], false, &client.bev), NH_OK, "bev");
    server.bev = bufferevent_openssl_socket_new(base, fd[1], SSL_new(ctx),
        BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    bufferevent_write(client.bev, "hello", 5);
    settle(base, &client, &server);
    CHECK(!client.up);
    CHECK(client.down);
    CHECK_EQ(server.got, 0, "nothing was said to it");
    CHECK_EQ(nh_tls_check_peer(client.bev, NULL), NH_EAUTH, "check");
    bufferevent_free(client.bev);
    bufferevent_free(server.bev);
    event_base_loop(base, EVLOOP_NONBLOCK);
    nh_tls_free(ours);
    EVP_PKEY_free(key);
    SSL_CTX_free(ctx);
    event_base_free(base);
}

static int
know_key(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *len,
    SSL_SESSION **session)
{
    static const unsigned char suite[] = { 0x13, 0x01 };

    (void)md;
    *session = SSL_SESSION_new();
    SSL_SESSION_set1_master_key(*session, right, NH_KEY_LEN);
    SSL_SESSION_set_cipher(*session, SSL_CIPHER_find(ssl, suite));
    SSL_SESSION_set_protocol_version(*session, TLS1_3_VERSION);
    *id = (const unsigned char *)"k3v5xq2m";
    *len = 8;
    return 1;
}

/* A client made by hand against our server: what it does otherwise than ours. */
struct foreign {
    const char *name, *alpn, *groups;
    bool with_key;
    int max_version;
    enum nh_err want;
};

static int tickets;

static int
on_ticket(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl, (void)session;
    tickets++;
    return 0;
}

static void
foreign(const struct foreign *f)
{
    struct event_base *base = event_base_new();
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    struct end client = { .up = false }, server = { .up = false };
    struct nh_tls *theirs = NULL;
    char groups[32];
    int fd[2];

    pair(fd);
    SSL_CTX_set_max_proto_version(ctx, f->max_version);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(ctx, on_ticket);
    snprintf(groups, sizeof(groups), "%s", f->groups); /* its macro drops the const */
    CHECK_EQ(SSL_CTX_set1_groups_list(ctx, groups), 1, f->name);
    if (f->with_key)
        SSL_CTX_set_psk_use_session_callback(ctx, know_key);
    if (f->alpn != NULL)
        SSL_CTX_set_alpn_protos(
            ctx, (const unsigned char *)f->alpn, (unsigned)strlen(f->alpn));
    CHECK_EQ(nh_tls_server(&theirs, find_key, NULL), NH_OK, "server");
    CHECK_EQ(nh_tls_bufferevent(theirs, base, fd[1], true, &server.bev), NH_OK, "bev");
    client.bev = bufferevent_openssl_socket_new(base, fd[0], SSL_new(ctx),
        BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    settle(base, &client, &server);
    CHECK_EQ(nh_tls_check_peer(server.bev, NULL), f->want, f->name);
    bufferevent_write(server.bev, "after any ticket", 16);
    for (int i = 0; i < 100 && f->want == NH_OK && client.got < 16; i++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    CHECK_EQ(client.got, f->want == NH_OK ? 16 : 0, f->name);
    bufferevent_free(client.bev);
    bufferevent_free(server.bev);
    event_base_loop(base, EVLOOP_NONBLOCK);
    nh_tls_free(theirs);
    SSL_CTX_free(ctx);
    event_base_free(base);
}

static void
foreign_clients(void)
{
    static const struct foreign rows[] = {
        { "as ours", "\x06nhip/1", "X25519", true, TLS1_3_VERSION, NH_OK },
        { "ours among others", "\x02h2\x06nhip/1", "P-256:X25519", true, TLS1_3_VERSION,
            NH_OK },
        { "another ALPN", "\x06nhip/2", "X25519", true, TLS1_3_VERSION, NH_EAUTH },
        { "no ALPN", NULL, "X25519", true, TLS1_3_VERSION, NH_EAUTH },
        { "no key", "\x06nhip/1", "X25519", false, TLS1_3_VERSION, NH_EAUTH },
        { "TLS 1.2", "\x06nhip/1", "X25519", true, TLS1_2_VERSION, NH_EAUTH },
        { "no X25519", "\x06nhip/1", "P-256", true, TLS1_3_VERSION, NH_EAUTH },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++)
        foreign(&rows[i]);
    CHECK_EQ(tickets, 0, "tickets that outlive a key");
}

static void
empty_identity(void)
{
    struct nh_tls *tls = NULL;

    CHECK_EQ(nh_tls_client(&tls, "", right), NH_EINVAL, "an empty identity");
    CHECK(tls == NULL);
}

int
main(void)
{
    RUN(right_key);
    RUN(written_at_once);
    RUN(wrong_key_looks_like_unknown);
    RUN(certificate_instead);
    RUN(foreign_clients);
    RUN(empty_identity);
    return check_done();
}
