/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * snmp_detail.c - a row of `tables` is a table: its columns, and what becomes of its rows
 *
 * The rows of a table are gathered as cells, a text and a number each, and handed over
 * together when the table has been read whole; the results of before stand until then. A
 * table that the device does not have costs one request a turn.
 */
#include "libnhip/snmp_detail.h"
#include "libnhip/buf.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    COLUMNS_MAX = 6,
    INDEX_MAX = 40, /* rows with a longer index are left out */
    ROWS_MAX = 1024,
    SENSORS_MAX = 512,
    EVERY_US = 120 * 1000000,
    STORAGE_MIN_BYTES = 1000000,
    NO_LIGHT_DBM = -40,
    OPTICS_MAX_DBM = 45, /* either side of zero */
};

struct cell {
    bool has;
    double number; /* NAN: it is no number */
    char text[NH_SNMP_LABEL_MAX];
};

struct row {
    uint32_t index[INDEX_MAX];
    size_t index_len;
    struct cell cell[COLUMNS_MAX];
};

struct table {
    size_t max_rows;
    struct nh_oid columns[COLUMNS_MAX];
    /* Is it to be read at all, after what was read before it? NULL: always. */
    bool (*is_wanted)(const struct nh_snmp_detail *t);
    void (*take)(struct nh_snmp_detail *t, const struct row *rows, size_t count);
};

struct nh_snmp_detail {
    struct nh_snmp_walk *walk; /* under way */
    struct nh_snmp *session;   /* borrowed while it is */
    struct nh_snmp_pace *pace;
    size_t next;    /* table; 0: all has been read */
    int64_t due_us; /* when to begin again */
    struct row *rows;
    size_t row_count, row_cap, at;
    struct nh_snmp_details is;
};

/* Room for one more in a list of at most `max`; NULL: there is none. */
static void *
add(void *list, size_t size, size_t *count, size_t max)
{
    void **at = list;
    void *more;

    if (*count >= max)
        return NULL;
    if ((*count & (*count - 1)) == 0) { /* at 0, 1, 2, 4 ...: twice as many */
        more = realloc(*at, (*count == 0 ? 1 : *count * 2) * size);
        if (more == NULL)
            return NULL;
        *at = more;
    }
    more = (char *)*at + size * (*count)++;
    memset(more, 0, size);
    return more;
}

static void
put_label(char to[NH_SNMP_LABEL_MAX], const char *text)
{
    snprintf(to, NH_SNMP_LABEL_MAX, "%s", text);
}

/* ---- sensors ---- */

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
find_sensor(struct nh_snmp_detail *t, uint32_t index)
{
    for (size_t i = 0; i < t->is.sensor_count; i++)
        if (t->is.sensors[i].index == index)
            return &t->is.sensors[i];
    return add(&t->is.sensors, sizeof(*t->is.sensors), &t->is.sensor_count, SENSORS_MAX);
}

/* A module that does not measure itself has the least of 16 bits with IOS-XR; the
 * standard has the ends of what it allows for more than can be told. */
static bool
is_measured(const struct cell *value)
{
    return value->has && fabs(value->number) < 1e9 && value->number != INT16_MIN;
}

/* Scale 9 is units, each step a thousand; precision is decimals. Systems of Cisco that
 * have the standard table beside their own tell every sensor twice: their own is the one
 * that knows of dBm. */
static void
take_sensors(struct nh_snmp_detail *t, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct cell *c = rows[i].cell;
        const char *unit = c[SENSOR_TYPE].has ? unit_of(c[SENSOR_TYPE].number) : NULL;
        double scale = c[SENSOR_SCALE].has ? c[SENSOR_SCALE].number : 9;
        double precision = c[SENSOR_PRECISION].has ? c[SENSOR_PRECISION].number : 0;
        struct nh_snmp_sensor *s;

        if (unit == NULL || !is_measured(&c[SENSOR_VALUE]) || rows[i].index_len != 1 ||
            !(fabs(precision) <= 9) || !(scale >= 1 && scale <= 17) ||
            (c[SENSOR_STATUS].has && c[SENSOR_STATUS].number != 1))
            continue;
        s = find_sensor(t, rows[i].index[0]);
        if (s == NULL)
            return;
        s->index = rows[i].index[0];
        s->unit = unit;
        s->what = "";
        s->value = c[SENSOR_VALUE].number * pow(10, 3 * (scale - 9) - precision);
        snprintf(s->name, sizeof(s->name), "#%u", s->index);
    }
}

