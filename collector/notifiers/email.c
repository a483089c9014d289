/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * email.c - notifier "email": one letter to the mail server of `alerts { smtp }`
 *
 * The letters of one incident are one thread: all refer to <sc-NUMBER.PROVINCE@DOMAIN>,
 * which no letter has as its own id (RFC 5256 threads by what is referred to, whether it
 * is there or not). A letter's own Message-ID follows from the message's key, so that one
 * that was sent again is the same letter. RFC 5322, 2047 (subject), 2045 (body,
 * quoted-printable), 2919 (List-Id), 3834 (Auto-Submitted).
 */
#include "collector/notifiers/notifier.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static bool
serves(const struct inventory *inv, const struct inv_contact *to)
{
    return *inv->alerts.smtp != '\0' && *inv->alerts.from != '\0' && *to->email != '\0';
}

/* Nothing that would end a header line or an address. */
static bool
is_address(const char *s)
{
    const char *at = strchr(s, '@');

    for (const char *p = s; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || *p == '<' || *p == '>' || *p == 0x7f)
            return false;
    return at != NULL && at != s && at[1] != '\0';
}

/* Bytes of the character at `s`. */
static size_t
character(const char *s)
{
    size_t n = 1;

    while (((unsigned char)s[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* RFC 2047: lines of at most 76 characters, no character parted. */
static void
put_subject(struct nh_buf *out, const char *s)
{
    enum { LINE_MAX_CHARS = 76, AROUND = 12 /* of a word */, NAME = 9 };
    int room = 0;

    nh_buf_printf(out, "Subject: ");
    for (bool first = true; *s != '\0'; first = false) {
        size_t len = character(s);
        int need = 0;

        for (size_t i = 0; i < len; i++)
            need += (unsigned char)s[i] < 0x80 &&
                            strchr("=?_\"(),.:;<>@[\\]", s[i]) == NULL &&
                            (unsigned char)s[i] >= ' '
                        ? 1
                        : 3;
        if (need > room) {
            nh_buf_printf(out, "%s=?UTF-8?Q?", first ? "" : "?=\r\n ");
            room = LINE_MAX_CHARS - AROUND - (first ? NAME : 1);
        }
        for (size_t i = 0; i < len; i++, s++)
            if (*s == ' ')
                nh_buf_put_u8(out, '_');
            else if (need == 1)
                nh_buf_put_u8(out, (uint8_t)*s);
            else
                nh_buf_printf(out, "=%02X", (unsigned)(unsigned char)*s);
        room -= need;
    }
    nh_buf_printf(out, "?=\r\n");
}

/* RFC 2045: lines of at most 76 characters, cut softly between characters. */
static void
put_quoted(struct nh_buf *out, const char *s)
{
    int column = 0;

    while (*s != '\0') {
        size_t len = character(s);
        bool plain = len == 1 && *s >= ' ' && *s < 0x7f && *s != '=' &&
                     !(*s == ' ' && (s[1] == '\n' || s[1] == '\0'));
        int need = plain ? 1 : 3 * (int)len;

        if (*s == '\n') {
            nh_buf_printf(out, "\r\n");
            column = 0;
            s++;
            continue;
        }
        if (column + need > 75) {
            nh_buf_printf(out, "=\r\n");
            column = 0;
        }
        if (column == 0 && *s == '.') { /* no line begins with a dot */
            plain = false;
            need = 3;
        }
        for (size_t i = 0; i < len; i++, s++)
            nh_buf_printf(out, plain ? "%c" : "=%02X", (unsigned)(unsigned char)*s);
        column += need;
    }
    nh_buf_printf(out, "\r\n");
}

/* The key as the left part of a Message-ID. */
static void
put_id(struct nh_buf *out, const char *key)
{
    for (; *key != '\0'; key++)
        if ((*key >= '0' && *key <= '9') || (*key >= 'a' && *key <= 'z') ||
            (*key >= 'A' && *key <= 'Z') || *key == '-')
            nh_buf_put_u8(out, (uint8_t)*key);
        else
            nh_buf_printf(out, "_%02x", (unsigned)(unsigned char)*key);
}

static void
put_date(struct nh_buf *out, int64_t at_ms)
{
    static const char days[] = "SunMonTueWedThuFriSat",
                      months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t t = (time_t)(at_ms / 1000);
    struct tm tm = { 0 };

    gmtime_r(&t, &tm);
    nh_buf_printf(out, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d +0000\r\n",
        days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900,
        tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void
put_letter(struct nh_buf *out, const struct notify_job *job)
{
    const char *from = job->inv->alerts.from, *domain = strchr(from, '@') + 1;
    unsigned long number = job->row->incident;
    struct nh_buf text;

    nh_buf_printf(out, "From: Nhip <%s>\r\nTo: <%s>\r\n", from, job->to->email);
    put_date(out, job->row->at_ms);
    put_subject(out, job->row->subject);
    nh_buf_printf(out, "Message-ID: <");
    put_id(out, job->row->key);
    nh_buf_printf(out, ".%s@%s>\r\n", job->inv->id, domain);
    if (number != 0) { /* the thread of its incident */
        nh_buf_printf(
            out, "In-Reply-To: <sc-%lu.%s@%s>\r\n", number, job->inv->id, domain);
        nh_buf_printf(
            out, "References: <sc-%lu.%s@%s>\r\n", number, job->inv->id, domain);
        nh_buf_printf(out, "X-Nhip-Incident: SC-%04lu\r\n", number);
    }
    nh_buf_printf(out, "List-Id: <nhip.%s.%s>\r\n", job->inv->id, domain);
    nh_buf_printf(
        out, "Auto-Submitted: auto-generated\r\nX-Nhip-Key: %s\r\n", job->row->key);
    nh_buf_printf(out, "MIME-Version: 1.0\r\n");
    nh_buf_printf(out, "Content-Type: text/plain; charset=UTF-8\r\n"
                       "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
    nh_buf_init(&text, out->max);
    notify_text(job, &text);
    nh_buf_put_u8(&text, 0);
    if (nh_buf_err(&text) == NH_OK)
        put_quoted(out, (const char *)text.data);
    else
        out->err = NH_ENOMEM;
    nh_buf_fini(&text);
}

static enum nh_err
start(struct notify_job *job, char why[128])
{
    struct notify_transfer *t;
    enum nh_err err;

    if (!is_address(job->inv->alerts.from) || !is_address(job->to->email)) {
        snprintf(why, 128, "no mail address: %.90s",
            is_address(job->to->email) ? job->inv->alerts.from : job->to->email);
        return NH_EINVAL;
    }
    err = notify_transfer_new(&t, job, job->inv->alerts.smtp);
    if (err != NH_OK)
        return err;
    put_letter(notify_transfer_body(t), job);
    return notify_transfer_mail(t, job->inv->alerts.from, job->to->email);
}

const struct notifier notifier_email = {
    .name = "email",
    .again_if_unclear = true,
    .serves = serves,
    .start = start,
    .cancel = notify_transfer_cancel,
};
