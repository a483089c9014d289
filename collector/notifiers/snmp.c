/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp.c - notifier "snmp": notifications of NHIP-MIB to a management system
 *
 * Each incident that the message is about is told by a notification of its own, one after
 * the other: as an inform it has left when the receiver has acknowledged it (RFC 3416
 * section 4.2.7), as a trap when it is on the wire. Objects are those of the incident as
 * it stands now: a system that was away is told the truth. nhipNoticeKey is the message's
 * key, so that what comes again can be known as the same.
 *
 * A complaint of the receiver (wrong key, unknown user) is no refusal: SNMPv3's reports
 * prove nothing of who has sent them, so the message is tried again.
 */
#include "collector/notifiers/notifier.h"
#include "libnhip/snmp_credentials.h"
#include "mibs/columns.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_INCIDENT(COLUMN_ID) COLUMNS_LINK(COLUMN_ID) COLUMNS_NOTICE(COLUMN_ID) };

enum {
    INFORM_MS = 2000, /* of one try of INFORM_RETRIES + 1 */
    INFORM_RETRIES = 2,
    OBJECTS_MAX = 24,
    LINKS_MAX = 12,      /* whose circuits are named: all of it stays within one packet */
    TEXT_MAX = 128 + 1,  /* as the MIB allows */
    CARRIER_ID_MAX = 24, /* so are the index objects' sizes */
    SITE_ID_MAX = 40,
    LINK_NAME_MAX = 24,
};

struct told {
    struct notify_job *job;
    struct nh_snmp *session; /* owned */
    size_t at;               /* of the job's incidents: the one under way */
};

struct notice {
    size_t count;
    struct nh_snmp_var vars[OBJECTS_MAX];
    unsigned long oids[OBJECTS_MAX][NH_OID_MAX];
    char texts[OBJECTS_MAX][TEXT_MAX];
};

static const unsigned long mib_root[] = { NHIP_MIB_ROOT };

/* ---- objects ---- */

/* The next object, its identifier as far as the column; NULL: there is no room. */
static struct nh_snmp_var *
put(struct notice *n, const unsigned long *below, size_t count)
{
    struct nh_snmp_var *v;
    unsigned long *oid;

    if (n->count == OBJECTS_MAX)
        return NULL;
    v = &n->vars[n->count];
    oid = n->oids[n->count++];
    memcpy(oid, mib_root, sizeof(mib_root));
    memcpy(oid + NH_COUNT(mib_root), below, count * sizeof(*below));
    *v = (struct nh_snmp_var){ .oid = oid, .oid_len = NH_COUNT(mib_root) + count };
    return v;
}

static void
set_bytes(struct notice *n, struct nh_snmp_var *v, const void *bytes, size_t len)
{
    char *text = n->texts[v - n->vars];

    memcpy(text, bytes, len);
    v->type = NH_SNMP_BYTES;
    v->bytes = text;
    v->bytes_len = len;
}

static void
set_text(struct notice *n, struct nh_snmp_var *v, const char *text)
{
    const struct nh_snmp_var whole = {
        .type = NH_SNMP_BYTES, .bytes = text, .bytes_len = strlen(text)
    };
    char cut[TEXT_MAX];

    nh_snmp_text(&whole, cut, sizeof(cut));
    set_bytes(n, v, cut, strlen(cut));
}

static struct nh_snmp_var *
put_incident(struct notice *n, const struct incident *in, int column)
{
    const unsigned long below[] = { 1, TABLE_INCIDENT, 1, (unsigned long)column,
        in->number };

    return put(n, below, NH_COUNT(below));
}

static void
put_number(struct notice *n, const struct incident *in, int column, int64_t number)
{
    struct nh_snmp_var *v = put_incident(n, in, column);

    if (v == NULL)
        return;
    v->type = NH_SNMP_SIGNED;
    v->number = number;
}

static void
put_gauge(struct notice *n, const struct incident *in, int column, size_t number)
{
    struct nh_snmp_var *v = put_incident(n, in, column);

    if (v == NULL)
        return;
    v->type = NH_SNMP_UNSIGNED;
    v->unsigned_number = number;
}

static void
put_date(struct notice *n, const struct incident *in, int column, int64_t wall_ms)
{
    uint8_t date[NH_SNMP_DATE_LEN];
    struct nh_snmp_var *v;

    if (wall_ms <= 0 || !nh_snmp_date(wall_ms / 1000, date))
        return;
    v = put_incident(n, in, column);
    if (v != NULL)
        set_bytes(n, v, date, sizeof(date));
}