static void
begin_sensors(struct nh_snmp_detail *t, const struct row *rows, size_t count)
{
    t->is.sensor_count = 0;
    free(t->is.sensors);
    t->is.sensors = NULL;
    take_sensors(t, rows, count);
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
received_dbm(const struct cell *c)
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

static void
take_optics(struct nh_snmp_detail *t, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double dbm = received_dbm(rows[i].cell);
        struct nh_snmp_sensor *s;

        if (rows[i].index_len != 1 || isnan(dbm))
            continue;
        s = add(&t->is.sensors, sizeof(*s), &t->is.sensor_count, SENSORS_MAX);
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

static bool
has_sensors(const struct nh_snmp_detail *t)
{
    return t->is.sensor_count > 0;
}

static void
take_sensor_names(struct nh_snmp_detail *t, const struct row *rows, size_t count)
{
    for (size_t k = 0; k < t->is.sensor_count; k++)
        for (size_t i = 0; i < count; i++)
            if (rows[i].index_len == 1 && rows[i].index[0] == t->is.sensors[k].index) {
                const struct cell *c = rows[i].cell;

                if (*c[0].text != '\0' || *c[1].text != '\0')
                    snprintf(t->is.sensors[k].name, NH_SNMP_LABEL_MAX, "%.*s%s",
                        NH_SNMP_LABEL_MAX - 1 - (int)strlen(t->is.sensors[k].what),
                        *c[0].text != '\0' ? c[0].text : c[1].text,
                        t->is.sensors[k].what);
                say_light_in_dbm(&t->is.sensors[k]);
                break;
            }
}

/* ---- storage ---- */

static void
take_storage(struct nh_snmp_detail *t, const struct row *rows, size_t count)
{
    static const char ram[] = "1.3.6.1.2.1.25.2.1.2";

    t->is.storage_count = 0;
    free(t->is.storages);
    t->is.storages = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct cell *c = rows[i].cell; /* type, descr, units, size, used */
        struct nh_snmp_storage *s;

        if (!(c[2].number > 0) || !(c[2].number * c[3].number >= STORAGE_MIN_BYTES) ||
            !(c[4].number >= 0))
            continue; /* devfs and its like are kilobytes, and always full */
        s = add(&t->is.storages, sizeof(*s), &t->is.storage_count, ROWS_MAX);
        if (s == NULL)
            return;
        put_label(s->name, c[1].text);
        s->is_memory = strcmp(c[0].text, ram) == 0;
        s->size_bytes = c[2].number * c[3].number;
        s->used_bytes = c[2].number * c[4].number;
    }
}

/* ---- neighbours ---- */

static struct nh_snmp_neighbour *
add_neighbour(struct nh_snmp_detail *t, uint32_t local)
{
    struct nh_snmp_neighbour *n =
        add(&t->is.neighbours, sizeof(*n), &t->is.neighbour_count, ROWS_MAX);

    if (n != NULL)
        n->local_index = local;
    return n;
}

enum { LLDP_CHASSIS, LLDP_PORT, LLDP_PORT_DESCR, LLDP_NAME };

/* An address or a number of a port says less than its description. */
static bool
names_port(const char *id)
{
    size_t len = strlen(id);

    return strspn(id, "0123456789") < len &&
           !(len == 17 && id[2] == ':' && strspn(id, "0123456789abcdefABCDEF:") == len);
}

static const char *
port_label(const struct cell *id, const struct cell *descr)
{
    return names_port(id->text) || *descr->text == '\0' || strcmp(descr->text, "-") == 0
               ? id->text
               : descr->text;
}

/*
 * lldpRemTable, by time mark, local port and number: chassisId, portId, portDesc,
 * sysName. MikroTik has it by the number alone, or with a local port 0.
 */
static void
take_lldp(struct nh_snmp_detail *t, const struct row *rows, size_t count)
{
    struct nh_snmp_neighbour *n;

    t->is.neighbour_count = 0;
    free(t->is.neighbours);
    t->is.neighbours = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct cell *c = rows[i].cell;
        size_t len = rows[i].index_len;

        if ((len != 3 && len != 1) ||
            (n = add_neighbour(t, len == 3 ? rows[i].index[1] : 0)) == NULL)
            continue;
        n->number = rows[i].index[len - 1];
        put_label(n->name,
            *c[LLDP_NAME].text != '\0' ? c[LLDP_NAME].text : c[LLDP_CHASSIS].text);
        put_label(n->port, port_label(&c[LLDP_PORT], &c[LLDP_PORT_DESCR]));
    }
}

