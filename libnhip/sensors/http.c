/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http.c - sensor "http": a web service's answer, its phases and its certificate
 *
 * libcurl's multi interface on the loop (curl_loop.h): one for all probes, made with the
 * first one and taken down with the last. Each round is a new connection, or there would
 * be no phases to measure:
 *
 *   dns_ms | connect_ms | tls_ms | request | first_byte_ms | body        total_ms: all
 *
 * The service is up when the answer came whole within the timeout, its status is the
 * expected one (0: any from 200 to 399; redirects are answers, not followed) and the
 * expected text is in the first 256 KiB of its body, which is as much as is fetched. A
 * certificate that does not hold is down, as for a user.
 */
#include "libnhip/clock.h"
#include "libnhip/curl_loop.h"
#include "libnhip/sensors/service.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 256 * 1024, DAY_S = 86400 };

struct http_shared {
    struct nh_sensor_host *host; /* borrowed; its `http` is this */
    struct nh_curl *curl;
    unsigned users;
};

struct nh_probe {
    const struct nh_probe_context *ctx; /* borrowed */
    struct http_shared *shared;
    struct service_settings set;
    char url[NH_PARAM_MAX], text[NH_PARAM_MAX], ca_file[SERVICE_NAME_MAX];
    long expect_status;
    CURL *easy; /* while a round is under way */
    struct nh_transfer transfer;
    size_t body_len;
    bool found, full;        /* the text was there; more than BODY_MAX came */
    char tail[NH_PARAM_MAX]; /* the end of what came, shorter than the text */
    size_t tail_len;
};

/* Look for the text in what came, with the end of what came before. */
static void
search(struct nh_probe *p, const char *bytes, size_t len)
{
    size_t want = strlen(p->text), keep, use;
    char seam[2 * NH_PARAM_MAX];

    if (p->found || want == 0)
        return;
    if (memmem(bytes, len, p->text, want) != NULL) {
        p->found = true;
        return;
    }
    use = len < want ? len : want - 1;
    memcpy(seam, p->tail, p->tail_len);
    memcpy(seam + p->tail_len, bytes, use);
    p->found = memmem(seam, p->tail_len + use, p->text, want) != NULL;
    keep = want - 1 < p->tail_len + use ? want - 1 : p->tail_len + use;
    if (len >= keep)
        memcpy(p->tail, bytes + len - keep, keep);
    else
        memmove(p->tail, seam + p->tail_len + use - keep, keep);
    p->tail_len = keep;
}

static size_t
on_http_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct nh_probe *p = arg;
    size_t len = size * count, room = BODY_MAX - p->body_len;

    search(p, bytes, len < room ? len : room);
    p->body_len += len < room ? len : room;
    p->full = len > room;
    return p->full ? 0 : len; /* 0 ends the transfer */
}

/* Days until the server's own certificate runs out. */
static bool
cert_days(CURL *easy, double *days)
{
    struct curl_certinfo *info = NULL;

    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL ||
        info->num_of_certs < 1)
        return false;
    for (struct curl_slist *l = info->certinfo[0]; l != NULL; l = l->next) {
        static const char key[] = "Expire date:";
        time_t end;

        if (strncmp(l->data, key, sizeof(key) - 1) != 0)
            continue;
        end = curl_getdate(l->data + sizeof(key) - 1, NULL);
        if (end == (time_t)-1)
            return false;
        *days = ((double)end - (double)nh_clock_wall_ms() / 1000) / DAY_S;
        return true;
    }
    return false;
}

static void
put_phase(struct nh_reading *r, const struct nh_kind *kind, int metric,
    curl_off_t from_us, curl_off_t to_us)
{
    if (to_us > 0 && to_us >= from_us)
        nh_reading_put(r, kind, metric, (double)(to_us - from_us) / 1e3);
}

static void
put_phases(struct nh_reading *r, const struct nh_kind *kind, CURL *easy)
{
    curl_off_t dns = 0, connected = 0, tls = 0, asked = 0, first = 0, total = 0;

    curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &dns);
    curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connected);
    curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &tls);
    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &asked);
    curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &total);
    put_phase(r, kind, NH_SERVICE_DNS, 0, dns);
    put_phase(r, kind, NH_SERVICE_CONNECT, dns, connected);
    put_phase(r, kind, NH_SERVICE_TLS, connected, tls);
    put_phase(r, kind, NH_SERVICE_FIRST_BYTE, asked, first);
    if (first > 0)
        put_phase(r, kind, NH_SERVICE_TOTAL, 0, total);
}

static bool
is_expected(const struct nh_probe *p, long status)
{
    if (p->expect_status == 0 ? status < 200 || status > 399 : status != p->expect_status)
        return false;
    return p->text[0] == '\0' || p->found;
}

static void
drop_easy(struct nh_probe *p)
{
    if (p->easy == NULL)
        return;
    nh_curl_cancel(p->shared->curl, p->easy);
    curl_easy_cleanup(p->easy);
    p->easy = NULL;
}