static void
put_text(struct notice *n, const struct incident *in, int column, const char *text)
{
    struct nh_snmp_var *v = put_incident(n, in, column);

    if (v != NULL)
        set_text(n, v, text);
}

static void
put_notice(struct notice *n, int column, const char *text)
{
    const unsigned long below[] = { 1, NOTICE_ARC, (unsigned long)column, 0 };
    struct nh_snmp_var *v = put(n, below, NH_COUNT(below));

    if (v != NULL)
        set_text(n, v, text);
}

static size_t
put_index(unsigned long *below, size_t at, const char *text)
{
    below[at++] = strlen(text);
    for (; *text != '\0'; text++)
        below[at++] = (unsigned char)*text;
    return at;
}

/* nhipLinkCircuit of a link that has a row in the MIB. */
static void
put_circuit(struct notice *n, const struct inv_link *l)
{
    unsigned long below[4 + 3 + CARRIER_ID_MAX + SITE_ID_MAX + LINK_NAME_MAX] = { 1,
        TABLE_LINK, 1, COLUMN_LINK_CIRCUIT };
    const char *site = l->site != NULL ? l->site->id : "centre";
    struct nh_snmp_var *v;
    size_t at = 4;

    if (*l->circuit == '\0' || strlen(l->carrier->id) > CARRIER_ID_MAX ||
        strlen(site) > SITE_ID_MAX || strlen(l->name) > LINK_NAME_MAX)
        return;
    at = put_index(below, at, l->carrier->id);
    at = put_index(below, at, site);
    at = put_index(below, at, l->name);
    v = put(n, below, at);
    if (v != NULL)
        set_text(n, v, l->circuit);
}

static bool
is_among(struct inv_contact *const *contacts, size_t count, const struct inv_contact *to)
{
    for (size_t i = 0; i < count; i++)
        if (contacts[i] == to)
            return true;
    return false;
}

/* A carrier's system hears of that carrier's circuits, whoever answers for the incident
 * by now: it is told of each that it was told of once. */
static bool
may_know(const struct inventory *inv, const struct inv_contact *to,
    const struct inv_carrier *carrier)
{
    bool of_a_carrier = false;

    for (size_t i = 0; i < inv->carrier_count && !of_a_carrier; i++)
        of_a_carrier = is_among(inv->carriers[i].tell, inv->carriers[i].tell_count, to);
    return !of_a_carrier || is_among(carrier->tell, carrier->tell_count, to) ||
           is_among(inv->centre.tell, inv->centre.tell_count, to);
}

/* What a carrier answers for is told with its own circuits alone. */
static void
put_circuits(struct notice *n, const struct inventory *inv, const struct inv_contact *to,
    const struct incident *in)
{
    const char *carrier = strncmp(in->party, "carrier:", 8) == 0 ? in->party + 8 : NULL;
    size_t count = 0;

    for (size_t i = 0; i < in->link_count && count < LINKS_MAX; i++) {
        const struct inv_link *l = inventory_link(inv, in->links[i].id);

        if (l == NULL || (carrier != NULL && strcmp(l->carrier->id, carrier) != 0) ||
            !may_know(inv, to, l->carrier))
            continue;
        put_circuit(n, l);
        count++;
    }
}

static enum notification
fill(struct notice *n, const struct notify_job *job, const struct incident *in)
{
    static const enum notification kinds[MESSAGE_ABOUTS] = {
        [MESSAGE_OPENED] = NOTIFY_OPENED,
        [MESSAGE_REVISED] = NOTIFY_REVISED,
        [MESSAGE_CLOSED] = NOTIFY_CLOSED,
        [MESSAGE_ESCALATED] = NOTIFY_ESCALATED,
        [MESSAGE_MEETING] = NOTIFY_MEETING,
    };

    if (in == NULL) {
        put_notice(n, COLUMN_NOTICE_TEXT, job->row->subject);
        put_notice(n, COLUMN_NOTICE_KEY, job->row->key);
        return kinds[MESSAGE_MEETING];
    }
    put_text(n, in, COLUMN_INCIDENT_TITLE, in->title_en != NULL ? in->title_en : "");
    put_number(n, in, COLUMN_INCIDENT_KIND, (int64_t)in->kind + 1);
    put_number(n, in, COLUMN_INCIDENT_CAUSE, (int64_t)in->cause + 1);
    put_text(n, in, COLUMN_INCIDENT_PARTY, in->party);
    put_number(n, in, COLUMN_INCIDENT_CONFIDENCE, (int64_t)in->confidence + 1);
    put_date(n, in, COLUMN_INCIDENT_STARTED, in->started_ms);
    put_date(n, in, COLUMN_INCIDENT_CLOSED, in->closed_ms);
    put_gauge(n, in, COLUMN_INCIDENT_REVISION, in->revision);
    put_gauge(n, in, COLUMN_INCIDENT_LINKS, in->link_count);
    put_notice(n, COLUMN_NOTICE_KEY, job->row->key);
    put_circuits(n, job->inv, job->to, in);
    return kinds[job->row->about];
}

