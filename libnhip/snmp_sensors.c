/* SPDX-License-Identifier: GPL-3.0-or-later */
/* snmp_sensors.c - what a device measures of itself: ENTITY-SENSOR-MIB and its like */
#include "libnhip/snmp_detail_tables.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NO_LIGHT_DBM = -40,
    OPTICS_MAX_DBM = 45, /* either side of zero */
};
enum { UNITS = 15 };
static const double LIGHT_MAX_W = 0.1; /* what a module sends or receives is less */
enum { SENSOR_TYPE, SENSOR_SCALE, SENSOR_PRECISION, SENSOR_VALUE, SENSOR_STATUS };

/* RFC 3433's EntitySensorDataType; dBm is 14 with Cisco. */
static const char *
unit_of(double type)
{
    static const char *const units[UNITS] = { [3] = "V~",
        [4] = "V",
        [5] = "A",
        [6] = "W",
        [7] = "Hz",
        [8] = "°C",
        [9] = "%RH",
        [10] = "rpm",
        [11] = "m³/min",
        [14] = "dBm" };

    return type >= 0 && type < UNITS ? units[(size_t)type] : NULL;
}

/* The sensor that an earlier table told of, else a new one; NULL: there is no room. */
static struct nh_snmp_sensor *
find_sensor(struct nh_snmp_details *is, uint32_t index)
{
    for (size_t i = 0; i < is->sensor_count; i++)
        if (is->sensors[i].index == index)
            return &is->sensors[i];
    return nh_snmp_detail_add(&is->sensors, sizeof(*is->sensors), &is->sensor_count,
        NH_SNMP_DETAIL_SENSORS_MAX);
}

/* A module that does not measure itself has the least of 16 bits with IOS-XR; the
 * standard has the ends of what it allows for more than can be told. */
static bool
is_measured(const struct nh_snmp_detail_cell *value)
{
    return value->has && fabs(value->number) < 1e9 && value->number != INT16_MIN;
}

/* Scale 9 is units, each step a thousand; precision is decimals. Systems of Cisco that
 * have the standard table beside their own tell every sensor twice: their own is the one
 * that knows of dBm. */
void
nh_snmp_sensors_take(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct nh_snmp_detail_cell *c = rows[i].cell;
        const char *unit = c[SENSOR_TYPE].has ? unit_of(c[SENSOR_TYPE].number) : NULL;
        double scale = c[SENSOR_SCALE].has ? c[SENSOR_SCALE].number : 9;
        double precision = c[SENSOR_PRECISION].has ? c[SENSOR_PRECISION].number : 0;
        struct nh_snmp_sensor *s;

        if (unit == NULL || !is_measured(&c[SENSOR_VALUE]) || rows[i].index_len != 1 ||
            !(fabs(precision) <= 9) || !(scale >= 1 && scale <= 17) ||
            (c[SENSOR_STATUS].has && c[SENSOR_STATUS].number != 1))
            continue;
        s = find_sensor(is, rows[i].index[0]);
        if (s == NULL)
            return;
        s->index = rows[i].index[0];
        s->unit = unit;
        s->what = "";
        s->value = c[SENSOR_VALUE].number * pow(10, 3 * (scale - 9) - precision);
        snprintf(s->name, sizeof(s->name), "#%u", s->index);
    }
}

void
nh_snmp_sensors_begin(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count)
{
    is->sensor_count = 0;
    free(is->sensors);
    is->sensors = NULL;
    nh_snmp_sensors_take(is, rows, count);
}

enum { OPTICS_BIAS, OPTICS_POWER, OPTICS_LANES };

/* How far `dbm` is from what the number beside it says: hundredths of a dBm, or
 * microwatts where it is above zero. */
static double
away_from(double power, double dbm)
{
    double far = fabs(dbm - power / 100);

    return power > 0 ? fmin(far, fabs(dbm - 10 * log10(power / 1000))) : far;
}

/* The text of a lane is in dBm or, with older systems, in hundredths. No module receives
 * more than OPTICS_MAX_DBM; below, the number beside it decides, where it is one. */