static bool
is_portless(const struct nh_snmp_neighbour *n)
{
    return n->local_index == 0 && n->number != 0;
}

static bool
has_portless(const struct nh_snmp_detail *t)
{
    for (size_t k = 0; k < t->is.neighbour_count; k++)
        if (is_portless(&t->is.neighbours[k]))
            return true;
    return false;
}

/* mtxrNeighborTable, by the same number: mtxrNeighborInterfaceID, an ifIndex. */
static void
take_mikrotik_ports(struct nh_snmp_detail *t, const struct row *rows, size_t count)
{
    for (size_t k = 0; k < t->is.neighbour_count; k++)
        for (size_t i = 0; i < count && is_portless(&t->is.neighbours[k]); i++)
            if (rows[i].index_len == 1 &&
                rows[i].index[0] == t->is.neighbours[k].number &&
                rows[i].cell[0].number > 0 && rows[i].cell[0].number <= (double)INT32_MAX)
                t->is.neighbours[k].local_index = (uint32_t)rows[i].cell[0].number;
}

static bool
has_neighbours(const struct nh_snmp_detail *t)
{
    return t->is.neighbour_count > 0;
}

/* lldpLocPortTable: portId, portDesc of the ports that LLDP counts its own way. */
static void
take_lldp_ports(struct nh_snmp_detail *t, const struct row *rows, size_t count)
{
    for (size_t k = 0; k < t->is.neighbour_count; k++)
        for (size_t i = 0; i < count; i++)
            if (rows[i].index_len == 1 &&
                rows[i].index[0] == t->is.neighbours[k].local_index) {
                const struct cell *c = rows[i].cell;

                put_label(t->is.neighbours[k].local, port_label(&c[0], &c[1]));
                t->is.neighbours[k].is_vague = !names_port(c[0].text);
                break;
            }
}

/* "0/1" of "Gi0/1" */
static const char *
number_of(const char *port)
{
    return port + strcspn(port, "0123456789");
}

/*
 * Is it a neighbour that LLDP has told of? CDP adds to its name ("sw-1.xa.vn",
 * "sw-1(SN)") and shortens its port in another way ("Gi0/1", "GigabitEthernet0/1"). Some
 * have LLDP's neighbours in CDP's table by their address.
 */
static bool
is_known(
    const struct nh_snmp_detail *t, uint32_t local, const char *name, const char *port)
{
    for (size_t k = 0; k < t->is.neighbour_count; k++) {
        const struct nh_snmp_neighbour *n = &t->is.neighbours[k];
        size_t len = strlen(n->name);

        if (n->number == 0 || len == 0)
            continue;
        if (strncasecmp(n->name, name, len) == 0 &&
            (name[len] == '\0' || name[len] == '.' || name[len] == '(') &&
            strcmp(number_of(n->port), number_of(port)) == 0)
            return true;
        if (n->local_index == local && !names_port(name) && strcmp(n->port, port) == 0)
            return true;
    }
    return false;
}

/* cdpCacheTable, by ifIndex and number: device, port. */
static void
take_cdp(struct nh_snmp_detail *t, const struct row *rows, size_t count)
{
    struct nh_snmp_neighbour *n;

    for (size_t i = 0; i < count; i++) {
        const struct cell *c = rows[i].cell;

        if (rows[i].index_len != 2 ||
            is_known(t, rows[i].index[0], c[0].text, c[1].text) ||
            (n = add_neighbour(t, rows[i].index[0])) == NULL)
            continue;
        put_label(n->name, c[0].text);
        put_label(n->port, c[1].text);
    }
}

