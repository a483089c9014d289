/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * notifier.h - a way of telling someone: what outbox.c gives it and gets back
 *
 * A notifier is a file here and a row of table.h. It makes one try of one message, on the
 * loop, and never waits. The message's key goes with it in the way's own form, so that
 * what had to be sent again can be known as the same.
 */
#ifndef NOTIFIER_H
#define NOTIFIER_H

#include "collector/incidents.h"

struct event_base;
struct nh_curl;

enum notify_end {
    NOTIFY_SENT,
    NOTIFY_AGAIN,   /* not now: try again later */
    NOTIFY_REFUSED, /* never by this way */
};

struct notify_job { /* one try; outbox.c's, as long as it is under way */
    const struct outbox_row *row;
    const struct inventory *inv;
    const struct inv_contact *to;
    const char *link; /* to acknowledge without login; "" none */
    /* For a way that tells by incident: those that the message is about, as they stand;
     * none: it is about none. */
    const struct incident *incidents;
    size_t incident_count;
    int64_t now_ms;
    struct event_base *base;
    struct nh_curl *curl;
    void *state; /* the notifier's own: gone when `ended` is called */
    /* Exactly once per start that was NH_OK; `why` in words, lent. */
    void (*ended)(struct notify_job *job, enum notify_end end, const char *why);
};

struct notifier {
    const char *name;
    /* May a message whose end nobody knows (we died while it was under way) go this way
     * again? Yes where the receiver can tell by the key. */
    bool again_if_unclear;
    bool by_incident; /* it has no use for one text about many */
    bool (*serves)(const struct inventory *inv, const struct inv_contact *to);
    enum nh_err (*start)(struct notify_job *job, char why[128]);
    void (*cancel)(struct notify_job *job);
};

/* The rows of table.h, ended by NULL, in the order in which a message falls from one to
 * the next; notify_find: NULL when there is none. */
extern const struct notifier *const notifiers[];
const struct notifier *notify_find(const char *name);

/* shared.c: what the ways have in common */

/* Split by spaces, putting in %n (number), %t (text), %k (key); no shell. False: too many
 * words, or none. *has_text: %t was there. */
bool notify_words(const char *command, const char *number, const char *text,
    const char *key, struct nh_buf *store, char *argv[], size_t max, bool *has_text);
bool notify_is_number(const char *number); /* "+84912345678" */
/* The message as a JSON object: body "generic" of webhook.c, and a command's input. */
void notify_json(const struct notify_job *job, struct nh_buf *out);
/* Text with the link under it. */
void notify_text(const struct notify_job *job, struct nh_buf *out);

/* A transfer of curl's with what it sends and the beginning of what comes back. */
struct notify_transfer;
enum nh_err notify_transfer_new(
    struct notify_transfer **out, struct notify_job *job, const char *url) NH_MUST_CHECK;
struct nh_buf *notify_transfer_body(struct notify_transfer *t);
void notify_transfer_header(struct notify_transfer *t, const char *line);
enum nh_err notify_transfer_post(struct notify_transfer *t) NH_MUST_CHECK;
enum nh_err notify_transfer_mail(
    struct notify_transfer *t, const char *from, const char *to) NH_MUST_CHECK;
void notify_transfer_cancel(struct notify_job *job);
void notify_transfer_free(struct notify_transfer *t);

#endif
