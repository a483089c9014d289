/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table.h - the causes there are, in the order in which they are tried
 *
 * A cause is a file and a row. Its rule looks at a group's evidence (struct group, filled
 * by group_weigh) and, where it holds, names party, confidence, what else it could be and
 * what reading would settle the doubt, and says its reasons. The first that holds wins:
 * planned work and the centre's own troubles before anybody is blamed, proof before
 * suspicion, the general before the particular.
 */
#ifndef CAUSES_TABLE_H
#define CAUSES_TABLE_H

#include "collector/diagnose_model.h"

#define CAUSE_ROWS(ROW)                                                                  \
    ROW(planned)                                                                         \
    ROW(service)                                                                         \
    ROW(data_centre)                                                                     \
    ROW(monitoring)                                                                      \
    ROW(power)                                                                           \
    ROW(carrier_core)                                                                    \
    ROW(carrier_node)                                                                    \
    ROW(congestion)                                                                      \
    ROW(site_lan)                                                                        \
    ROW(last_mile)                                                                       \
    ROW(unknown)

#define CAUSE_DECLARE(NAME) extern const struct cause_rule cause_##NAME;
CAUSE_ROWS(CAUSE_DECLARE)

#endif