/* dot1dTpFdbPort: the bridge port of each address. A row a port is enough. */
static void
take_stations(struct nh_snmp_detail *t, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t port = rows[i].cell[0].number > 0 && rows[i].cell[0].number < 65536
                            ? (uint32_t)rows[i].cell[0].number
                            : 0;
        struct nh_snmp_neighbour *n = NULL;

        for (size_t k = 0; k < t->is.neighbour_count && port != 0 && n == NULL; k++)
            if (t->is.neighbours[k].stations > 0 &&
                t->is.neighbours[k].local_index == port)
                n = &t->is.neighbours[k];
        if (port != 0 && n == NULL && (n = add_neighbour(t, port)) != NULL)
            snprintf(n->local, sizeof(n->local), "bridge port %u", port);
        if (n != NULL)
            n->stations++;
    }
}

/* The bridge's port `port`, or NULL. */
static const struct row *
find_bridge_port(const struct row *rows, size_t count, uint32_t port)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].index_len == 1 && rows[i].index[0] == port &&
            rows[i].cell[0].number > 0 && rows[i].cell[0].number <= (double)INT32_MAX)
            return &rows[i];
    return NULL;
}

/*
 * dot1dBasePortIfIndex: the bridge's ports are counted its own way, too. RouterOS names
 * an ifIndex where the port of the bridge should be: most of them are then no bridge's
 * port.
 */
static void
take_bridge_ports(struct nh_snmp_detail *t, const struct row *rows, size_t count)
{
    size_t known = 0, unknown = 0;

    for (size_t k = 0; k < t->is.neighbour_count; k++)
        if (t->is.neighbours[k].stations > 0)
            *(find_bridge_port(rows, count, t->is.neighbours[k].local_index) != NULL
                    ? &known
                    : &unknown) += 1;
    for (size_t k = 0; k < t->is.neighbour_count; k++) {
        struct nh_snmp_neighbour *n = &t->is.neighbours[k];
        const struct row *port = n->stations > 0 && unknown <= known
                                     ? find_bridge_port(rows, count, n->local_index)
                                     : NULL;

        if (port != NULL)
            n->local_index = (uint32_t)port->cell[0].number;
        if (port != NULL || (n->stations > 0 && count > 0 && unknown > known))
            *n->local = '\0'; /* the device knows its name */
    }
}

/* ---- pings ---- */

/* pingResultsTable, by two names: average, answers, sent. Names are lengths and letters.
 */
static void
take_pings(struct nh_snmp_detail *t, const struct row *rows, size_t count)
{
    t->is.ping_count = 0;
    free(t->is.pings);
    t->is.pings = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct cell *c = rows[i].cell;
        size_t owner = rows[i].index[0], from = owner + 2;
        struct nh_snmp_ping *p;

        if (owner >= INDEX_MAX || from > rows[i].index_len ||
            (p = add(&t->is.pings, sizeof(*p), &t->is.ping_count, ROWS_MAX)) == NULL)
            continue;
        for (size_t k = from; k < rows[i].index_len; k++)
            p->target[k - from] = rows[i].index[k] > ' ' && rows[i].index[k] < 127
                                      ? (char)rows[i].index[k]
                                      : '?';
        p->rtt_avg_ms = c[0].has ? c[0].number : NAN;
        p->loss_pct = c[2].number > 0 && c[1].number >= 0 && c[1].number <= c[2].number
                          ? 100 * (1 - c[1].number / c[2].number)
                          : NAN;
    }
}

/* ---- the tables ---- */

// clang-format off
#define ENTITY_SENSOR(n) { 11, { 1, 3, 6, 1, 2, 1, 99, 1, 1, 1, n } }
#define CISCO_SENSOR(n)  { 14, { 1, 3, 6, 1, 4, 1, 9, 9, 91, 1, 1, 1, 1, n } }
#define HUAWEI_OPTICS(n) { 15, { 1, 3, 6, 1, 4, 1, 2011, 5, 25, 31, 1, 1, 3, 1, n } }
#define ENTITY(n)        { 12, { 1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, n } }
#define STORAGE(n)       { 11, { 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, n } }
#define LLDP_REMOTE(n)   { 11, { 1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, n } }
#define LLDP_LOCAL(n)    { 11, { 1, 0, 8802, 1, 1, 2, 1, 3, 7, 1, n } }
#define MIKROTIK_NEIGHBOUR(n) { 13, { 1, 3, 6, 1, 4, 1, 14988, 1, 1, 11, 1, 1, n } }
#define CDP(n)           { 14, { 1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1, n } }
#define PING_RESULT(n)   { 11, { 1, 3, 6, 1, 2, 1, 80, 1, 3, 1, n } }

