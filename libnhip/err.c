/* SPDX-License-Identifier: GPL-3.0-or-later */
/* err.c - one phrase an error */
#include "libnhip/err.h"

const char *
nh_strerror(enum nh_err err)
{
    switch (err) {
    case NH_OK:
        return "no error";
    case NH_EAGAIN:
        return "not yet";
    case NH_ENOMEM:
        return "out of memory";
    case NH_EIO:
        return "input/output error";
    case NH_ENOSPC:
        return "no space left";
    case NH_EFORMAT:
        return "malformed";
    case NH_ETOOBIG:
        return "over its limit";
    case NH_EEMPTY:
        return "nothing there";
    case NH_EINVAL:
        return "invalid value";
    case NH_ENOTFOUND:
        return "not found";
    case NH_EEXIST:
        return "exists already";
    case NH_ELOCKED:
        return "in use by another process";
    case NH_ETIMEOUT:
        return "timed out";
    case NH_ECLOSED:
        return "closed by the other side";
    case NH_EAUTH:
        return "not authenticated";
    case NH_ECONF:
        return "configuration refused";
    case NH_EGAP:
        return "records are missing here";
    }
    return "unknown error";
}
