/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ack_link.h - acknowledging without a login: a token in a link, a reply by text message
 *
 * A token is NUMBER.EXPIRY.CONTACT.MAC: for one incident, one contact, until one second,
 * and good for nothing but to acknowledge. The MAC is the first 16 bytes of HMAC-SHA-256
 * under a secret of this host (DIR/ack.key, mode 0600, made at the first start).
 */
#ifndef ACK_LINK_H
#define ACK_LINK_H

#include "collector/incident.h"

enum { ACK_SECRET_LEN = 32, ACK_TOKEN_MAX = 160, ACK_LINK_S = 3 * 24 * 3600 };

struct ack_secret {
    uint8_t key[ACK_SECRET_LEN];
};
/* Read the secret, or make it. NH_EAUTH: others may read the file; NH_EFORMAT, NH_EIO. */
enum nh_err ack_secret_open(struct ack_secret *out, const char *dir) NH_MUST_CHECK;

void ack_token_make(const struct ack_secret *secret, uint32_t incident,
    const char *contact, int64_t expiry_s, char out[ACK_TOKEN_MAX]);
/* NH_EFORMAT: no token; NH_EAUTH: not one of ours; NH_ETIMEOUT: it was, its time is over
 * (incident and contact are filled in). */
enum nh_err ack_token_check(const struct ack_secret *secret, const char *token,
    int64_t now_s, uint32_t *incident, char contact[NH_SITE_ID_MAX]) NH_MUST_CHECK;

/*
 * The incident of a reply: "OK 412", "ok SC-0412", "Ok  sc 412.", with or without marks
 * and full stops, other words after it. False: it is no such reply.
 */
bool ack_reply_read(const char *text, uint32_t *incident);
/* Are the two the same telephone number? "+84912345678", "0912 345 678", "84912345678".
 */
bool ack_same_number(const char *a, const char *b);

#endif
