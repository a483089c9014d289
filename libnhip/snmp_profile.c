/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_profile.c - reading profiles, and choosing among them
 *
 * The files of mibs/profiles are compiled in (snmp_profiles_data.c, made by CMake), so
 * that an agent on a router is one file. A test reads each; one that could not be read
 * here would be a mistake of ours and is logged.
 */
#include "libnhip/snmp_profile.h"
#include "libnhip/log.h"
#include "libnhip/snmp_profiles_data.h"
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 256, WORDS_MAX = 12, ROWS_MAX = 256 };

static const char *const metric_names[NH_SNMP_FACTS] = {
    [NH_SNMP_FACT_CPU] = "cpu_pct",
    [NH_SNMP_FACT_MEM_PCT] = "mem_used_pct",
    [NH_SNMP_FACT_MEM_USED] = "mem_used",
    [NH_SNMP_FACT_MEM_FREE] = "mem_free",
    [NH_SNMP_FACT_MEM_TOTAL] = "mem_total",
    [NH_SNMP_FACT_MEM_BUFFERS] = "mem_buffers",
    [NH_SNMP_FACT_MEM_CACHED] = "mem_cached",
    [NH_SNMP_FACT_TEMP] = "temp_c",
    [NH_SNMP_FACT_VOLTAGE] = "voltage_v",
    [NH_SNMP_FACT_RX_POWER] = "rx_power_dbm",
    [NH_SNMP_FACT_ON_BATTERY] = "on_battery",
    [NH_SNMP_FACT_CHARGE] = "charge_pct",
    [NH_SNMP_FACT_RUNTIME] = "runtime_s",
    [NH_SNMP_FACT_INPUT] = "input_v",
};
static const char *const hows[] = { "first", "sum", "average", "highest", "lowest",
    "port" };

struct place {
    const char *file;
    size_t line;
    char *why; /* 256 bytes */
};

static enum nh_err bad(const struct place *at, const char *fmt, ...) NH_PRINTF(2, 3);

static enum nh_err
bad(const struct place *at, const char *fmt, ...)
{
    va_list ap;
    int n = snprintf(at->why, 256, "%.100s:%zu: ", at->file, at->line);

    va_start(ap, fmt);
    vsnprintf(at->why + n, 256 - (size_t)n, fmt, ap);
    va_end(ap);
    return NH_ECONF;
}

const char *
nh_snmp_metric_name(enum nh_snmp_metric_id metric)
{
    return metric_names[metric];
}

static bool
find_word(const char *const *list, size_t count, const char *word, unsigned *out)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(list[i], word) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static bool
read_double(const char *text, double *out)
{
    char *end;

    errno = 0;
    *out = strtod(text, &end);
    return errno == 0 && end != text && *end == '\0' && isfinite(*out);
}

/* A whole number from `least` on. */
static bool
read_whole(const char *text, double least, uint32_t *out)
{
    double n;

    if (!read_double(text, &n) || n < least || n > UINT32_MAX || floor(n) != n)
        return false;
    *out = (uint32_t)n;
    return true;
}

/* C:N */
static bool
read_with(const char *text, struct nh_snmp_profile_row *r)
{
    const char *colon = strchr(text, ':');
    char column[16];

    if (colon == NULL || (size_t)(colon - text) >= sizeof(column))
        return false;
    memcpy(column, text, (size_t)(colon - text));
    column[colon - text] = '\0';
    r->has_with = true;
    return read_whole(column, 0, &r->with_column) && read_double(colon + 1, &r->with);
}

static enum nh_err
read_option(const struct place *at, const char *word, struct nh_snmp_profile_row *r)
{
    bool ok = true;

    if (strcmp(word, "text") == 0) {
        r->text = true;
    } else if (strcmp(word, "mw") == 0) {
        r->mw = true;
    } else if (strncmp(word, "percent=", 8) == 0) {
        ok = read_whole(word + 8, 1, &r->percent);
    } else if (strncmp(word, "with=", 5) == 0) {
        ok = read_with(word + 5, r);
    } else if (*word == 'x') {
        ok = read_double(word + 1, &r->scale);
    } else if (*word == '+' || *word == '-') {
        ok = read_double(word, &r->offset);
    } else if (strncmp(word, "from=", 5) == 0) {
        ok = read_double(word + 5, &r->from);
    } else if (strncmp(word, "to=", 3) == 0) {
        ok = read_double(word + 3, &r->to);
    } else if (strncmp(word, "not=", 4) == 0) {
        ok = read_double(word + 4, &r->never);
        r->has_never = true;
    } else if (strncmp(word, "is=", 3) == 0) {
        ok = read_double(word + 3, &r->is);
        r->has_is = true;
    } else if (strncmp(word, "at=", 3) == 0) {
        ok = read_whole(word + 3, 0, &r->at);
        r->has_at = true;
    } else {
        return bad(at, "there is no option \"%.40s\"", word);
    }
    return ok ? NH_OK : bad(at, "\"%.40s\" is no number", word);
}

