/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sms.c - a text message has come in
 *
 * Made to be gammu-smsd's RunOnReceive: it gives the messages in its environment
 * (SMS_MESSAGES, SMS_1_NUMBER, SMS_1_TEXT ...) and their names as arguments, which say
 * nothing to us. What is no reply is the collector's to refuse; every message is tried.
 */
#include "nhipctl/ctl.h"
#include <stdio.h>
#include <stdlib.h>

static void
print_taken(struct ctl *ctl, const json_t *is)
{
    (void)ctl;
    printf("SC-%04" JSON_INTEGER_FORMAT " acknowledged by %s\n", ctl_num(is, "number"),
        ctl_str(is, "contact"));
}

static int
take(struct ctl *ctl, const char *number, const char *text)
{
    json_t *ask =
        json_pack("{s:s, s:s, s:s}", "do", "sms_in", "number_from", number, "text", text);

    if (ask == NULL) {
        fprintf(stderr, "nhipctl: the message is not UTF-8\n");
        return CTL_USAGE;
    }
    return ctl_show(ctl, ask, print_taken);
}

static const char *
message_part(json_int_t i, const char *what)
{
    char name[64];

    snprintf(name, sizeof(name), "SMS_%" JSON_INTEGER_FORMAT "_%s", i, what);
    return getenv(name);
}

static int
take_all(struct ctl *ctl, json_int_t count)
{
    int status = CTL_DONE;

    for (json_int_t i = 1; i <= count; i++) {
        const char *number = message_part(i, "NUMBER"), *text = message_part(i, "TEXT");
        int one = number == NULL || text == NULL ? CTL_DONE : take(ctl, number, text);

        if (one > status)
            status = one;
    }
    return status;
}

int
ctl_sms_in(struct ctl *ctl)
{
    const char *messages = getenv("SMS_MESSAGES");
    json_int_t count = 1;
    char *text;
    int status;

    ctl->json |= ctl_flag(ctl, "--json");
    if (messages != NULL || getenv("SMS_1_NUMBER") != NULL) {
        if (messages != NULL && !ctl_number("SMS_MESSAGES", messages, &count))
            return CTL_USAGE;
        return take_all(ctl, count);
    }
    if (ctl->argc < 2) {
        fprintf(stderr, "usage: nhipctl sms-in NUMBER TEXT, or as gammu-smsd's "
                        "RunOnReceive with SMS_1_NUMBER and SMS_1_TEXT set\n");
        return CTL_USAGE;
    }
    text = ctl_words(ctl, 1);
    status = text == NULL ? CTL_NO : take(ctl, ctl->argv[0], text);
    free(text);
    return status;
}