static double
lane_dbm(double lane, double power)
{
    bool has_power = power != 0 && power != -1 && fabs(power) < INT32_MAX;

    if (fabs(lane) > OPTICS_MAX_DBM ||
        (has_power && away_from(power, lane / 100) < away_from(power, lane)))
        return lane / 100;
    return lane;
}

/*
 * hwOpticalModuleInfoTable: what is received, in microwatts or, below zero, in hundredths
 * of a dBm; -1 and an empty text where there is no module. A module that sends (its bias
 * current is above zero) and receives 0 sees no light. Systems of today have a text of
 * lanes beside it: "-333.00,-340.00", YunShan "-3.33,-3.40".
 */
static double
received_dbm(const struct nh_snmp_detail_cell *c)
{
    double power = c[OPTICS_POWER].has ? c[OPTICS_POWER].number : NAN;
    char *end;
    double lane = strtod(c[OPTICS_LANES].text, &end);

    if (end != c[OPTICS_LANES].text && fabs(lane) <= 10000)
        return lane_dbm(lane, power);
    if (power > 0 && power < INT32_MAX)
        return 10 * log10(power / 1000);
    if (power < -1 && power >= -10000)
        return power / 100;
    return power == 0 && c[OPTICS_BIAS].has && c[OPTICS_BIAS].number > 0 ? NO_LIGHT_DBM
                                                                         : NAN;
}

void
nh_snmp_sensors_take_optics(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double dbm = received_dbm(rows[i].cell);
        struct nh_snmp_sensor *s;

        if (rows[i].index_len != 1 || isnan(dbm))
            continue;
        s = nh_snmp_detail_add(
            &is->sensors, sizeof(*s), &is->sensor_count, NH_SNMP_DETAIL_SENSORS_MAX);
        if (s == NULL)
            return;
        s->index = rows[i].index[0];
        s->unit = "dBm";
        s->what = " Rx";
        s->value = dbm;
        snprintf(s->name, sizeof(s->name), "#%u%s", s->index, s->what);
    }
}

/* IOS-XR and others have the light of a module in watts: "power Rx 0/0/0/3",
 * "TenGigE0/0/0/18-Rx Power". */
static void
say_light_in_dbm(struct nh_snmp_sensor *s)
{
    static const char *const ways[] = { "Rx", "RX", "Tx", "TX" };
    bool is_light = false;

    for (size_t i = 0; i < NH_COUNT(ways); i++)
        is_light = is_light || strstr(s->name, ways[i]) != NULL;
    if (!is_light || strstr(s->name, "ower") == NULL || strcmp(s->unit, "W") != 0 ||
        !(s->value >= 0 && s->value <= LIGHT_MAX_W))
        return;
    s->unit = "dBm";
    s->value =
        s->value > 0 ? fmax(10 * log10(s->value * 1000), NO_LIGHT_DBM) : NO_LIGHT_DBM;
}

bool
nh_snmp_sensors_are_there(const struct nh_snmp_details *is)
{
    return is->sensor_count > 0;
}

/* As its entity is called, cut after a letter where both do not fit. */
static void
name_sensor(struct nh_snmp_sensor *s, const char *text)
{
    const struct nh_snmp_var v = {
        .type = NH_SNMP_BYTES, .bytes = text, .bytes_len = strlen(text)
    };
    size_t behind = strlen(s->what);

    if (*text == '\0')
        return;
    nh_snmp_text(&v, s->name, NH_SNMP_LABEL_MAX - behind);
    memcpy(s->name + strlen(s->name), s->what, behind + 1);
}

void
nh_snmp_sensors_take_names(
    struct nh_snmp_details *is, const struct nh_snmp_detail_row *rows, size_t count)
{
    for (size_t k = 0; k < is->sensor_count; k++)
        for (size_t i = 0; i < count; i++)
            if (rows[i].index_len == 1 && rows[i].index[0] == is->sensors[k].index) {
                const struct nh_snmp_detail_cell *c = rows[i].cell;

                name_sensor(&is->sensors[k], *c[0].text != '\0' ? c[0].text : c[1].text);
                say_light_in_dbm(&is->sensors[k]);
                break;
            }
}