/* ---- one after the other ---- */

static void on_told(void *arg, struct nh_snmp_answer *a);

static enum nh_err
tell(struct told *t)
{
    const struct notify_job *job = t->job;
    const struct incident *in = job->incident_count > 0 ? &job->incidents[t->at] : NULL;
    unsigned long trap[NH_COUNT(mib_root) + 2];
    struct notice *n = calloc(1, sizeof(*n));
    enum nh_err err;

    if (n == NULL)
        return NH_ENOMEM;
    memcpy(trap, mib_root, sizeof(mib_root));
    trap[NH_COUNT(mib_root)] = 0;
    trap[NH_COUNT(mib_root) + 1] = (unsigned long)fill(n, job, in);
    err = nh_snmp_tell(t->session, !job->to->snmp_trap, trap, NH_COUNT(trap), n->vars,
        n->count, on_told, t);
    free(n);
    return err;
}

static void
finish(struct told *t, enum notify_end end, const char *why)
{
    struct notify_job *job = t->job;

    nh_snmp_close(t->session);
    free(t);
    job->state = NULL;
    job->ended(job, end, why);
}

static void
on_told(void *arg, struct nh_snmp_answer *a)
{
    struct told *t = arg;
    enum nh_err err;

    if (a->result != NH_SNMP_OK) {
        finish(t, NOTIFY_AGAIN, nh_snmp_words(a->result));
        return;
    }
    if (++t->at >= t->job->incident_count) {
        finish(t, NOTIFY_SENT, "");
        return;
    }
    err = tell(t);
    if (err != NH_OK)
        finish(t, NOTIFY_AGAIN, nh_strerror(err));
}

static bool
serves(const struct inventory *inv, const struct inv_contact *to)
{
    (void)inv;
    return *to->snmp != '\0';
}

/* The secrets are read anew each time, as the user who runs. */
static enum nh_err
read_credential(const struct inv_snmp *s, struct nh_snmp_credential *out, char why[128])
{
    const struct nh_snmp_files files = inventory_snmp_files(s);
    char words[256];
    enum nh_err err = nh_snmp_credential_read(&files, out, words);

    if (err != NH_OK)
        snprintf(why, 128, "snmp \"%.24s\": %.90s", s->id, words);
    return err;
}

static enum nh_err
start(struct notify_job *job, char why[128])
{
    const struct nh_snmp_options options = { .timeout_ms = INFORM_MS,
        .retries = INFORM_RETRIES };
    struct nh_snmp_credential credential;
    struct told *t = calloc(1, sizeof(*t));
    enum nh_err err;

    if (t == NULL)
        return NH_ENOMEM;
    t->job = job;
    if (job->row->incident != 0 && job->incident_count == 0) {
        snprintf(why, 128, "the incident is not in the database any more");
        free(t);
        return NH_EINVAL;
    }
    err = read_credential(job->to->snmp_credential, &credential, why);
    if (err == NH_OK)
        err = nh_snmp_open(
            &t->session, job->base, job->to->snmp, &credential, &options, why);
    nh_snmp_credential_wipe(&credential);
    if (err == NH_OK)
        err = tell(t);
    if (err != NH_OK) {
        nh_snmp_close(t->session);
        free(t);
        return err == NH_ENOMEM ? err : NH_EAGAIN; /* keys may be put right any time */
    }
    job->state = t;
    return NH_OK;
}

static void
cancel(struct notify_job *job)
{
    struct told *t = job->state;

    if (t == NULL)
        return;
    nh_snmp_close(t->session);
    free(t);
    job->state = NULL;
}

const struct notifier notifier_snmp = {
    .name = "snmp",
    .again_if_unclear = true,
    .by_incident = true,
    .serves = serves,
    .start = start,
    .cancel = cancel,
};
