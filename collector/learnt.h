/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * learnt.h - what the machine (diagnose.h) knows of a link beyond its rounds of now
 *
 * Plain data: diagnose.c works it out of evidence that it keeps and saves, the judge puts
 * it beside the link's state. So page, incident and replay mean the same by `flapping`
 * and by "normally".
 */
#ifndef LEARNT_H
#define LEARNT_H

#include <stdbool.h>
#include <stdint.h>

struct learnt {
    int32_t usual_us; /* 0: too little has been seen of it */
    int32_t now_us;   /* median of the last five minutes; 0: none */
    bool unusual;     /* far from the usual */
    bool flapping;    /* dropped often of late, and not yet calm again */
    uint32_t drops;   /* flapping: how often, in half an hour */
    int64_t flapping_since_ms;
};

#endif
