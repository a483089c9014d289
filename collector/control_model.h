/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control_model.h - what control.c (requests) and control_stream.c (answers that go on)
 * share
 */
#ifndef CONTROL_MODEL_H
#define CONTROL_MODEL_H

#include "collector/collector.h"
#include "collector/control_request.h"
#include "libnhip/jsonl.h"

enum {
    CLIENT_WAITING_MAX = 16 << 20,
    CLIENT_BUSY_BYTES = 1 << 20, /* more waiting than this: no next portion yet */
};

struct errand { /* a question to nhip-series */
    struct errand *next;
    struct client *client;
    char id[CONTROL_ID_MAX];
};

struct follow {
    struct follow *next;
    char id[CONTROL_ID_MAX];
    bool ready;
    size_t sites_sent, services_sent; /* of the first documents */
    bool overview_sent, incidents_sent;
};

struct tail {
    struct tail *next;
    char id[CONTROL_ID_MAX];
    char site[NH_SITE_ID_MAX]; /* "": all */
};

struct client {
    struct client *next;
    struct control *ctl;
    struct nh_channel *channel;
    bool closed;
    struct errand *errands;
    struct follow *follows;
    struct tail *tails;
    struct export *exports; /* each freed by itself when its job has ended */
};

struct control {
    struct collector *c;
    struct evconnlistener *listener;
    char *path;
    struct client *clients; /* owned */
    size_t client_count, tail_count, follow_count;
    struct test *tests;         /* owned */
    struct report_job *reports; /* each freed by itself when its job has ended */
    uint64_t test_number;
    struct nh_timer *pump;  /* moves what goes out in portions */
    struct nh_buf out, doc; /* scratch */
    int64_t overview_ms,
        gone_ms; /* gone_ms: when incidents of a day ago were looked for */
};

/* control.c */
void client_send(struct client *cl, const struct nh_buf *line);
void client_fail(struct client *cl, const char *id, const char *code, const char *error);
void client_free(struct client *cl);

struct nh_buf *client_begin(struct client *cl, const char *id); /* an answer's head */
void client_end(struct client *cl);
void client_not_found(
    struct client *cl, const char *id, const char *what, const char *name);

/* control_incidents.c */
void client_incidents(struct client *cl, const struct control_request *r);
void client_planned(struct client *cl, const struct control_request *r);

/* control_stream.c */
void control_pump(void *control);
void client_follow(struct client *cl, const struct control_request *r);
void client_tail(struct client *cl, const struct control_request *r);
void client_streams_fini(struct client *cl);

/* control_test.c */
void client_test(struct client *cl, const struct control_request *r);
void client_device(struct client *cl, const struct control_request *r);
void client_tests_fini(struct client *cl); /* cancels them */
void control_tests_tick(struct control *ctl);

/* control_export.c */
void client_export(struct client *cl, const struct control_request *r);
bool client_exports_pump(struct client *cl); /* is there more to come? */
void client_exports_fini(struct client *cl);

/* control_report.c */
void client_report(struct client *cl, const struct control_request *r);
void client_reports_fini(struct client *cl);
void control_reports_fini(struct control *ctl);

#endif