static const struct table tables[] = {
    { SENSORS_MAX, { ENTITY_SENSOR(1), ENTITY_SENSOR(2), ENTITY_SENSOR(3), ENTITY_SENSOR(4), ENTITY_SENSOR(5) }, NULL, begin_sensors },
    { SENSORS_MAX, { CISCO_SENSOR(1), CISCO_SENSOR(2), CISCO_SENSOR(3), CISCO_SENSOR(4), CISCO_SENSOR(5) }, NULL, take_sensors },
    { SENSORS_MAX, { HUAWEI_OPTICS(7), HUAWEI_OPTICS(8), HUAWEI_OPTICS(32) }, NULL, take_optics },
    { ROWS_MAX * 2, { ENTITY(7), ENTITY(2) }, has_sensors, take_sensor_names },
    { ROWS_MAX, { STORAGE(2), STORAGE(3), STORAGE(4), STORAGE(5), STORAGE(6) }, NULL, take_storage },
    { ROWS_MAX, { LLDP_REMOTE(5), LLDP_REMOTE(7), LLDP_REMOTE(8), LLDP_REMOTE(9) }, NULL, take_lldp },
    { ROWS_MAX, { MIKROTIK_NEIGHBOUR(8) }, has_portless, take_mikrotik_ports },
    { ROWS_MAX, { LLDP_LOCAL(3), LLDP_LOCAL(4) }, has_neighbours, take_lldp_ports },
    { ROWS_MAX, { CDP(6), CDP(7) }, NULL, take_cdp },
    { ROWS_MAX, { { 11, { 1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 2 } } }, NULL, take_stations },
    { ROWS_MAX, { { 11, { 1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2 } } }, has_neighbours, take_bridge_ports },
    { ROWS_MAX, { PING_RESULT(6), PING_RESULT(7), PING_RESULT(8) }, NULL, take_pings },
};
// clang-format on

/* ---- reading ---- */

static struct row *
find_row(struct nh_snmp_detail *t, const unsigned long *index, size_t len, size_t max)
{
    for (size_t tried = 0; tried < t->row_count; tried++) {
        struct row *r = &t->rows[(t->at + tried) % t->row_count];
        size_t k = 0;

        if (r->index_len != len)
            continue;
        while (k < len && r->index[k] == index[k])
            k++;
        if (k == len) {
            t->at = (size_t)(r - t->rows);
            return r;
        }
    }
    if (t->row_count == t->row_cap) {
        size_t cap = t->row_cap == 0 ? 16 : t->row_cap * 2;
        struct row *more =
            t->row_count < max ? realloc(t->rows, cap * sizeof(*more)) : NULL;

        if (more == NULL)
            return NULL;
        t->rows = more;
        t->row_cap = cap;
    }
    t->at = t->row_count++;
    memset(&t->rows[t->at], 0, sizeof(t->rows[0]));
    t->rows[t->at].index_len = len;
    for (size_t k = 0; k < len; k++)
        t->rows[t->at].index[k] = (uint32_t)index[k];
    return &t->rows[t->at];
}

/* An address of 6 bytes is no text, be it that its bytes would be letters; a text of 6
 * may end with NULs. LLDP names ports by either. */
static bool
is_address(const uint8_t *b, size_t len)
{
    size_t end = len;

    if (len != 6)
        return false;
    while (end > 0 && b[end - 1] == '\0')
        end--;
    for (size_t i = 0; i < end; i++)
        if (b[i] < ' ' || b[i] == 0x7f)
            return true;
    return !nh_utf8_is_valid((const char *)b, len);
}

