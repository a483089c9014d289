/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp.c - does a device answer SNMP, and if not, why not
 *
 * It is asked from here, not by the collector: one round, as the sensor does it. Silence
 * has many causes; what can be told apart is: whether an agent is there is learnt by the
 * first question of SNMPv3, which any agent that speaks it answers to anybody.
 */
#include "libnhip/loop.h"
#include "libnhip/snmp_credentials.h"
#include "libnhip/snmp_device.h"
#include "nhipctl/ctl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRY_TIMEOUT_MS = 1500, TRY_RETRIES = 1 };

struct trial {
    struct nh_loop *loop; /* borrowed */
    struct nh_snmp *session;
    struct nh_snmp_device *device;
};

static void
on_trial_round(void *arg)
{
    nh_loop_stop(((struct trial *)arg)->loop);
}

static void
close_trial(struct trial *t)
{
    nh_snmp_device_free(t->device);
    nh_snmp_close(t->session);
}

/* One round of the device at `address`; *t is to be closed either way. */
static enum nh_err
run_trial(struct trial *t, const char *address, const struct nh_snmp_credential *c,
    char why[128])
{
    const struct nh_snmp_options options = { TRY_TIMEOUT_MS, TRY_RETRIES, NULL };
    enum nh_err err =
        nh_snmp_open(&t->session, nh_loop_base(t->loop), address, c, &options, why);

    if (err == NH_OK)
        err = nh_snmp_device_new(&t->device, t->session);
    if (err == NH_OK)
        err = nh_snmp_device_round(t->device, on_trial_round, t);
    if (err == NH_OK)
        err = nh_loop_run(t->loop);
    if (err != NH_OK && *why == '\0')
        snprintf(why, 128, "%s", nh_strerror(err));
    return err;
}

/* Does an agent answer the first question of version 3? */
static bool
is_agent_there(struct nh_loop *loop, const char *address)
{
    const struct nh_snmp_credential nobody = {
        .version = 3, .level = NH_SNMP_NOAUTH, .user = "nhip-is-there"
    };
    struct trial t = { .loop = loop };
    uint8_t engine[32];
    char why[128] = "";
    bool shared, there;

    there = run_trial(&t, address, &nobody, why) == NH_OK &&
            nh_snmp_engine(t.session, engine, &shared) > 0;
    close_trial(&t);
    return there;
}

static void
explain_silence(const struct trial *t, const char *address, int version)
{
    uint8_t engine[32];
    bool shared;

    if (version == 3 && nh_snmp_engine(t->session, engine, &shared) > 0)
        printf("an SNMP agent is there and speaks version 3, but leaves this user's "
               "questions unanswered: wrong privacy key or protocol\n");
    else if (version == 3)
        printf("no answer: nothing is there, it is filtered on the way, or it speaks no "
               "version 3\n");
    else if (is_agent_there(t->loop, address))
        printf("an SNMP agent is there, but does not answer this community: it is wrong, "
               "or not allowed from this address\n");
    else
        printf("no answer: nothing is there, it is filtered on the way, or the community "
               "is wrong\n");
}

/* The round has ended: what works, and what does not. */
static int
tell(const struct trial *t, const char *address, const struct nh_snmp_credential *c)
{
    const struct nh_snmp_facts *f = nh_snmp_device_facts(t->device);
    uint8_t engine[32];
    size_t figures = 0;
    bool shared;

    if (f->result == NH_SNMP_TIMEOUT) {
        explain_silence(t, address, c->version);
        return CTL_NO;
    }
    if (f->result != NH_SNMP_OK) {
        printf("%s\n", nh_snmp_words(f->result));
        if (f->result == NH_SNMP_VIEW && c->version == 3 && c->level != NH_SNMP_PRIV)
            printf("or the device wants a higher level of this user than %s\n",
                c->level == NH_SNMP_NOAUTH ? "noAuthNoPriv" : "authNoPriv");
        return CTL_NO;
    }
    printf("it answers (SNMP v%d)\n", f->version);
    if (nh_snmp_engine(t->session, engine, &shared) > 0)
        printf("  engine    known, its clock agrees\n");
    printf("  name      %s\n  system    %s\n  object    %s\n  profile   %s\n", f->name,
        f->descr, f->object_id, *f->profile != '\0' ? f->profile : "none");
    if (f->has_uptime)
        printf("  uptime    %.0f s\n", f->uptime_s);
    printf("  ports     %zu\n", f->interface_count);
    for (size_t i = 0; i < NH_SNMP_FACTS; i++)
        if (f->value[i] == f->value[i]) {
            printf("%s%s=%.6g", figures++ == 0 ? "  health    " : " ",
                nh_snmp_metric_name((enum nh_snmp_metric_id)i), f->value[i]);
        }
    printf("%s", figures > 0 ? "\n" : "");
    if (*f->object_id == '\0' || f->interface_count == 0) {
        printf("its view is too narrow: it shows %s; 1.3.6.1.2.1.1 (system), .2 "
               "(interfaces), .31 (ifMIB) and .25 are wanted, best the whole of "
               "1.3.6.1\n",
            *f->object_id == '\0' ? "not even its system group" : "no port");
        return CTL_NO;
    }
    if (f->backwards)
        printf("note: a table of it repeats itself or goes back; it is read up to "
               "there\n");
    if (f->complained)
        printf("note: it could not read some of its own objects\n");
    return CTL_DONE;
}

