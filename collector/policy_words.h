/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy_words.h - what policy.c and policy_words.c share beyond policy.h */
#ifndef POLICY_WORDS_H
#define POLICY_WORDS_H

#include "collector/policy.h"
#include "libnhip/text.h"

#endif
