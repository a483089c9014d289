/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sms.c - notifier "sms": a text message by a command or by a gateway's URL
 *
 * The text goes out in the default alphabet, in at most two messages. `sms_command` is
 * split by spaces and run without a shell; the text is its input unless %t stands in it.
 * `sms_url` gets %n, %t and %k percent-encoded; without %t a form with number, text and
 * id is posted. A modem cannot tell a message that it had before: when nobody knows
 * whether one left, it goes by the contact's next way, and by this one again only where
 * there is no other.
 */
#include "collector/notifiers/process.h"
#include "libnhip/gsm7.h"
#include "libnhip/process.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { SMS_PARTS = 2 };

/* Which transport the job under way has is seen by the inventory's one key that is set.
 */
static bool
by_command(const struct inventory *inv)
{
    return *inv->alerts.sms_command != '\0';
}

static bool
serves(const struct inventory *inv, const struct inv_contact *to)
{
    return *to->sms != '\0' && (by_command(inv) || *inv->alerts.sms_url != '\0');
}

static void
put_encoded(struct nh_buf *out, const char *s)
{
    for (; *s != '\0'; s++)
        if (isalnum((unsigned char)*s) || strchr("-_.~", *s) != NULL)
            nh_buf_put_u8(out, (uint8_t)*s);
        else
            nh_buf_printf(out, "%%%02X", (unsigned)(unsigned char)*s);
}

/* True: %t was there, and the text stands in the URL. */
static bool
put_url(struct nh_buf *out, const char *url, const char *number, const char *text,
    const char *key)
{
    bool has_text = false;

    for (; *url != '\0'; url++) {
        const char *in = url[0] != '%'   ? NULL
                         : url[1] == 'n' ? number
                         : url[1] == 't' ? text
                         : url[1] == 'k' ? key
                                         : NULL;

        if (in != NULL) {
            put_encoded(out, in);
            has_text |= url[1] == 't';
            url++;
        } else {
            nh_buf_put_u8(out, (uint8_t)*url);
        }
    }
    nh_buf_put_u8(out, 0);
    return has_text;
}

static enum nh_err
start_url(struct notify_job *job, const char *text)
{
    struct notify_transfer *t = NULL;
    struct nh_buf url, *body;
    enum nh_err err;
    bool has_text;

    nh_buf_init(&url, 16 << 10);
    has_text = put_url(&url, job->inv->alerts.sms_url, job->to->sms, text, job->row->key);
    err = nh_buf_err(&url);
    if (err == NH_OK)
        err = notify_transfer_new(&t, job, (const char *)url.data);
    nh_buf_fini(&url);
    if (err != NH_OK)
        return err;
    body = notify_transfer_body(t);
    if (!has_text) {
        nh_buf_printf(body, "number=");
        put_encoded(body, job->to->sms);
        nh_buf_printf(body, "&text=");
        put_encoded(body, text);
        nh_buf_printf(body, "&id=");
        put_encoded(body, job->row->key);
    }
    return notify_transfer_post(t);
}

static enum nh_err
start_command(struct notify_job *job, const char *text, char why[128])
{
    char *argv[NH_PROCESS_ARGS_MAX];
    struct nh_buf store;
    enum nh_err err = NH_EINVAL;
    bool has_text;

    nh_buf_init(&store, 64 << 10);
    if (notify_words(job->inv->alerts.sms_command, job->to->sms, text, job->row->key,
            &store, argv, NH_PROCESS_ARGS_MAX, &has_text))
        err = notify_program(
            job, argv, nh_slice_of(text, has_text ? 0 : strlen(text)), why);
    else
        snprintf(why, 128, "'sms_command' has no words or too many");
    nh_buf_fini(&store);
    return err;
}

static enum nh_err
start(struct notify_job *job, char why[128])
{
    struct nh_buf plain, text;
    enum nh_err err;

    if (!notify_is_number(job->to->sms)) {
        snprintf(why, 128, "no telephone number: %.60s", job->to->sms);
        return NH_EINVAL;
    }
    nh_buf_init(&plain, 16 << 10);
    nh_buf_init(&text, 16 << 10);
    nh_gsm7_plain(job->row->sms, &plain);
    nh_buf_put_u8(&plain, 0);
    err = nh_buf_err(&plain);
    if (err == NH_OK) {
        nh_sms_fit((const char *)plain.data, SMS_PARTS, &text);
        nh_buf_put_u8(&text, 0);
        err = nh_buf_err(&text);
    }
    if (err == NH_OK)
        err = by_command(job->inv) ? start_command(job, (const char *)text.data, why)
                                   : start_url(job, (const char *)text.data);
    nh_buf_fini(&plain);
    nh_buf_fini(&text);
    return err;
}

static void
cancel(struct notify_job *job)
{
    if (by_command(job->inv))
        notify_program_cancel(job);
    else
        notify_transfer_cancel(job);
}

const struct notifier notifier_sms = {
    .name = "sms",
    .again_if_unclear = false,
    .serves = serves,
    .start = start,
    .cancel = cancel,
};