static enum nh_err
read_row(const struct place *at, char **words, size_t count, struct nh_snmp_profile *p)
{
    struct nh_snmp_profile_row r = { .scale = 1, .from = -INFINITY, .to = INFINITY };
    struct nh_snmp_profile_row *more;
    const char *column;
    unsigned metric, how;
    enum nh_err err;

    if (p->device.len == 0)
        return bad(at, "a \"device\" line comes first");
    if (!find_word(metric_names, NH_COUNT(metric_names), words[0], &metric))
        return bad(at, "there is no metric \"%.40s\"", words[0]);
    if (count < 3)
        return bad(at, "%s wants a column and how its rows become one", words[0]);
    r.below = strncmp(words[1], "*.", 2) == 0;
    column = words[1] + (r.below ? 2 : 0);
    if (nh_oid_parse(column, &r.column) != NH_OK || r.column.len < 2)
        return bad(at, "\"%.60s\" is no object identifier", words[1]);
    if (!find_word(hows, NH_COUNT(hows), words[2], &how))
        return bad(at, "\"%.40s\" is none of first, sum, average, highest, lowest, port",
            words[2]);
    r.metric = (enum nh_snmp_metric_id)metric;
    r.how = (enum nh_snmp_how)how;
    if ((r.how == NH_SNMP_PORT) != (r.metric == NH_SNMP_FACT_RX_POWER))
        return bad(at, "rx_power_dbm, and it alone, is by port");
    for (size_t i = 3; i < count; i++)
        if ((err = read_option(at, words[i], &r)) != NH_OK)
            return err;
    if (r.how == NH_SNMP_PORT && r.has_with)
        return bad(at, "with= does not go with port");
    if (r.below && r.has_with)
        return bad(at, "with= does not go with *");
    if (p->count == ROWS_MAX)
        return bad(at, "more than %d rows", ROWS_MAX);
    more = realloc(p->rows, (p->count + 1) * sizeof(*more));
    if (more == NULL)
        return NH_ENOMEM;
    p->rows = more;
    p->rows[p->count++] = r;
    return NH_OK;
}

static enum nh_err
read_line(const struct place *at, char *line, struct nh_snmp_profile *p)
{
    char *words[WORDS_MAX], *save = NULL;
    size_t count = 0;

    line[strcspn(line, "#")] = '\0';
    for (char *w = strtok_r(line, " \t\r", &save); w != NULL;
         w = strtok_r(NULL, " \t\r", &save)) {
        if (count == WORDS_MAX)
            return bad(at, "more than %d words", WORDS_MAX);
        words[count++] = w;
    }
    if (count == 0)
        return NH_OK;
    if (strcmp(words[0], "device") != 0)
        return read_row(at, words, count, p);
    if (p->device.len != 0)
        return bad(at, "a second \"device\" line");
    if (count < 3 || nh_oid_parse(words[1], &p->device) != NH_OK)
        return bad(at, "device wants a sysObjectID and a name");
    for (size_t i = 2; i < count; i++) {
        size_t used = strlen(p->name);

        snprintf(
            p->name + used, sizeof(p->name) - used, "%s%s", i > 2 ? " " : "", words[i]);
    }
    return NH_OK;
}

enum nh_err
nh_snmp_profile_parse(struct nh_snmp_profile **list, const char *file, const char *text,
    size_t len, char why[256])
{
    struct nh_snmp_profile *p = calloc(1, sizeof(*p));
    struct place at = { file, 0, why };
    enum nh_err err = NH_OK;

    why[0] = '\0';
    if (p == NULL)
        return NH_ENOMEM;
    while (len > 0 && err == NH_OK) {
        const char *end = memchr(text, '\n', len);
        size_t n = end != NULL ? (size_t)(end - text) : len;
        char line[LINE_MAX_BYTES];

        at.line++;
        if (n >= sizeof(line) || memchr(text, '\0', n) != NULL) {
            err = bad(&at, "the line is too long or no text");
            break;
        }
        memcpy(line, text, n);
        line[n] = '\0';
        err = read_line(&at, line, p);
        n += end != NULL;
        text += n;
        len -= n;
    }
    if (err == NH_OK && p->device.len == 0)
        err = bad(&at, "no \"device\" line");
    if (err != NH_OK) {
        nh_snmp_profile_free(p);
        return err;
    }
    p->next = *list;
    *list = p;
    return NH_OK;
}

