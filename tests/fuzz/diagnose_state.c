/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: nhip-collector-lib */
/* diagnose_state: bytes of the database as the machine's state. What is taken is a
 * machine that goes on, and that saves what loads again; what is not leaves it as new. */
#include "collector/diagnose.h"
#include "tests/fuzz/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
on_incident(
    void *arg, const struct incident *in, enum incident_change change, int64_t now_ms)
{
    struct incident copy;

    (void)arg;
    (void)change;
    (void)now_ms;
    if (incident_dup(&copy, in) != NH_OK)
        abort(); /* what the machine says can be kept */
    incident_fini(&copy);
}

static void
go_on(struct diagnose *d)
{
    static const char *const checks[] = { "s0/vnpt/path", "s0/vnpt/far", "s1/vnpt/path",
        "s0/power", "service/web/collector" };
    int64_t at = diagnose_now(d);
    struct learnt is;

    for (int k = 0; k < 8; k++) {
        struct nh_reading r = { .present = 15 };

        r.value[NH_ICMP_SENT] = 10;
        r.value[NH_ICMP_LOST] = k < 4 ? 10 : 0;
        r.value[NH_ICMP_RTT_AVG] = 60000;
        at += 10000;
        for (size_t i = 0; i < NH_COUNT(checks); i++)
            diagnose_reading(
                d, diagnose_check_find(d, checks[i]), &r, at, at, NULL, false);
        diagnose_clock(d, at + 6000);
    }
    for (size_t i = 0; i < 3; i++)
        diagnose_learnt(d, i, &is);
    for (size_t i = 0; i < diagnose_count(d); i++)
        if (diagnose_find(d, diagnose_at(d, i)->number) == NULL)
            abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct diagnose_events events = { NULL, on_incident };
    struct diagnose *d = NULL, *next = NULL;
    struct nh_buf state;

    if (diagnose_new(&d, state_inventory(), &events) != NH_OK)
        abort();
    if (diagnose_load(d, nh_slice_of(data, size)) != NH_OK) {
        if (diagnose_count(d) != 0 || diagnose_now(d) != 0)
            abort();
        diagnose_free(d);
        return 0;
    }
    go_on(d);
    nh_buf_init(&state, 64 << 20);
    diagnose_save(d, &state);
    if (diagnose_new(&next, state_inventory(), &events) != NH_OK ||
        nh_buf_err(&state) != NH_OK ||
        diagnose_load(next, nh_slice_of(state.data, state.len)) != NH_OK)
        abort();
    nh_buf_fini(&state);
    diagnose_free(d);
    diagnose_free(next);
    return 0;
}
