/* SPDX-License-Identifier: GPL-3.0-or-later */
/* device.c - everything that SNMP has learnt of a device, for a terminal */
#include "libnhip/text.h"
#include "nhipctl/ctl.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *
str(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s != NULL ? s : "";
}

/* NAN where it is not known. */
static double
num(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);

    return json_is_number(v) ? json_number_value(v) : NAN;
}

/* "12.3 M", "-" when not known. */
static const char *
scaled(double v, char out[16])
{
    static const char *const units[] = { "", " k", " M", " G", " T" };
    size_t u = 0;

    if (isnan(v))
        return "-";
    for (; u + 1 < NH_COUNT(units) && v >= 999.5; u++)
        v /= 1000;
    snprintf(out, 16, v < 9.95 && u > 0 ? "%.1f%s" : "%.0f%s", v, units[u]);
    return out;
}

static void
print_uptime(double s)
{
    if (!isnan(s))
        printf(", up %.0f d %02.0f:%02.0f", floor(s / 86400), floor(fmod(s / 3600, 24)),
            floor(fmod(s / 60, 60)));
}

static void
print_check(const json_t *check)
{
    const char *metric;
    const json_t *value;

    if (!json_is_object(check))
        return;
    printf("  %-34s %s", str(check, "id"), str(check, "state"));
    json_object_foreach(
        json_object_get(check, "values"), metric, value) if (json_is_number(value))
        printf(" %s=%.6g", metric, json_number_value(value));
    putchar('\n');
}

static void
print_interfaces(const json_t *list)
{
    static const char *const states[] = { "?", "up", "down", "testing", "unknown",
        "dormant", "absent", "lower down" };
    const json_t *row;
    size_t i;

    if (json_array_size(list) > 0)
        printf("  %-6s %-18s %-10s %8s %8s %8s %8s %8s %8s  %s\n", "index", "port",
            "state", "speed", "in", "out", "err/s", "drop/s", "rx dBm", "name");
    json_array_foreach(list, i, row)
    {
        unsigned oper = (unsigned)json_integer_value(json_object_get(row, "oper"));
        char speed[16], in[16], out[16], errors[16], drops[16], power[16] = "-";

        if (!isnan(num(row, "rx_power_dbm")))
            snprintf(power, sizeof(power), "%.2f", num(row, "rx_power_dbm"));
        printf("  %-6.0f %-18s %-10s %8s %8s %8s %8s %8s %8s  %s\n", num(row, "index"),
            str(row, "name"),
            json_integer_value(json_object_get(row, "admin")) == 2 ? "off"
            : oper < NH_COUNT(states)                              ? states[oper]
                                                                   : "?",
            scaled(num(row, "speed_bps"), speed), scaled(num(row, "rx_bps"), in),
            scaled(num(row, "tx_bps"), out),
            scaled(num(row, "rx_errors_ps") + num(row, "tx_errors_ps"), errors),
            scaled(num(row, "rx_drops_ps") + num(row, "tx_drops_ps"), drops), power,
            strcmp(str(row, "alias"), str(row, "name")) != 0 ? str(row, "alias") : "");
    }
}

static void
print_rows(const char *head, const json_t *list)
{
    const char *key;
    const json_t *row, *value;
    size_t i;

    if (json_array_size(list) > 0)
        printf("%s\n", head);
    json_array_foreach(list, i, row)
    {
        printf(" ");
        json_object_foreach((json_t *)(uintptr_t)row, key, value)
        {
            if (json_is_string(value))
                printf(" %s=%s", key, json_string_value(value));
            else if (json_is_number(value))
                printf(" %s=%.6g", key, json_number_value(value));
        }
        putchar('\n');
    }
}

static void
print_learnt(const json_t *is)
{
    const char *metric;
    const json_t *value;
    size_t i;

    printf("%s (SNMP v%.0f, %.0f s ago)\n", str(is, "words"), num(is, "version"),
        num(is, "age_s"));
    printf("  %s, %s", str(is, "name"),
        *str(is, "profile") ? str(is, "profile") : "no profile");
    print_uptime(num(is, "uptime_s"));
    printf("\n  %s\n", str(is, "descr"));
    json_array_foreach(json_object_get(is, "notes"), i, value)
        printf("  note: %s\n", nh_text(NH_EN, json_string_value(value)));
    if (json_object_size(json_object_get(is, "health")) > 0)
        printf("  health:");
    json_object_foreach(json_object_get(is, "health"), metric, value)
        printf(" %s=%.6g", metric, json_number_value(value));
    putchar('\n');
    print_interfaces(json_object_get(is, "interfaces"));
    print_rows("sensors", json_object_get(is, "sensors"));
    print_rows("storage", json_object_get(is, "storage"));
    print_rows("neighbours", json_object_get(is, "neighbours"));
    print_rows("its own pings", json_object_get(is, "pings"));
}

int
ctl_device(struct ctl *ctl)
{
    const json_t *row;
    json_t *is;
    size_t i;
    int status;

    is = ctl_ask(
        ctl, json_pack("{s:s, s:s}", "do", "device", "device", ctl->argv[0]), &status);
    if (is == NULL)
        return status;
    if (ctl->json) {
        ctl_print_json(is);
        json_decref(is);
        return CTL_DONE;
    }
    printf("%s: %s at %s (%s), asked by the %s\n", str(is, "id"),
        *str(is, "kind") ? str(is, "kind") : "device", str(is, "site_name"),
        str(is, "address"), str(is, "asked_by"));
    print_check(json_object_get(is, "ping"));
    print_check(json_object_get(is, "snmp"));
    json_array_foreach(json_object_get(is, "links"), i, row)
        printf("  link %s is at port %s\n", str(row, "link"), str(row, "port"));
    if (*str(is, "why") != '\0')
        printf("%s\n", nh_text(NH_EN, str(is, "why")));
    if (json_is_object(json_object_get(is, "learnt")))
        print_learnt(json_object_get(is, "learnt"));
    json_decref(is);
    return CTL_DONE;
}
