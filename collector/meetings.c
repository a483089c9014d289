/* SPDX-License-Identifier: GPL-3.0-or-later */
/* meetings.c - each meeting's next times against all planned work */
#include "collector/meetings.h"
#include "collector/calendar.h"

static bool
takes_part(const struct inv_meeting *m, const struct inv_site *site)
{
    for (size_t i = 0; i < m->site_count; i++)
        if (m->sites[i] == site)
            return true;
    return m->all_sites;
}

static bool
works_at(const struct inv_planned *p, const struct inv_site *site)
{
    for (size_t i = 0; i < p->site_count; i++)
        if (p->sites[i] == site)
            return true;
    for (size_t i = 0; i < p->link_count; i++)
        if (p->links[i]->site == site)
            return true;
    return false;
}

bool
meetings_touches(const struct meeting_clash *c, const struct inv_site *site)
{
    return takes_part(c->meeting, site) && works_at(c->planned, site);
}

static bool
meets(const struct inventory *inv, struct meeting_clash *c, int64_t now_ms)
{
    const struct inv_planned *p = c->planned;
    int64_t from_ms = p->from_s * 1000, to_ms = p->to_s * 1000;

    c->site_count = 0;
    c->first = NULL;
    if (from_ms >= to_ms || to_ms <= now_ms || from_ms >= c->end_ms ||
        to_ms <= c->start_ms)
        return false;
    for (size_t i = 0; i < inv->site_count; i++) {
        if (!meetings_touches(c, &inv->sites[i]))
            continue;
        if (c->site_count++ == 0)
            c->first = &inv->sites[i];
    }
    return c->site_count > 0;
}

void
meetings_clashes(const struct inventory *inv, int64_t now_ms, int64_t until_ms,
    void (*each)(void *arg, const struct meeting_clash *c), void *arg)
{
    for (size_t i = 0; i < inv->meeting_count && inv->planned_count > 0; i++) {
        const struct inv_meeting *m = &inv->meetings[i];
        int64_t length_ms = m->length_min * INT64_C(60000);
        struct meeting_clash c = { .meeting = m };
        int64_t after_ms = now_ms - length_ms + 1; /* one that runs is one, too */

        while (calendar_next(m->at, inv->timezone, after_ms, &c.start_ms) &&
               c.start_ms < until_ms) {
            c.end_ms = c.start_ms + length_ms;
            for (size_t k = 0; k < inv->planned_count; k++) {
                c.planned = &inv->planned[k];
                if (meets(inv, &c, now_ms))
                    each(arg, &c);
            }
            after_ms = c.start_ms + 1;
        }
    }
}

void
meetings_soon(const struct inventory *inv, int64_t now_ms,
    void (*each)(void *arg, const struct inv_meeting *m, int64_t start_ms), void *arg)
{
    for (size_t i = 0; i < inv->meeting_count; i++) {
        const struct inv_meeting *m = &inv->meetings[i];
        int64_t start_ms;

        if (m->check_before_min > 0 &&
            calendar_next(m->at, inv->timezone, now_ms + 1, &start_ms) &&
            start_ms <= now_ms + m->check_before_min * INT64_C(60000))
            each(arg, m, start_ms);
    }
}

bool
meetings_takes_part(const struct inv_meeting *m, const struct inv_site *site)
{
    return takes_part(m, site);
}

bool
meetings_works_at(const struct inv_planned *p, const struct inv_site *site)
{
    return works_at(p, site);
}