static void
finish(struct nh_probe *p, CURLcode code)
{
    const struct nh_kind *kind = p->ctx->kind;
    struct nh_reading r = { 0 };
    bool whole = code == CURLE_OK || (code == CURLE_WRITE_ERROR && p->full);
    long status = 0;
    double days;
    char why[128];

    if (code == CURLE_INTERFACE_FAILED || code == CURLE_OUT_OF_MEMORY ||
        code == CURLE_SSL_CACERT_BADFILE) {
        snprintf(why, sizeof(why), "%s%s%s", curl_easy_strerror(code),
            *p->set.interface ? ": interface " : "", p->set.interface);
        drop_easy(p);
        p->ctx->done(p->ctx->done_arg, NULL, why);
        return;
    }
    curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
    nh_reading_put(&r, kind, NH_SERVICE_UP, whole && is_expected(p, status));
    put_phases(&r, kind, p->easy);
    if (status > 0)
        nh_reading_put(&r, kind, NH_SERVICE_STATUS, (double)status);
    if (cert_days(p->easy, &days))
        nh_reading_put(&r, kind, NH_SERVICE_CERT_DAYS, days);
    drop_easy(p);
    p->ctx->done(p->ctx->done_arg, &r, NULL);
}

static void
on_http_end(void *arg, int code)
{
    finish(arg, (CURLcode)code);
}

static void
leave_shared(struct http_shared *sh)
{
    if (sh->users > 0)
        return;
    sh->host->http = NULL;
    nh_curl_free(sh->curl);
    free(sh);
}

static struct http_shared *
use_shared(struct nh_sensor_host *host)
{
    struct http_shared *sh = host->http;

    if (sh != NULL)
        return sh;
    sh = calloc(1, sizeof(*sh));
    if (sh == NULL || nh_curl_new(&sh->curl, host->base) != NH_OK) {
        free(sh);
        return NULL;
    }
    sh->host = host;
    host->http = sh;
    return sh;
}

static void
set_options(struct nh_probe *p, CURL *easy, long timeout_ms)
{
    char interface[IF_NAMESIZE + 4];

    curl_easy_setopt(easy, CURLOPT_URL, p->url);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* the service itself, no proxy's copy */
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "nhip/" NHIP_VERSION);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_http_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, p);
    if (p->ca_file[0] != '\0')
        curl_easy_setopt(easy, CURLOPT_CAINFO, p->ca_file);
    if (p->set.interface[0] != '\0') {
        snprintf(interface, sizeof(interface), "if!%s", p->set.interface);
        curl_easy_setopt(easy, CURLOPT_INTERFACE, interface);
    }
}

static void
http_start(struct nh_probe *p, uint32_t span_ms)
{
    p->body_len = p->tail_len = 0;
    p->found = p->full = false;
    p->easy = curl_easy_init();
    if (p->easy == NULL) {
        p->ctx->done(p->ctx->done_arg, NULL, "out of memory");
        return;
    }
    set_options(p, p->easy, service_timeout(&p->set, span_ms));
    p->transfer = (struct nh_transfer){ on_http_end, p };
    if (nh_curl_start(p->shared->curl, p->easy, &p->transfer) != NH_OK) {
        curl_easy_cleanup(p->easy);
        p->easy = NULL;
        p->ctx->done(p->ctx->done_arg, NULL, "out of memory");
    }
}

static void
http_close(struct nh_probe *p)
{
    if (p == NULL)
        return;
    drop_easy(p);
    p->shared->users--;
    leave_shared(p->shared);
    free(p);
}

static bool
read_params(struct nh_probe *p, const char *params, char why[128])
{
    if (!nh_param_get(params, "url", p->url, sizeof(p->url)) ||
        (strncmp(p->url, "http://", 7) != 0 && strncmp(p->url, "https://", 8) != 0)) {
        snprintf(why, 128, "url: not http:// or https://");
        return false;
    }
    nh_param_get(params, "expect_text", p->text, sizeof(p->text));
    nh_param_get(params, "ca_file", p->ca_file, sizeof(p->ca_file));
    return service_settings(&p->set, params, why) &&
           nh_param_number(params, "expect_status", 0, 999, 0, &p->expect_status, why);
}

static enum nh_err
http_open(struct nh_probe **out, const struct nh_probe_context *ctx, char why[128])
{
    struct nh_probe *p = calloc(1, sizeof(*p));

    *out = NULL;
    if (p == NULL)
        return NH_ENOMEM;
    p->ctx = ctx;
    if (!read_params(p, ctx->assignment->params, why)) {
        free(p);
        return NH_EINVAL;
    }
    p->shared = use_shared(ctx->host);
    if (p->shared == NULL) {
        free(p);
        return NH_ENOMEM;
    }
    p->shared->users++;
    *out = p;
    return NH_OK;
}

static const char *const http_kinds[] = { "service", NULL };
static const struct nh_param http_params[] = {
    { "url", true, "http:// or https:// address" },
    { "expect_status", false, "the status that is up; 0 is any from 200 to 399 [0]" },
    { "expect_text", false, "has to be in the first 256 KiB of the answer" },
    { "ca_file", false, "certificates to trust instead of the system's" },
    { "interface", false, "connect by this interface" },
    { "timeout_ms", false, "later than this is down [5000]" },
    { "slow_ms", false, "for the judge; not looked at here" },
    { NULL, false, NULL },
};

const struct nh_sensor nh_sensor_http = {
    .name = "http",
    .kinds = http_kinds,
    .params = http_params,
    .open = http_open,
    .start = http_start,
    .close = http_close,
};
