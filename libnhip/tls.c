/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls.c - TLS 1.3 by an external pre-shared key, over OpenSSL 3.0 and libevent
 *
 * OpenSSL knows an external key as a session made by hand: psk_use_session (client) and
 * psk_find_session (server) return one with our 32 bytes as its secret and a SHA-256
 * suite. The handshake then proves that both sides know the key, and X25519 makes what
 * was said unreadable to one who learns the key later.
 *
 * Two defaults would undo this. A client offering a key accepts a server that ignores it
 * and shows a certificate: we verify against an empty store, and nh_tls_check_peer()
 * insists that the key was used. A server hands out tickets that would outlive a revoked
 * key: they, the cache and early data are off.
 *
 * A server that does not know an identity goes on with a random key, so that the
 * handshake fails in the same place and with the same alert as for a wrong key.
 */
#include "libnhip/tls.h"
#include "libnhip/token.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/util.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct nh_tls {
    SSL_CTX *ctx;
    nh_tls_find_key *find; /* server */
    void *arg;
    char identity[NH_IDENTITY_MAX]; /* client */
    uint8_t key[NH_KEY_LEN];
};

static const unsigned char alpn[] = "\x06nhip/1";
enum { ALPN_LEN = sizeof(alpn) - 1 };

/* The identity that a server's SSL was asked for; freed with the SSL. */
static int identity_index = -1;

static void
free_identity(
    void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    free(ptr);
}

static SSL_SESSION *
session_of(SSL *ssl, const uint8_t key[NH_KEY_LEN])
{
    static const unsigned char aes128_sha256[] = { 0x13, 0x01 };
    const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, aes128_sha256);
    SSL_SESSION *session = SSL_SESSION_new();

    if (session == NULL || cipher == NULL ||
        SSL_SESSION_set1_master_key(session, key, NH_KEY_LEN) != 1 ||
        SSL_SESSION_set_cipher(session, cipher) != 1 ||
        SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) != 1) {
        SSL_SESSION_free(session);
        return NULL;
    }
    return session;
}

static int
on_use_session(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *id_len,
    SSL_SESSION **session)
{
    struct nh_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    *id = NULL;
    *id_len = 0;
    *session = NULL;
    if (tls == NULL || (md != NULL && !EVP_MD_is_a(md, "SHA256")))
        return 0; /* without the key there is nothing to talk about */
    *session = session_of(ssl, tls->key);
    if (*session == NULL)
        return 0;
    *id = (const unsigned char *)tls->identity;
    *id_len = strlen(tls->identity);
    return 1;
}

static int
on_find_session(SSL *ssl, const unsigned char *id, size_t id_len, SSL_SESSION **session)
{
    struct nh_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    uint8_t key[NH_KEY_LEN];
    char *identity = calloc(1, NH_IDENTITY_MAX);

    *session = NULL;
    if (identity == NULL)
        return 0;
    nh_random(key, sizeof(key));
    if (id_len > 0 && id_len < NH_IDENTITY_MAX && memchr(id, 0, id_len) == NULL) {
        memcpy(identity, id, id_len);
        if (tls == NULL || !tls->find(tls->arg, identity, key))
            nh_random(key, sizeof(key));
    }
    free(SSL_get_ex_data(ssl, identity_index));
    SSL_set_ex_data(ssl, identity_index, identity);
    *session = session_of(ssl, key);
    nh_wipe(key, sizeof(key));
    return *session != NULL;
}