void
nh_snmp_profile_free(struct nh_snmp_profile *list)
{
    while (list != NULL) {
        struct nh_snmp_profile *p = list;

        list = p->next;
        free(p->rows);
        free(p);
    }
}

const struct nh_snmp_profile *
nh_snmp_profiles(void)
{
    static struct nh_snmp_profile *list;

    for (size_t i = 0; list == NULL && nh_snmp_profiles_data[i].name != NULL;) {
        struct nh_snmp_profile *read = NULL;
        char why[256];

        for (; nh_snmp_profiles_data[i].name != NULL; i++)
            if (nh_snmp_profile_parse(&read, nh_snmp_profiles_data[i].name,
                    nh_snmp_profiles_data[i].text, nh_snmp_profiles_data[i].len,
                    why) != NH_OK)
                nh_log(NH_LOG_ERROR, "profile left out: %s", why);
        list = read;
    }
    return list;
}

static bool
is_below(const struct nh_oid *prefix, const struct nh_oid *id)
{
    return prefix->len <= id->len &&
           memcmp(prefix->id, id->id, prefix->len * sizeof(id->id[0])) == 0;
}

size_t
nh_snmp_profile_rows(const struct nh_snmp_profile *list, const char *object_id,
    const struct nh_snmp_profile_row **rows, size_t max, const char **name)
{
    struct nh_oid id = { 0 };
    size_t filled = 0;

    *name = "";
    if (nh_oid_parse(object_id, &id) != NH_OK)
        id = (struct nh_oid){ .len = 1, .id = { 1 } }; /* the standard's still apply */
    for (size_t len = id.len; len > 0; len--)
        for (const struct nh_snmp_profile *p = list; p != NULL; p = p->next) {
            if (p->device.len != len || !is_below(&p->device, &id))
                continue;
            if (**name == '\0')
                *name = p->name;
            for (size_t i = 0; i < p->count && filled < max; i++)
                rows[filled++] = &p->rows[i];
        }
    return filled;
}

bool
nh_snmp_profile_column(
    const struct nh_snmp_profile_row *r, const char *object_id, struct nh_oid *out)
{
    struct nh_oid id;

    if (!r->below) {
        *out = r->column;
        return true;
    }
    if (nh_oid_parse(object_id, &id) != NH_OK || id.len + r->column.len > NH_COUNT(id.id))
        return false;
    memcpy(id.id + id.len, r->column.id, r->column.len * sizeof(id.id[0]));
    id.len = (uint16_t)(id.len + r->column.len);
    *out = id;
    return true;
}

struct nh_oid
nh_snmp_profile_beside(const struct nh_snmp_profile_row *r)
{
    struct nh_oid beside = r->column;

    beside.id[beside.len - 1] = r->with_column;
    return beside;
}

/* "5 Secs ( 31.1%)  60 Secs ( 16.7%)": the number before the Kth %. */
static const char *
find_percent(const char *text, uint32_t k)
{
    const char *at = strchr(text, '%');

    while (at != NULL && --k > 0)
        at = strchr(at + 1, '%');
    if (at == NULL)
        return "";
    while (at > text && at[-1] == ' ')
        at--;
    while (at > text && ((at[-1] >= '0' && at[-1] <= '9') || at[-1] == '.'))
        at--;
    return at;
}

static bool
read_text(const struct nh_snmp_profile_row *r, const struct nh_snmp_var *v, double *out)
{
    char text[128], *end;
    const char *from = text;
    size_t len = v->bytes_len < sizeof(text) - 1 ? v->bytes_len : sizeof(text) - 1;

    memcpy(text, v->bytes, len);
    text[len] = '\0';
    if (r->percent > 0)
        from = find_percent(text, r->percent);
    *out = strtod(from, &end);
    return end != from && isfinite(*out);
}

bool
nh_snmp_profile_value(
    const struct nh_snmp_profile_row *r, const struct nh_snmp_var *v, double *out)
{
    bool reads_text = (r->text || r->percent > 0) && v->type == NH_SNMP_BYTES;
    double n;

    if (!(reads_text ? read_text(r, v, &n) : nh_snmp_number(v, &n)))
        return false;
    if (!(n >= r->from && n <= r->to) || (r->has_never && n == r->never))
        return false;
    if (r->mw && (n == 0 || r->scale <= 0))
        return false; /* no light has no logarithm */
    if (r->mw)
        *out = n < 0 ? n : 10 * log10(n * r->scale);
    else
        *out = r->has_is ? (n == r->is ? 1.0 : 0.0) : n * r->scale + r->offset;
    return true;
}