/* KEY=VALUE as in the configuration's snmp sections. */
static bool
read_words(struct ctl *ctl, struct nh_snmp_files *files, const char **community)
{
    const struct {
        const char *key;
        const char **value;
    } keys[] = { { "user", &files->user }, { "level", &files->level },
        { "auth", &files->auth }, { "auth_key_file", &files->auth_key_file },
        { "priv", &files->priv }, { "priv_key_file", &files->priv_key_file },
        { "community_file", &files->community_file }, { "community", community } };

    for (int i = 1; i < ctl->argc; i++) {
        size_t len = strcspn(ctl->argv[i], "="), k = 0;

        while (k < NH_COUNT(keys) && (strlen(keys[k].key) != len ||
                                         strncmp(keys[k].key, ctl->argv[i], len) != 0))
            k++;
        if (ctl->argv[i][len] != '=' || k == NH_COUNT(keys)) {
            fprintf(stderr,
                "nhipctl: '%s' is none of community=, community_file=, user=, level=, "
                "auth=, auth_key_file=, priv=, priv_key_file=\n",
                ctl->argv[i]);
            return false;
        }
        *keys[k].value = ctl->argv[i] + len + 1;
    }
    return true;
}

static bool
make_credential(struct ctl *ctl, struct nh_snmp_credential *c)
{
    struct nh_snmp_files files = { .version = 2,
        .user = "",
        .auth = "SHA-256",
        .auth_key_file = "",
        .priv = "AES",
        .priv_key_file = "",
        .community_file = "" };
    const char *community = "";
    char why[256];

    if (!read_words(ctl, &files, &community))
        return false;
    if (*files.user != '\0')
        files.version = 3;
    if (files.level == NULL)
        files.level = *files.priv_key_file != '\0'   ? "authPriv"
                      : *files.auth_key_file != '\0' ? "authNoPriv"
                                                     : "noAuthNoPriv";
    if (files.version == 2 && *files.community_file == '\0') {
        *c = (struct nh_snmp_credential){ .version = 2 };
        snprintf(c->community, sizeof(c->community), "%s",
            *community != '\0' ? community : "public");
        return true;
    }
    if (nh_snmp_credentials_load("test", &files, why) != NH_OK) {
        fprintf(stderr, "nhipctl: %s\n", why);
        return false;
    }
    *c = *nh_snmp_credentials_get("test", NULL);
    nh_snmp_credentials_mark();
    nh_snmp_credentials_sweep();
    return true;
}

int
ctl_snmp_test(struct ctl *ctl)
{
    struct nh_snmp_credential c;
    struct trial t = { 0 };
    char why[128] = "";
    int status;

    if (!make_credential(ctl, &c))
        return CTL_USAGE;
    if (nh_loop_new(&t.loop) != NH_OK) {
        nh_snmp_credential_wipe(&c);
        return CTL_NO;
    }
    if (run_trial(&t, ctl->argv[0], &c, why) != NH_OK) {
        fprintf(stderr, "nhipctl: %s\n", why);
        status = CTL_USAGE;
    } else {
        status = tell(&t, ctl->argv[0], &c);
    }
    close_trial(&t);
    nh_loop_free(t.loop);
    nh_snmp_credential_wipe(&c);
    return status;
}
