/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shared.c - the table of notifiers, and what they have in common */
#include "collector/notifiers/notifier.h"
#include "collector/notifiers/table.h"
#include "libnhip/replay_line.h"
#include "libnhip/text.h"
#include <string.h>

#define DECLARE(name) extern const struct notifier notifier_##name;
NOTIFIERS(DECLARE)
#define ROW(name) &notifier_##name,
const struct notifier *const notifiers[] = { NOTIFIERS(ROW) NULL };

const struct notifier *
notify_find(const char *name)
{
    for (size_t i = 0; notifiers[i] != NULL; i++)
        if (strcmp(notifiers[i]->name, name) == 0)
            return notifiers[i];
    return NULL;
}

bool
notify_is_number(const char *number)
{
    size_t n;

    if (*number == '+')
        number++;
    n = strspn(number, "0123456789");
    return n >= 3 && n <= 15 && number[n] == '\0';
}

/* One word with its %-arguments put in, terminated. */
static void
put_word(struct nh_buf *store, const char *word, size_t len, const char *number,
    const char *text, const char *key, bool *has_text)
{
    for (size_t i = 0; i < len; i++) {
        const char *in = NULL;

        if (word[i] == '%' && i + 1 < len) {
            in = word[i + 1] == 'n'   ? number
                 : word[i + 1] == 't' ? text
                 : word[i + 1] == 'k' ? key
                 : word[i + 1] == '%' ? "%"
                                      : NULL;
            *has_text |= word[i + 1] == 't';
        }
        if (in != NULL) {
            nh_buf_put(store, in, strlen(in));
            i++;
        } else {
            nh_buf_put_u8(store, (uint8_t)word[i]);
        }
    }
    nh_buf_put_u8(store, 0);
}

bool
notify_words(const char *command, const char *number, const char *text, const char *key,
    struct nh_buf *store, char *argv[], size_t max, bool *has_text)
{
    size_t count = 0, at = 0;

    *has_text = false;
    for (const char *s = command + strspn(command, " "); *s != '\0';
         s += strspn(s, " ")) {
        size_t len = strcspn(s, " ");

        if (++count >= max)
            return false;
        put_word(store, s, len, number, text, key, has_text);
        s += len;
    }
    if (nh_buf_err(store) != NH_OK)
        return false;
    for (size_t i = 0; i < count; i++) {
        argv[i] = (char *)store->data + at;
        at += strlen(argv[i]) + 1;
    }
    argv[count] = NULL;
    return count > 0;
}

void
notify_text(const struct notify_job *job, struct nh_buf *out)
{
    nh_buf_printf(out, "%s", job->row->text);
    if (*job->link != '\0')
        nh_buf_printf(out, "\n\n%s: %s",
            nh_text(nh_lang_of(job->to->language), "acknowledge"), job->link);
}

static void
put(struct nh_buf *out, const char *key, const char *value)
{
    nh_buf_printf(out, ",\"%s\":", key);
    nh_json_string(out, value);
}

void
notify_json(const struct notify_job *job, struct nh_buf *out)
{
    char id[16];

    incident_id(job->row->incident, id);
    nh_buf_printf(out, "{\"id\":");
    nh_json_string(out, job->row->key);
    put(out, "incident", id);
    put(out, "about", message_about_name(job->row->about));
    nh_buf_printf(out, ",\"at\":");
    nh_json_fixed(out, job->row->at_ms, 3);
    put(out, "to", job->to->id);
    put(out, "province", job->inv->id);
    put(out, "subject", job->row->subject);
    put(out, "text", job->row->text);
    put(out, "sms", job->row->sms);
    put(out, "acknowledge", job->link);
    nh_buf_printf(out, "}");
}
