/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snmp_figures.c - many cells, one figure */
#include "libnhip/snmp_figures.h"
#include <math.h>
#include <string.h>

const char *
nh_snmp_figures_begin(struct nh_snmp_figures *f, const char *object_id)
{
    const char *profile = "";

    f->count = nh_snmp_profile_rows(
        nh_snmp_profiles(), object_id, f->rows, NH_COUNT(f->rows), &profile);
    memset(f->of, 0, f->count * sizeof(f->of[0]));
    return profile;
}

bool
nh_snmp_figures_put(struct nh_snmp_figures *f, size_t i, const unsigned long *index,
    size_t index_len, const struct nh_snmp_var *v, double *out)
{
    const struct nh_snmp_profile_row *r = f->rows[i];
    struct nh_snmp_figure *to = &f->of[i];
    double n;

    if ((r->has_at && (index_len != 1 || index[0] != r->at)) ||
        !nh_snmp_profile_value(r, v, &n))
        return false;
    if (r->how == NH_SNMP_PORT) {
        *out = n;
        return index_len == 1 && index[0] <= UINT32_MAX;
    }
    if (to->count == 0)
        to->first = to->low = to->high = n;
    to->count++;
    to->sum += n;
    to->low = n < to->low ? n : to->low;
    to->high = n > to->high ? n : to->high;
    return false;
}

static double
value_of(const struct nh_snmp_profile_row *r, const struct nh_snmp_figure *f)
{
    switch (r->how) {
    case NH_SNMP_SUM:
        return f->sum;
    case NH_SNMP_AVERAGE:
        return f->sum / (double)f->count;
    case NH_SNMP_HIGHEST:
        return f->high;
    case NH_SNMP_LOWEST:
        return f->low;
    default:
        return f->first;
    }
}

static void
note_memory(double *value)
{
    double used = value[NH_SNMP_FACT_MEM_USED], free_ = value[NH_SNMP_FACT_MEM_FREE];
    double total = value[NH_SNMP_FACT_MEM_TOTAL];

    if (!isnan(value[NH_SNMP_FACT_MEM_PCT]))
        return;
    if (isnan(total))
        total = used + free_;
    if (isnan(used))
        used = total - free_;
    if (total > 0 && used >= 0 && used <= total)
        value[NH_SNMP_FACT_MEM_PCT] = 100 * used / total;
}

void
nh_snmp_figures_end(const struct nh_snmp_figures *f, double value[NH_SNMP_FACTS])
{
    for (size_t i = 0; i < NH_SNMP_FACTS; i++)
        value[i] = NAN;
    for (size_t k = 0; k < f->count; k++) {
        double *to = &value[f->rows[k]->metric];

        if (isnan(*to) && f->of[k].count > 0)
            *to = value_of(f->rows[k], &f->of[k]);
    }
    note_memory(value);
}
