/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_detail_tables.c - tables of any content, one after the other as they are read
 *
 * The input is, for each table in the order of snmp_detail.c, a byte for its rows; for
 * each row a byte for how long its index is, its parts, and for each cell a byte for what
 * it is and what follows: a number, or a text after its length.
 */
#include "libnhip/snmp_detail_tables.h"
#include "libnhip/buf.h"
#include "libnhip/snmp_document.h"
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 24, PIECE = 4096 };

struct input {
    const uint8_t *at, *end;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t
take(struct input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static void
make_text(struct input *in, char out[NH_SNMP_LABEL_MAX])
{
    size_t len = take(in) & 127, left = (size_t)(in->end - in->at);
    struct nh_snmp_var v = {
        .type = NH_SNMP_BYTES, .bytes = in->at, .bytes_len = len < left ? len : left
    };

    in->at += v.bytes_len;
    nh_snmp_text(&v, out, NH_SNMP_LABEL_MAX);
}

static void
make_cell(struct input *in, struct nh_snmp_detail_cell *c)
{
    static const double odd[] = { 0, -1, 65535, 2147483647, -2147483648.0, 1e9, 1.8e19 };
    uint8_t how = take(in);

    *c = (struct nh_snmp_detail_cell){ .has = how < 240, .number = NAN };
    if (how < 96)
        c->number = how;
    else if (how < 128)
        c->number = (double)take(in) * 256 + take(in) - 32768;
    else if (how < 135)
        c->number = odd[how - 128];
    else if (how < 240)
        make_text(in, c->text);
    else
        c->number = 0;
}

static size_t
make_rows(struct input *in, struct nh_snmp_detail_row rows[ROWS])
{
    size_t count = take(in) % (ROWS + 1);

    for (size_t i = 0; i < count; i++) {
        rows[i].index_len = 1 + take(in) % NH_SNMP_DETAIL_INDEX_MAX;
        for (size_t k = 0; k < rows[i].index_len; k++)
            rows[i].index[k] = take(in);
        for (size_t k = 0; k < NH_SNMP_DETAIL_COLUMNS_MAX; k++)
            make_cell(in, &rows[i].cell[k]);
    }
    return count;
}

static void
check_label(const char label[NH_SNMP_LABEL_MAX])
{
    size_t len = strnlen(label, NH_SNMP_LABEL_MAX);

    if (len == NH_SNMP_LABEL_MAX || !nh_utf8_is_valid(label, len))
        abort();
}

static void
check(const struct nh_snmp_details *is)
{
    for (size_t i = 0; i < is->sensor_count; i++) {
        check_label(is->sensors[i].name);
        if (!isfinite(is->sensors[i].value) || is->sensors[i].unit == NULL)
            abort();
    }
    for (size_t i = 0; i < is->neighbour_count; i++) {
        check_label(is->neighbours[i].local);
        check_label(is->neighbours[i].name);
        check_label(is->neighbours[i].port);
    }
    if (is->sensor_count > NH_SNMP_DETAIL_SENSORS_MAX ||
        is->neighbour_count > NH_SNMP_DETAIL_ROWS_MAX)
        abort();
}

/* What is shown of it. */
static void
make_document(const struct nh_snmp_details *is)
{
    const struct nh_snmp_facts facts = { .details = is, .profile = "" };
    const struct nh_snmp_learnt learnt = { .facts = &facts };
    struct nh_snmp_document_place at = { 0 };
    json_t *whole = json_object();

    for (json_t *piece; (piece = nh_snmp_document_next(&learnt, &at, PIECE)) != NULL;
         json_decref(piece))
        if (!nh_snmp_document_join(whole, piece))
            abort();
    json_decref(whole);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const takes[])(
        struct nh_snmp_details *, const struct nh_snmp_detail_row *, size_t) = {
        nh_snmp_sensors_begin,
        nh_snmp_sensors_take,
        nh_snmp_sensors_take_optics,
        nh_snmp_sensors_take_names,
        nh_snmp_neighbours_take_lldp,
        nh_snmp_neighbours_take_mikrotik_ports,
        nh_snmp_neighbours_take_lldp_ports,
        nh_snmp_neighbours_take_cdp,
        nh_snmp_neighbours_take_stations,
        nh_snmp_neighbours_take_bridge_ports,
    };
    static struct nh_snmp_detail_row rows[ROWS];
    struct input in = { data, data + size };
    struct nh_snmp_details is = { 0 };

    for (size_t turn = 0; turn < 2; turn++) /* the second one follows what was there */
        for (size_t i = 0; i < NH_COUNT(takes); i++) {
            takes[i](&is, rows, make_rows(&in, rows));
            check(&is);
        }
    make_document(&is);
    free(is.sensors);
    free(is.neighbours);
    return 0;
}