static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned int in_len, void *arg)
{
    (void)ssl, (void)arg;
    for (unsigned int i = 0; i < in_len; i += in[i] + 1u) {
        if (in_len - i < ALPN_LEN || memcmp(in + i, alpn, ALPN_LEN) != 0)
            continue;
        *out = in + i + 1;
        *out_len = in[i];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* What both sides insist on. */
static bool
configure(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
    /* a TLS 1.3 that pretends to be 1.2 only costs bytes */
    SSL_CTX_clear_options(ctx, SSL_OP_ENABLE_MIDDLEBOX_COMPAT | SSL_OP_ALLOW_NO_DHE_KEX);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set1_groups_list(ctx, "X25519") == 1 &&
           SSL_CTX_set_ciphersuites(
               ctx, "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256") == 1 &&
           SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
           SSL_CTX_set_max_early_data(ctx, 0) == 1 &&
           SSL_CTX_set_recv_max_early_data(ctx, 0) == 1;
}

static enum nh_err
context(struct nh_tls **out, const SSL_METHOD *method)
{
    struct nh_tls *tls = calloc(1, sizeof(*tls));

    *out = NULL;
    if (tls == NULL)
        return NH_ENOMEM;
    if (identity_index < 0)
        identity_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_identity);
    tls->ctx = SSL_CTX_new(method);
    if (tls->ctx == NULL || identity_index < 0 || !configure(tls->ctx)) {
        nh_tls_free(tls);
        return NH_ENOMEM;
    }
    SSL_CTX_set_app_data(tls->ctx, tls);
    *out = tls;
    return NH_OK;
}

enum nh_err
nh_tls_server(struct nh_tls **out, nh_tls_find_key *find, void *arg)
{
    enum nh_err err = context(out, TLS_server_method());

    if (err != NH_OK)
        return err;
    (*out)->find = find;
    (*out)->arg = arg;
    SSL_CTX_set_verify((*out)->ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_psk_find_session_callback((*out)->ctx, on_find_session);
    SSL_CTX_set_alpn_select_cb((*out)->ctx, on_alpn, NULL);
    return NH_OK;
}

enum nh_err
nh_tls_client(struct nh_tls **out, const char *identity, const uint8_t key[NH_KEY_LEN])
{
    size_t len = strlen(identity);
    enum nh_err err;

    *out = NULL;
    if (len == 0 || len >= NH_IDENTITY_MAX)
        return NH_EINVAL;
    err = context(out, TLS_client_method());
    if (err != NH_OK)
        return err;
    memcpy((*out)->identity, identity, len + 1);
    memcpy((*out)->key, key, NH_KEY_LEN);
    /* the trust store stays empty: no certificate will ever do */
    SSL_CTX_set_verify((*out)->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_psk_use_session_callback((*out)->ctx, on_use_session);
    if (SSL_CTX_set_alpn_protos((*out)->ctx, alpn, ALPN_LEN) != 0) {
        nh_tls_free(*out);
        *out = NULL;
        return NH_ENOMEM;
    }
    return NH_OK;
}

void
nh_tls_free(struct nh_tls *tls)
{
    if (tls == NULL)
        return;
    if (tls->ctx != NULL)
        SSL_CTX_set_app_data(tls->ctx, NULL); /* connections may outlive us */
    SSL_CTX_free(tls->ctx);
    nh_wipe(tls->key, sizeof(tls->key));
    free(tls);
}

enum nh_err
nh_tls_bufferevent(struct nh_tls *tls, struct event_base *base, int fd, bool server,
    struct bufferevent **out)
{
    SSL *ssl = SSL_new(tls->ctx);

    *out = NULL;
    if (ssl == NULL)
        return NH_ENOMEM;
    *out = bufferevent_openssl_socket_new(base, fd, ssl,
        server ? BUFFEREVENT_SSL_ACCEPTING : BUFFEREVENT_SSL_CONNECTING,
        BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (*out == NULL) {
        SSL_free(ssl);
        return NH_ENOMEM;
    }
    /* every message has its length: an end without a TLS goodbye loses nothing */
    bufferevent_openssl_set_allow_dirty_shutdown(*out, 1);
    return NH_OK;
}

/* libevent would have epoll tell that the socket can be written, at three system calls a
 * message. What fails here fails again in libevent's hands, and is told from there. */
void
nh_tls_write(struct bufferevent *bev, const void *bytes, size_t len)
{
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    const uint8_t *p = bytes;
    int n;

    if (evbuffer_get_length(bufferevent_get_output(bev)) == 0 && ssl != NULL &&
        SSL_is_init_finished(ssl) == 1 && len > 0 && len <= INT_MAX) {
        ERR_clear_error();
        n = SSL_write(ssl, p, (int)len);
        ERR_clear_error();
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        }
    }
    if (len > 0)
        bufferevent_write(bev, p, len);
}

enum nh_err
nh_tls_check_peer(struct bufferevent *bev, const char **identity)
{
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    const unsigned char *proto = NULL;
    unsigned int proto_len = 0;
    const char *asked;

    if (identity != NULL)
        *identity = NULL;
    if (ssl == NULL || !SSL_is_init_finished(ssl) || SSL_version(ssl) != TLS1_3_VERSION ||
        SSL_session_reused(ssl) != 1 || SSL_get0_peer_certificate(ssl) != NULL)
        return NH_EAUTH;
    SSL_get0_alpn_selected(ssl, &proto, &proto_len);
    if (proto == NULL || proto_len != ALPN_LEN - 1 ||
        memcmp(proto, alpn + 1, proto_len) != 0)
        return NH_EAUTH;
    if (!SSL_is_server(ssl))
        return NH_OK;
    asked = SSL_get_ex_data(ssl, identity_index);
    if (asked == NULL || asked[0] == '\0')
        return NH_EAUTH;
    if (identity != NULL)
        *identity = asked;
    return NH_OK;
}

const char *
nh_tls_error(struct bufferevent *bev, char *out, size_t size)
{
    unsigned long code, first = 0;
    const char *reason;
    int sys = EVUTIL_SOCKET_ERROR();

    while ((code = bufferevent_get_openssl_error(bev)) != 0)
        if (first == 0 &&
            ERR_GET_LIB(code) != 0) /* libevent adds bare SSL_get_error()s */
            first = code;
    reason = first != 0 ? ERR_reason_error_string(first) : NULL;
    if (reason != NULL)
        snprintf(out, size, "TLS: %s", reason);
    else if (first != 0)
        snprintf(out, size, "TLS error %lx", first);
    else if (sys != 0)
        snprintf(out, size, "%s", evutil_socket_error_to_string(sys));
    else
        snprintf(out, size, "closed by the other side");
    return out;
}
