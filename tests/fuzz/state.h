/* SPDX-License-Identifier: GPL-3.0-or-later */
/* state.h - a small inventory for the fuzz targets of saved states, made once */
#ifndef STATE_H
#define STATE_H

#include "collector/inventory.h"
#include "libnhip/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void
drop_line(void *arg, enum nh_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

static const struct inventory *
state_inventory(void)
{
    static const char conf[] =
        "province \"p\" { name = \"P\" }\n"
        "contact \"kt\" { name = \"K\" sms = \"0900000000\" hours = \"office_hours\" }\n"
        "contact \"truc\" { name = \"T\" email = \"t@example.vn\" }\n"
        "centre { name = \"C\" tell = { \"truc\" } }\n"
        "carrier \"vnpt\" { name = \"VNPT\" tell = { \"truc\" } }\n"
        "pop \"n1\" { carrier = \"vnpt\" name = \"N1\" }\n"
        "alerts { outage_after_s = 120 together = 3 quiet = \"22:00-06:00\"\n"
        " escalate = { \"15min:truc\" } }\n"
        "site \"s0\" { name = \"S0\" code = \"01320\" technicians = { \"kt\" }\n"
        " link \"vnpt\" { carrier = \"vnpt\" pop = \"n1\" interface = \"e1\"\n"
        " address = \"10.0.0.2\" gateway = \"10.0.0.1\" reflector = \"10.9.9.9\" }\n"
        " device \"ups\" { address = \"10.0.0.5\" kind = \"ups\" } }\n"
        "site \"s1\" { name = \"S1\" technicians = { \"kt\" }\n"
        " link \"vnpt\" { carrier = \"vnpt\" pop = \"n1\" interface = \"e1\"\n"
        " address = \"10.0.1.2\" gateway = \"10.0.1.1\" reflector = \"10.9.9.9\" } }\n"
        "service \"web\" { name = \"W\" url = \"https://w.example.vn/\"\n"
        " from = { \"sites\", \"collector\" } tell = { \"truc\" } }\n";
    static struct inventory *inv;
    struct nh_conf_problem problem;
    char path[64];
    int fd;

    if (inv != NULL)
        return inv;
    nh_log_capture(drop_line, NULL);
    fd = memfd_create("conf", MFD_CLOEXEC);
    if (fd < 0 || write(fd, conf, strlen(conf)) != (ssize_t)strlen(conf))
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (inventory_load(&inv, path, &problem) != NH_OK) {
        fprintf(stderr, "%s\n", problem.text);
        abort();
    }
    close(fd);
    return inv;
}

#endif
