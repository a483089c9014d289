/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check.h - what unit tests are written in: checks that say where and what, and go on
 *
 *   int main(void) { RUN(decode_rejects); return check_done(); }
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void check_that(bool ok, const char *file, int line, const char *what, const char *name);
void check_eq(long long got, long long want, const char *file, int line, const char *what,
    const char *name);
void check_str(
    const char *got, const char *want, const char *file, int line, const char *name);
void check_near(
    double got, double want, double by, const char *file, int line, const char *name);
void check_run(const char *name, void (*test)(void));
int check_done(void); /* exit status: 0 when every check held and at least one ran */

#define CHECK(cond) check_that((cond), __FILE__, __LINE__, #cond, "")
#define CHECK_NAMED(cond, name) check_that((cond), __FILE__, __LINE__, #cond, name)
#define CHECK_EQ(got, want, name)                                                        \
    check_eq((long long)(got), (long long)(want), __FILE__, __LINE__, #got, name)
#define CHECK_STR(got, want, name) check_str((got), (want), __FILE__, __LINE__, name)
#define CHECK_NEAR(got, want, by, name)                                                  \
    check_near((got), (want), (by), __FILE__, __LINE__, name)
#define RUN(test) check_run(#test, test)

/* "4e48 ff02" -> bytes; returns how many. Aborts on anything that is not hex. */
size_t unhex(uint8_t *out, size_t size, const char *hex);
/* A private directory that check_done() removes. */
const char *check_tmpdir(void);

#endif
