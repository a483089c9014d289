/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check.c - counts what held, prints what did not, and cleans up after the tests */
#include "tests/unit/check.h"
#include <ctype.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned long checks, failures;
static const char *running = "";
static char tmpdir[64];

static void
fail_head(const char *file, int line, const char *name)
{
    failures++;
    fprintf(stderr, "%s:%d: %s%s%s%s: ", file, line, running, *name ? " [" : "", name,
        *name ? "]" : "");
}

void
check_that(bool ok, const char *file, int line, const char *what, const char *name)
{
    checks++;
    if (ok)
        return;
    fail_head(file, line, name);
    fprintf(stderr, "%s does not hold\n", what);
}

void
check_eq(long long got, long long want, const char *file, int line, const char *what,
    const char *name)
{
    checks++;
    if (got == want)
        return;
    fail_head(file, line, name);
    fprintf(stderr, "%s is %lld, not %lld\n", what, got, want);
}

void
check_str(const char *got, const char *want, const char *file, int line, const char *name)
{
    checks++;
    if (got != NULL && want != NULL && strcmp(got, want) == 0)
        return;
    fail_head(file, line, name);
    fprintf(stderr, "got  \"%s\"\n     want \"%s\"\n", got ? got : "(null)",
        want ? want : "(null)");
}

void
check_near(
    double got, double want, double by, const char *file, int line, const char *name)
{
    checks++;
    if (fabs(got - want) <= by)
        return;
    fail_head(file, line, name);
    fprintf(stderr, "%.9g is not within %.3g of %.9g\n", got, by, want);
}

void
check_run(const char *name, void (*test)(void))
{
    unsigned long before = failures;

    running = name;
    test();
    printf("%s %s\n", failures == before ? "ok  " : "FAIL", name);
    running = "";
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

int
check_done(void)
{
    if (tmpdir[0])
        nftw(tmpdir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    printf("%lu checks, %lu failures\n", checks, failures);
    return failures > 0 || checks == 0;
}

const char *
check_tmpdir(void)
{
    if (!tmpdir[0]) {
        snprintf(tmpdir, sizeof(tmpdir), "/tmp/nhip-check.XXXXXX");
        if (mkdtemp(tmpdir) == NULL)
            abort();
    }
    return tmpdir;
}

size_t
unhex(uint8_t *out, size_t size, const char *hex)
{
    size_t n = 0;

    while (*hex) {
        char pair[3] = { 0 };

        if (isspace((unsigned char)*hex)) {
            hex++;
            continue;
        }
        if (!isxdigit((unsigned char)hex[0]) || !isxdigit((unsigned char)hex[1]) ||
            n == size)
            abort();
        memcpy(pair, hex, 2);
        out[n++] = (uint8_t)strtoul(pair, NULL, 16);
        hex += 2;
    }
    return n;
}