static void
put_cell_text(const struct nh_snmp_var *v, char out[NH_SNMP_LABEL_MAX])
{
    const uint8_t *b = v->bytes;

    if (v->type == NH_SNMP_OBJECT)
        nh_oid_text(
            v->bytes, v->bytes_len / sizeof(unsigned long), out, NH_SNMP_LABEL_MAX);
    else if (is_address(b, v->bytes_len))
        snprintf(out, NH_SNMP_LABEL_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1],
            b[2], b[3], b[4], b[5]);
    else
        nh_snmp_text(v, out, NH_SNMP_LABEL_MAX);
}

static void
on_detail_cell(void *arg, size_t column, const unsigned long *index, size_t index_len,
    const struct nh_snmp_var *v, int64_t mono_us)
{
    struct nh_snmp_detail *t = arg;
    struct row *r = index_len <= INDEX_MAX && index_len > 0
                        ? find_row(t, index, index_len, tables[t->next].max_rows)
                        : NULL;
    struct cell *c;

    (void)mono_us;
    if (r == NULL)
        return;
    c = &r->cell[column];
    c->has = true;
    c->number = NAN;
    if (v->type == NH_SNMP_BYTES || v->type == NH_SNMP_OBJECT)
        put_cell_text(v, c->text);
    else if (!nh_snmp_number(v, &c->number))
        c->has = false;
}

static void start_table(struct nh_snmp_detail *t);

static void
drop_rows(struct nh_snmp_detail *t)
{
    free(t->rows);
    t->rows = NULL;
    t->row_count = t->row_cap = t->at = 0;
}

/* A table that could not be read is as it was before; the next one is tried. */
static void
on_detail_walked(void *arg, const struct nh_snmp_walked *what)
{
    struct nh_snmp_detail *t = arg;

    t->walk = NULL;
    if (what->result == NH_SNMP_OK)
        tables[t->next].take(t, t->rows, t->row_count);
    drop_rows(t);
    t->next++;
    if (what->result != NH_SNMP_TIMEOUT)
        start_table(t);
}

static void
start_table(struct nh_snmp_detail *t)
{
    struct nh_snmp_walk_plan plan = {
        .on_cell = on_detail_cell, .on_done = on_detail_walked, .arg = t
    };

    while (t->next < NH_COUNT(tables) && tables[t->next].is_wanted != NULL &&
           !tables[t->next].is_wanted(t))
        t->next++;
    if (t->next == NH_COUNT(tables))
        return;
    plan.columns = tables[t->next].columns;
    plan.max_rows = tables[t->next].max_rows;
    while (plan.count < COLUMNS_MAX && plan.columns[plan.count].len > 0)
        plan.count++;
    if (nh_snmp_walk_start(&t->walk, t->session, t->pace, &plan) != NH_OK)
        t->walk = NULL;
}

void
nh_snmp_detail_go_on(struct nh_snmp_detail *t, struct nh_snmp *s,
    struct nh_snmp_pace *pace, int64_t now_us)
{
    if (t->walk != NULL)
        return;
    t->session = s;
    t->pace = pace;
    if (t->next >= NH_COUNT(tables)) {
        if (now_us < t->due_us)
            return;
        t->next = 0;
    }
    if (t->next == 0)
        t->due_us = now_us + EVERY_US;
    start_table(t);
}

void
nh_snmp_detail_stop(struct nh_snmp_detail *t)
{
    nh_snmp_walk_stop(t->walk);
    t->walk = NULL;
    drop_rows(t);
}

void
nh_snmp_detail_forget(struct nh_snmp_detail *t)
{
    nh_snmp_detail_stop(t);
    t->next = 0;
    t->due_us = 0;
}

const struct nh_snmp_details *
nh_snmp_detail_get(const struct nh_snmp_detail *t)
{
    return &t->is;
}

enum nh_err
nh_snmp_detail_new(struct nh_snmp_detail **out)
{
    *out = calloc(1, sizeof(**out));
    return *out != NULL ? NH_OK : NH_ENOMEM;
}

void
nh_snmp_detail_free(struct nh_snmp_detail *t)
{
    if (t == NULL)
        return;
    nh_snmp_detail_stop(t);
    free(t->is.sensors);
    free(t->is.storages);
    free(t->is.neighbours);
    free(t->is.pings);
    free(t);
}
