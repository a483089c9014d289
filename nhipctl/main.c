/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - nhipctl: the command line over the collector's control socket */
#include "nhipctl/ctl.h"
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The commands whose first word is `word`, all when it is NULL; how many. */
static int
list(FILE *to, const char *word)
{
    size_t len = word != NULL ? strlen(word) : 0;
    int n = 0;

    for (const struct command *c = ctl_commands(); c->words != NULL; c++) {
        char head[80];

        if (strcspn(c->words, " ") != len && word != NULL)
            continue;
        if (strncmp(c->words, word != NULL ? word : "", len) != 0)
            continue;
        snprintf(head, sizeof(head), "%s %s", c->words, c->args);
        fprintf(to, "  %-44s %s\n", head, c->help);
        n++;
    }
    return n;
}

static void
usage(FILE *to)
{
    fprintf(to, "usage: nhipctl [-s SOCKET] [--json] COMMAND\n\n");
    list(to, NULL);
}

/* "agent" alone, or with a word that does not follow it; or no command at all. */
static void
unknown(const char *word)
{
    if (list(stderr, word) == 0)
        fprintf(stderr, "nhipctl: there is no command '%s'; nhipctl --help lists them\n",
            word);
}

/* How many words of argv the command's words take up, 0 when they are others. */
static int
words_match(const char *words, int argc, char **argv)
{
    int n = 0;

    while (*words != '\0') {
        size_t len = strcspn(words, " ");

        if (n == argc || strlen(argv[n]) != len || strncmp(argv[n], words, len) != 0)
            return 0;
        n++;
        words += len + (words[len] == ' ');
    }
    return n;
}

/* The command with the most matching words: "journal cat" before "journal". */
static const struct command *
find_command(struct ctl *ctl)
{
    const struct command *best = NULL;
    int taken = 0;

    for (const struct command *c = ctl_commands(); c->words != NULL; c++) {
        int n = words_match(c->words, ctl->argc, ctl->argv);

        if (n > taken) {
            best = c;
            taken = n;
        }
    }
    ctl->argc -= taken;
    ctl->argv += taken;
    return best;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        { "socket", required_argument, NULL, 's' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { 0 },
    };
    struct ctl ctl = { .socket = getenv("NHIP_SOCKET") };
    const struct command *command;
    int c;

    setlocale(LC_ALL, "");
    signal(SIGPIPE, SIG_IGN);
    if (ctl.socket == NULL)
        ctl.socket = "/run/nhip/control.sock";
    while ((c = getopt_long(argc, argv, "+s:jhV", options, NULL)) != -1) {
        switch (c) {
        case 's':
            ctl.socket = optarg;
            break;
        case 'j':
            ctl.json = true;
            break;
        case 'h':
            usage(stdout);
            return CTL_DONE;
        case 'V':
            printf("nhipctl " NHIP_VERSION "\n");
            return CTL_DONE;
        default:
            usage(stderr);
            return CTL_USAGE;
        }
    }
    ctl.argc = argc - optind;
    ctl.argv = argv + optind;
    command = find_command(&ctl);
    if (command == NULL) {
        if (ctl.argc > 0)
            unknown(ctl.argv[0]);
        else
            usage(stderr);
        return CTL_USAGE;
    }
    if (ctl.argc < command->min || ctl.argc > command->max) {
        fprintf(stderr, "usage: nhipctl %s%s%s\n", command->words,
            *command->args != '\0' ? " " : "", command->args);
        return CTL_USAGE;
    }
    c = command->run(&ctl);
    if (fflush(stdout) != 0 && c == CTL_DONE)
        return CTL_NO;
    return c;
}
