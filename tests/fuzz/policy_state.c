/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links: nhip-collector-lib */
/* policy_state: bytes of the database as the policy's state. What is taken goes on for
 * an hour, tells what it tells, and saves what loads again; what is not leaves it new. */
#include "collector/policy.h"
#include "tests/fuzz/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t sum;

static void
on_message(void *arg, const struct message *m)
{
    (void)arg;
    if (strlen(m->sms) > 160 || m->to == NULL || m->key[0] == '\0')
        abort();
    sum += strlen(m->subject) + strlen(m->text);
    for (size_t i = 0; i < m->also_count; i++)
        sum += m->also[i];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct policy_events events = { NULL, on_message };
    struct policy *p = NULL, *next = NULL;
    struct nh_buf state;

    if (policy_new(&p, state_inventory(), &events) != NH_OK)
        abort();
    if (policy_load(p, nh_slice_of(data, size)) == NH_OK) {
        for (int minute = 0; minute < 60; minute++)
            policy_clock(p, policy_now(p) + 60000);
        nh_buf_init(&state, 64 << 20);
        policy_save(p, &state);
        if (policy_new(&next, state_inventory(), &events) != NH_OK ||
            nh_buf_err(&state) != NH_OK ||
            policy_load(next, nh_slice_of(state.data, state.len)) != NH_OK)
            abort();
        nh_buf_fini(&state);
        policy_free(next);
    } else if (policy_now(p) != 0) {
        abort();
    }
    policy_free(p);
    return 0;
}
