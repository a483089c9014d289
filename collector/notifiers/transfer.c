/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * transfer.c - one message by libcurl: posted over HTTP, or handed to a mail server
 *
 * What the other side answered decides: 2xx is sent; 4xx of HTTP (but 408 and 429) and
 * 5xx of SMTP are refusals; everything else is worth another try.
 */
#include "collector/notifiers/notifier.h"
#include "libnhip/curl_loop.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRANSFER_MS = 30000, BODY_MAX = 256 << 10, ANSWER_MAX = 160 };

struct notify_transfer {
    struct notify_job *job;
    CURL *easy;
    struct curl_slist *headers, *rcpt;
    struct nh_buf body;
    size_t sent;
    bool mail;
    char answer[ANSWER_MAX];
    size_t answer_len;
    struct nh_transfer end;
};

static size_t
on_transfer_read(char *to, size_t size, size_t count, void *arg)
{
    struct notify_transfer *t = arg;
    size_t n = t->body.len - t->sent;

    if (n > size * count)
        n = size * count;
    memcpy(to, t->body.data + t->sent, n);
    t->sent += n;
    return n;
}

static size_t
on_transfer_answer(char *bytes, size_t size, size_t count, void *arg)
{
    struct notify_transfer *t = arg;

    for (size_t i = 0; i < size * count && t->answer_len + 1 < ANSWER_MAX; i++)
        t->answer[t->answer_len++] = (unsigned char)bytes[i] < ' ' ? ' ' : bytes[i];
    return size * count;
}

static enum notify_end
judge(const struct notify_transfer *t, CURLcode code, long status)
{
    if (code == CURLE_OK && (t->mail || (status >= 200 && status < 300)))
        return NOTIFY_SENT;
    if (t->mail && status >= 500 && status < 600)
        return NOTIFY_REFUSED;
    if (!t->mail && status >= 400 && status < 500 && status != 408 && status != 429)
        return NOTIFY_REFUSED;
    return NOTIFY_AGAIN;
}

static void
on_transfer_end(void *arg, int code)
{
    struct notify_transfer *t = arg;
    struct notify_job *job = t->job;
    enum notify_end end;
    char why[512];
    long status = 0;

    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    end = judge(t, (CURLcode)code, status);
    snprintf(why, sizeof(why), "%s%s%ld %s",
        code != CURLE_OK ? curl_easy_strerror((CURLcode)code) : "",
        code != CURLE_OK ? ", answer " : "answer ", status, t->answer);
    job->state = NULL;
    notify_transfer_free(t);
    job->ended(job, end, end == NOTIFY_SENT ? "" : why);
}

enum nh_err
notify_transfer_new(struct notify_transfer **out, struct notify_job *job, const char *url)
{
    struct notify_transfer *t = calloc(1, sizeof(*t));

    *out = NULL;
    if (t == NULL || (t->easy = curl_easy_init()) == NULL) {
        free(t);
        return NH_ENOMEM;
    }
    nh_buf_init(&t->body, BODY_MAX);
    t->job = job;
    t->end = (struct nh_transfer){ on_transfer_end, t };
    curl_easy_setopt(t->easy, CURLOPT_URL, url);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)TRANSFER_MS);
    curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "nhip/" NHIP_VERSION);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_transfer_answer);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    *out = t;
    return NH_OK;
}

void
notify_transfer_free(struct notify_transfer *t)
{
    if (t == NULL)
        return;
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    curl_slist_free_all(t->rcpt);
    nh_buf_fini(&t->body);
    free(t);
}

struct nh_buf *
notify_transfer_body(struct notify_transfer *t)
{
    return &t->body;
}

/* A list that could not grow is seen by its body's failure. */
static void
add(struct notify_transfer *t, struct curl_slist **list, const char *line)
{
    struct curl_slist *more = curl_slist_append(*list, line);

    if (more != NULL)
        *list = more;
    else
        t->body.err = NH_ENOMEM;
}

void
notify_transfer_header(struct notify_transfer *t, const char *line)
{
    add(t, &t->headers, line);
}

static enum nh_err
go(struct notify_transfer *t)
{
    enum nh_err err = nh_buf_err(&t->body);

    if (err == NH_OK)
        err = nh_curl_start(t->job->curl, t->easy, &t->end);
    if (err == NH_OK)
        t->job->state = t;
    else
        notify_transfer_free(t);
    return err;
}

enum nh_err
notify_transfer_post(struct notify_transfer *t)
{
    curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.len);
    curl_easy_setopt(
        t->easy, CURLOPT_POSTFIELDS, t->body.len > 0 ? (const char *)t->body.data : "");
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    return go(t);
}

enum nh_err
notify_transfer_mail(struct notify_transfer *t, const char *from, const char *to)
{
    t->mail = true;
    add(t, &t->rcpt, to);
    curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(t->easy, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
    curl_easy_setopt(t->easy, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(t->easy, CURLOPT_MAIL_RCPT, t->rcpt);
    curl_easy_setopt(t->easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(t->easy, CURLOPT_READFUNCTION, on_transfer_read);
    curl_easy_setopt(t->easy, CURLOPT_READDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->body.len);
    return go(t);
}

void
notify_transfer_cancel(struct notify_job *job)
{
    struct notify_transfer *t = job->state;

    if (t == NULL)
        return;
    nh_curl_cancel(job->curl, t->easy);
    notify_transfer_free(t);
    job->state = NULL;
}
