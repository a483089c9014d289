/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snmp_figures.c - many cells, one figure */
#include "libnhip/snmp_figures.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BESIDES_MAX = 1024 }; /* cells of such rows; those beyond are left out */

_Static_assert((int)NH_WALK_COLUMNS_MAX <= (int)NH_SNMP_BESIDE, "a row's number is less");

struct nh_snmp_beside {
    size_t row;
    uint32_t index;
    bool allows; /* of the column beside, which has what is wanted */
    double value;
};

static void
put_figure(struct nh_snmp_figure *f, double n)
{
    if (f->count == 0)
        f->first = f->low = f->high = n;
    f->count++;
    f->sum += n;
    f->low = n < f->low ? n : f->low;
    f->high = n > f->high ? n : f->high;
}

static void
add_beside(struct nh_snmp_figures *f, const struct nh_snmp_beside *b)
{
    if (f->beside_count == f->beside_cap) {
        size_t cap = f->beside_cap == 0 ? 16 : f->beside_cap * 2;
        struct nh_snmp_beside *more =
            cap <= BESIDES_MAX ? realloc(f->besides, cap * sizeof(*more)) : NULL;

        if (more == NULL)
            return;
        f->besides = more;
        f->beside_cap = cap;
    }
    f->besides[f->beside_count++] = *b;
}

static void
drop_besides(struct nh_snmp_figures *f)
{
    free(f->besides);
    f->besides = NULL;
    f->beside_count = f->beside_cap = 0;
}

/* The values whose row allows them. */
static void
put_besides(struct nh_snmp_figures *f)
{
    for (size_t i = 0; i < f->beside_count; i++) {
        const struct nh_snmp_beside *value = &f->besides[i];

        for (size_t k = 0; k < f->beside_count && !value->allows; k++)
            if (f->besides[k].allows && f->besides[k].row == value->row &&
                f->besides[k].index == value->index) {
                put_figure(&f->of[value->row], value->value);
                break;
            }
    }
    drop_besides(f);
}

void
nh_snmp_figures_free(struct nh_snmp_figures *f)
{
    drop_besides(f);
}

void
nh_snmp_figures_forget(struct nh_snmp_figures *f)
{
    f->profile = NULL;
    f->lacks = 0;
    memset(f->cells, 0, sizeof(f->cells));
}

const char *
nh_snmp_figures_begin(struct nh_snmp_figures *f, const char *object_id)
{
    if (f->profile == NULL)
        f->count = nh_snmp_profile_rows(
            nh_snmp_profiles(), object_id, f->rows, NH_COUNT(f->rows), &f->profile);
    memset(f->of, 0, f->count * sizeof(f->of[0]));
    drop_besides(f);
    return f->profile;
}

/* Is it the row that `r` is for: the index, or for a port what is behind its ifIndex? */
static bool
is_at(const struct nh_snmp_profile_row *r, const unsigned long *index, size_t index_len)
{
    size_t len = r->how == NH_SNMP_PORT ? 2 : 1;

    return index_len == len && index[len - 1] == r->at;
}

bool
nh_snmp_figures_put(struct nh_snmp_figures *f, size_t number, const unsigned long *index,
    size_t index_len, const struct nh_snmp_var *v, double *out)
{
    struct nh_snmp_beside b = { .allows = number >= NH_SNMP_BESIDE };
    const struct nh_snmp_profile_row *r;
    double n;

    b.row = b.allows ? number - NH_SNMP_BESIDE : number;
    r = f->rows[b.row];
    if (r->has_at && !is_at(r, index, index_len))
        return false;
    if (!(b.allows ? nh_snmp_number(v, &n) && n == r->with
                   : nh_snmp_profile_value(r, v, &n)))
        return false;
    if (r->how == NH_SNMP_PORT) {
        *out = n;
        return index_len >= 1 && index_len <= 2 && index[0] <= UINT32_MAX;
    }
    if (!r->has_with) {
        put_figure(&f->of[b.row], n);
    } else if (index_len == 1 && index[0] <= UINT32_MAX) {
        b.index = (uint32_t)index[0];
        b.value = n;
        add_beside(f, &b);
    }
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
    double buffers = value[NH_SNMP_FACT_MEM_BUFFERS];
    double cached = value[NH_SNMP_FACT_MEM_CACHED];

    if (!isnan(value[NH_SNMP_FACT_MEM_PCT]))
        return;
    free_ += (isnan(buffers) ? 0 : buffers) + (isnan(cached) ? 0 : cached);
    if (isnan(total))
        total = used + free_;
    if (isnan(used))
        used = total - free_;
    if (total > 0 && used >= 0 && used <= total)
        value[NH_SNMP_FACT_MEM_PCT] = 100 * used / total;
}

/* A card that does not know the runtime says 0, and would say so on battery, too, but for
 * the last minute. */
static void
note_runtime(double *value)
{
    if (value[NH_SNMP_FACT_RUNTIME] == 0 && value[NH_SNMP_FACT_ON_BATTERY] == 0)
        value[NH_SNMP_FACT_RUNTIME] = NAN;
}

void
nh_snmp_figures_end(struct nh_snmp_figures *f, double value[NH_SNMP_FACTS])
{
    put_besides(f);
    for (size_t i = 0; i < NH_SNMP_FACTS; i++)
        value[i] = NAN;
    for (size_t k = 0; k < f->count; k++) {
        double *to = &value[f->rows[k]->metric];

        if (isnan(*to) && f->of[k].count > 0)
            *to = value_of(f->rows[k], &f->of[k]);
    }
    note_memory(value);
    for (int i = NH_SNMP_FACT_MEM_USED; i <= NH_SNMP_FACT_MEM_CACHED; i++)
        value[i] = NAN; /* each maker has another unit */
    note_runtime(value);
}
