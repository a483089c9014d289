/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * webhook.c - notifier "webhook": a JSON body posted to the contact's URL
 *
 * X-Nhip-Event carries the message's key: one that comes again has the same. With a
 * `secret_file`, X-Nhip-Signature is sha256= and the HMAC-SHA-256 of the body in hex,
 * keyed with the file's first line. Bodies are templates: {name} is that value as a JSON
 * string, everything else stands as it is.
 */
#include "collector/notifiers/notifier.h"
#include "libnhip/replay_line.h"
#include "libnhip/token.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SECRET_MAX = 512, SIGNATURE_LEN = 32 };

static const struct {
    const char *name, *body,
        *closed; /* closed: of a `closed` message, where it differs */
} templates[] = {
    { "telegram",
        "{\"chat_id\":{chat},\"text\":{text},"
        "\"link_preview_options\":{\"is_disabled\":true}}",
        NULL },
    { "zalo", "{\"chat_id\":{chat},\"text\":{text}}", NULL },
    { "alertmanager",
        "[{\"labels\":{\"alertname\":\"NhipIncident\",\"incident\":{incident},"
        "\"province\":{province}},\"annotations\":{\"summary\":{subject},"
        "\"description\":{text}},\"startsAt\":{time},\"generatorURL\":{link}}]",
        "[{\"labels\":{\"alertname\":\"NhipIncident\",\"incident\":{incident},"
        "\"province\":{province}},\"annotations\":{\"summary\":{subject},"
        "\"description\":{text}},\"endsAt\":{time},\"generatorURL\":{link}}]" },
};

static bool
serves(const struct inventory *inv, const struct inv_contact *to)
{
    (void)inv;
    return *to->webhook != '\0';
}

static void
put_named(struct nh_buf *out, const struct notify_job *job, const char *name, size_t len)
{
    struct nh_buf value;
    char id[16], time_text[32];
    time_t t = (time_t)(job->row->at_ms / 1000);
    struct tm tm = { 0 };

    incident_id(job->row->incident, id);
    gmtime_r(&t, &tm);
    strftime(time_text, sizeof(time_text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    nh_buf_init(&value, 128 << 10);
    if (strncmp(name, "text", len) == 0)
        notify_text(job, &value);
    nh_buf_put_u8(&value, 0);
    if (nh_buf_err(&value) != NH_OK)
        out->err = NH_ENOMEM;
    else
        nh_json_string(out, strncmp(name, "chat", len) == 0       ? job->to->webhook_chat
                            : strncmp(name, "incident", len) == 0 ? id
                            : strncmp(name, "province", len) == 0 ? job->inv->id
                            : strncmp(name, "subject", len) == 0  ? job->row->subject
                            : strncmp(name, "time", len) == 0     ? time_text
                            : strncmp(name, "link", len) == 0     ? job->link
                                                              : (const char *)value.data);
    nh_buf_fini(&value);
}

static void
put_template(struct nh_buf *out, const struct notify_job *job, const char *s)
{
    while (*s != '\0') {
        size_t len = *s == '{' ? strspn(s + 1, "abcdefghijklmnopqrstuvwxyz") : 0;

        if (len > 0 && s[1 + len] == '}') {
            put_named(out, job, s + 1, len);
            s += len + 2;
        } else {
            nh_buf_put_u8(out, (uint8_t)*s++);
        }
    }
}

static void
put_body(struct nh_buf *out, const struct notify_job *job)
{
    for (size_t i = 0; i < NH_COUNT(templates); i++)
        if (strcmp(templates[i].name, job->to->webhook_body) == 0) {
            put_template(out, job,
                job->row->about == MESSAGE_CLOSED && templates[i].closed != NULL
                    ? templates[i].closed
                    : templates[i].body);
            return;
        }
    notify_json(job, out);
}

static bool
sign(const char *path, const struct nh_buf *body, char line[128])
{
    uint8_t mac[SIGNATURE_LEN];
    char secret[SECRET_MAX] = "";
    unsigned len = 0;
    FILE *f = fopen(path, "re");
    bool ok = f != NULL && fgets(secret, sizeof(secret), f) != NULL;
    size_t n;

    if (f != NULL)
        fclose(f);
    secret[strcspn(secret, "\r\n")] = '\0';
    ok = ok && secret[0] != '\0' &&
         HMAC(EVP_sha256(), secret, (int)strlen(secret), body->data, body->len, mac,
             &len) != NULL;
    nh_wipe(secret, sizeof(secret));
    n = (size_t)snprintf(line, 128, "X-Nhip-Signature: sha256=");
    for (size_t i = 0; ok && i < len; i++)
        n += (size_t)snprintf(line + n, 128 - n, "%02x", mac[i]);
    return ok;
}

static enum nh_err
start(struct notify_job *job, char why[128])
{
    struct notify_transfer *t;
    char line[160];
    enum nh_err err = notify_transfer_new(&t, job, job->to->webhook);

    if (err != NH_OK)
        return err;
    put_body(notify_transfer_body(t), job);
    notify_transfer_header(t, "Content-Type: application/json; charset=utf-8");
    notify_transfer_header(t, "Expect:");
    snprintf(line, sizeof(line), "X-Nhip-Event: %s", job->row->key);
    notify_transfer_header(t, line);
    if (*job->to->secret_file != '\0') {
        if (!sign(job->to->secret_file, notify_transfer_body(t), line)) {
            snprintf(why, 128, "secret_file %.80s cannot be read", job->to->secret_file);
            notify_transfer_free(t);
            return NH_EAGAIN;
        }
        notify_transfer_header(t, line);
    }
    return notify_transfer_post(t);
}

const struct notifier notifier_webhook = {
    .name = "webhook",
    .again_if_unclear = true,
    .serves = serves,
    .start = start,
    .cancel = notify_transfer_cancel,
};
