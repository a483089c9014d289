/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ctl.h - what the commands of nhipctl share
 *
 * A command is a row of commands.c: its words, its arguments, one line of help, and a
 * function that does it and returns the exit status: 0 done, 1 the world said no, 2 wrong
 * use or input.
 */
#ifndef CTL_H
#define CTL_H

#include "libnhip/jsonl.h"
#include <stdbool.h>
#include <stdint.h>

enum { CTL_DONE = 0, CTL_NO = 1, CTL_USAGE = 2 };

struct ctl {
    const char *socket; /* path of the control socket */
    bool json;          /* print documents as they are */
    int argc;           /* what follows the command's words */
    char **argv;
    /* What a test says on the way to its answer; may be NULL. */
    void (*on_part)(struct ctl *ctl, const json_t *part);
};

struct command {
    const char *words; /* "agent add" */
    const char *args;  /* "SITE [HOST [PORT]]" */
    int min, max;      /* how many arguments */
    const char *help;
    int (*run)(struct ctl *ctl);
};
const struct command *ctl_commands(void); /* ended by NULL words */

/* Ask once: the owned `result` of the answer, or NULL after saying on stderr why not
 * (*status). */
json_t *ctl_ask(struct ctl *ctl, json_t *request, int *status);
/* Ask, and print the answer: as it is with --json, else by `print`. Exit status. */
int ctl_show(
    struct ctl *ctl, json_t *ask, void (*print)(struct ctl *ctl, const json_t *is));
/* Ask and pass on every `line` that comes until the answer or the end; returns the exit
 * status. */
int ctl_stream(struct ctl *ctl, json_t *request);
void ctl_print_json(const json_t *document);
/* Unix seconds, "2026-11-24 14:05[:30]" in local time, "now", or "-90min" before now. */
bool ctl_time(const char *text, int64_t *wall_s);
/* A whole number; false, after saying so on stderr, when `text` is none. */
bool ctl_number(const char *what, const char *text, json_int_t *out);

/* Options behind a command's words are taken out of argv: is it there; the value behind
 * it (kept when it is not there; false, after saying so, when it has none). */
bool ctl_flag(struct ctl *ctl, const char *name);
bool ctl_value(struct ctl *ctl, const char *name, const char **value);
/* What is left: no option, and as many words as that; else says how it is used. */
bool ctl_no_options(const struct ctl *ctl, int min, int max, const char *usage);
/* The words from that one on with spaces between; caller frees. NULL: out of memory. */
char *ctl_words(const struct ctl *ctl, int from);

/* Of a document: text, never NULL; a number, 0 where there is none; "14:05:30 24/11" in
 * local time, "-" for what is not known. */
const char *ctl_str(const json_t *object, const char *key);
json_int_t ctl_num(const json_t *object, const char *key);
const char *ctl_when(const json_t *object, const char *key, char out[32]);

/* Who types: the login name, of the one behind sudo. */
const char *ctl_who(void);
/* "vi" or "en" by the locale; NULL: as the province has it. */
const char *ctl_lang(void);

int ctl_status(struct ctl *ctl);
int ctl_sites(struct ctl *ctl);
int ctl_site(struct ctl *ctl);
int ctl_device(struct ctl *ctl);
int ctl_snmp_test(struct ctl *ctl);
int ctl_agent_add(struct ctl *ctl);
int ctl_agent_revoke(struct ctl *ctl);
int ctl_agent_rotate(struct ctl *ctl);
int ctl_agent_list(struct ctl *ctl);
int ctl_test(struct ctl *ctl);
int ctl_trace(struct ctl *ctl);
int ctl_tail(struct ctl *ctl);
int ctl_export(struct ctl *ctl);
int ctl_reload(struct ctl *ctl);
int ctl_series_rebuild(struct ctl *ctl);
int ctl_journal(struct ctl *ctl);
int ctl_journal_verify(struct ctl *ctl);
int ctl_journal_cat(struct ctl *ctl);
int ctl_incidents(struct ctl *ctl);
int ctl_incident(struct ctl *ctl);
int ctl_ack(struct ctl *ctl);
int ctl_note(struct ctl *ctl);
int ctl_own(struct ctl *ctl);
int ctl_ticket(struct ctl *ctl);
int ctl_estimate(struct ctl *ctl);
int ctl_override(struct ctl *ctl);
int ctl_close(struct ctl *ctl);
int ctl_sms_in(struct ctl *ctl);
int ctl_planned_list(struct ctl *ctl);
int ctl_planned_add(struct ctl *ctl);
int ctl_planned_end(struct ctl *ctl);
int ctl_report(struct ctl *ctl);

#endif
