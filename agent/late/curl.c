/* SPDX-License-Identifier: GPL-3.0-or-later */
/* curl.c - libcurl's functions that libnhip calls, loaded late */
#include "agent/late/late.h"
#include <curl/curl.h>
#include <stdarg.h>
#include <stddef.h>

/* They are macros too, which check their arguments or call the functions below. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

static struct late_library curl = { .soname = LATE_CURL };

LATE(curl, CURLcode, curl_global_init, (long flags), (flags), CURLE_FAILED_INIT)
LATE_VOID(curl, curl_global_cleanup, (void), ())
LATE(curl, CURL *, curl_easy_init, (void), (), NULL)
LATE_VOID(curl, curl_easy_cleanup, (CURL * easy), (easy))
LATE(curl, const char *, curl_easy_strerror, (CURLcode code), (code),
    "libcurl is not installed")
LATE(curl, time_t, curl_getdate, (const char *text, const time_t *unused), (text, unused),
    -1)
LATE(curl, CURLM *, curl_multi_init, (void), (), NULL)
LATE(curl, CURLMcode, curl_multi_cleanup, (CURLM * multi), (multi), CURLM_BAD_HANDLE)
LATE(curl, CURLMcode, curl_multi_add_handle, (CURLM * multi, CURL *easy), (multi, easy),
    CURLM_BAD_HANDLE)
LATE(curl, CURLMcode, curl_multi_remove_handle, (CURLM * multi, CURL *easy),
    (multi, easy), CURLM_BAD_HANDLE)
LATE(curl, CURLMcode, curl_multi_assign, (CURLM * multi, curl_socket_t fd, void *data),
    (multi, fd, data), CURLM_BAD_HANDLE)
LATE(curl, CURLMsg *, curl_multi_info_read, (CURLM * multi, int *left), (multi, left),
    NULL)
LATE(curl, CURLMcode, curl_multi_socket_action,
    (CURLM * multi, curl_socket_t fd, int events, int *running),
    (multi, fd, events, running), CURLM_BAD_HANDLE)

/* The three with one more argument of any type, which the option's number tells. */
CURLcode
curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    LATE_FIND(curl, curl_easy_setopt);
    CURLcode code = CURLE_FAILED_INIT;
    va_list more;

    va_start(more, option);
    if (real == NULL)
        code = CURLE_FAILED_INIT;
    else if (option < CURLOPTTYPE_OBJECTPOINT)
        /* NOLINTNEXTLINE(bugprone-branch-clone): a curl_off_t is a long here */
        code = real(easy, option, va_arg(more, long));
    else if (option < CURLOPTTYPE_OFF_T || option >= CURLOPTTYPE_BLOB)
        code = real(easy, option, va_arg(more, void *));
    else
        code = real(easy, option, va_arg(more, curl_off_t));
    va_end(more);
    return code;
}

CURLcode
curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    LATE_FIND(curl, curl_easy_getinfo);
    CURLcode code = CURLE_FAILED_INIT;
    va_list more;

    va_start(more, info);
    if (real != NULL)
        code = real(easy, info, va_arg(more, void *));
    va_end(more);
    return code;
}

CURLMcode
curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
    LATE_FIND(curl, curl_multi_setopt);
    CURLMcode code = CURLM_BAD_HANDLE;
    va_list more;

    va_start(more, option);
    if (real == NULL)
        code = CURLM_BAD_HANDLE;
    else if ((int)option < (int)CURLOPTTYPE_OBJECTPOINT)
        /* NOLINTNEXTLINE(bugprone-branch-clone): a curl_off_t is a long here */
        code = real(multi, option, va_arg(more, long));
    else if ((int)option < (int)CURLOPTTYPE_OFF_T)
        code = real(multi, option, va_arg(more, void *));
    else
        code = real(multi, option, va_arg(more, curl_off_t));
    va_end(more);
    return code;
}
