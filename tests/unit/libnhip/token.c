/* SPDX-License-Identifier: GPL-3.0-or-later */
/* token.c - join tokens survive case, and nothing mistyped; key files keep their mode */
#include "libnhip/token.h"
#include "tests/unit/check.h"
#include <ctype.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct nh_token sample = {
    .host = "nhip.cao-bang.example", .port = 7443, .identity = "k3v5xq2mabcdwz7y"
};

static void
golden(void)
{
    char line[NH_TOKEN_MAX];
    struct nh_token got;
    const char *why = NULL;

    for (size_t i = 0; i < NH_KEY_LEN; i++)
        sample.secret[i] = (uint8_t)i;
    CHECK_EQ(nh_token_format(&sample, line), NH_OK, "format");
    CHECK(strncmp(line,
              "nhip1.nhip.cao-bang.example.7443.k3v5xq2mabcdwz7y."
              "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq.",
              103) == 0);
    CHECK_EQ(strlen(line), 103 + 7, "length");
    CHECK_EQ(nh_token_parse(line, &got, &why), NH_OK, why);
    CHECK_STR(got.host, sample.host, "host");
    CHECK_STR(got.identity, sample.identity, "identity");
    CHECK_EQ(got.port, 7443, "port");
    CHECK(memcmp(got.secret, sample.secret, NH_KEY_LEN) == 0);
    for (char *p = line; *p != '\0'; p++)
        *p = (char)toupper((unsigned char)*p);
    CHECK_EQ(nh_token_parse(line, &got, &why), NH_OK, "upper case");
    CHECK_STR(got.host, sample.host, "host in lower case again");
}

/* Every single character mistyped, every two neighbours swapped, every one left out. */
static void
mistyped(void)
{
    static const char keys[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
    char line[NH_TOKEN_MAX], bad[NH_TOKEN_MAX];
    struct nh_token got;
    const char *why;
    size_t len, missed = 0, tried = 0;

    CHECK_EQ(nh_token_format(&sample, line), NH_OK, "format");
    len = strlen(line);
    for (size_t i = 0; i < len; i++) {
        for (const char *k = keys; *k != '\0'; k++) {
            memcpy(bad, line, len + 1);
            bad[i] = *k;
            if (bad[i] == line[i])
                continue;
            tried++;
            missed += nh_token_parse(bad, &got, &why) == NH_OK;
        }
        memcpy(bad, line, len + 1);
        memmove(bad + i, bad + i + 1, len - i);
        missed += nh_token_parse(bad, &got, &why) == NH_OK;
        if (i + 1 == len || line[i] == line[i + 1])
            continue;
        memcpy(bad, line, len + 1);
        bad[i] = line[i + 1];
        bad[i + 1] = line[i];
        missed += nh_token_parse(bad, &got, &why) == NH_OK;
    }
    CHECK_EQ(missed, 0, "mistyped tokens taken for good");
    CHECK(tried > 3000);
}

static void
rejects(void)
{
    static const char *const lines[] = { "", "nhip1", "nhip1.", "nhip1.....",
        "nhip2.host.1.id.secret.check", "nhip1.host.7443.id", "hello, world" };
    struct nh_token got, t = sample;
    const char *why;
    char line[NH_TOKEN_MAX];

    for (size_t i = 0; i < NH_COUNT(lines); i++) {
        why = NULL;
        CHECK_EQ(nh_token_parse(lines[i], &got, &why), NH_EFORMAT, lines[i]);
        CHECK_NAMED(why != NULL && why[0] != '\0', lines[i]);
    }
    t.port = 0;
    CHECK_EQ(nh_token_format(&t, line), NH_EINVAL, "no port");
    t = sample;
    snprintf(t.host, sizeof(t.host), "a b");
    CHECK_EQ(nh_token_format(&t, line), NH_EINVAL, "host with a space");
    t = sample;
    t.identity[0] = '\0';
    CHECK_EQ(nh_token_format(&t, line), NH_EINVAL, "no identity");
}

static void
longest(void)
{
    struct nh_token t = { .port = 65535 }, got;
    char line[NH_TOKEN_MAX];
    const char *why = NULL;

    memset(t.host, 'h', sizeof(t.host) - 1);
    memset(t.identity, 'i', sizeof(t.identity) - 1);
    CHECK_EQ(nh_token_format(&t, line), NH_OK, "format");
    CHECK_EQ(nh_token_parse(line, &got, &why), NH_OK, why);
    CHECK_STR(got.host, t.host, "host");
}

static void
identities(void)
{
    char a[NH_IDENTITY_MAX], b[NH_IDENTITY_MAX];

    nh_identity_new(a);
    nh_identity_new(b);
    CHECK_EQ(strlen(a), 16, "length");
    CHECK(strcmp(a, b) != 0);
}

static void
key_files(void)
{
    char path[512], identity[NH_IDENTITY_MAX];
    uint8_t key[NH_KEY_LEN];
    struct stat st;
    FILE *f;

    snprintf(path, sizeof(path), "%s/key", check_tmpdir());
    CHECK_EQ(nh_key_read(path, identity, key), NH_ENOTFOUND, "missing");
    CHECK_EQ(nh_key_write(path, "first", sample.secret), NH_OK, "write");
    CHECK_EQ(nh_key_write(path, sample.identity, sample.secret), NH_OK, "replace");
    CHECK_EQ(stat(path, &st), 0, "stat");
    CHECK_EQ(st.st_mode & 07777, 0600, "mode");
    CHECK_EQ(nh_key_read(path, identity, key), NH_OK, "read");
    CHECK_STR(identity, sample.identity, "identity");
    CHECK(memcmp(key, sample.secret, NH_KEY_LEN) == 0);
    CHECK_EQ(chmod(path, 0640), 0, "open to the group");
    CHECK_EQ(nh_key_read(path, identity, key), NH_EAUTH, "refused");
    CHECK_EQ(chmod(path, 0600), 0, "closed again");
    CHECK_EQ(nh_key_write(path, "two words", sample.secret), NH_EINVAL, "identity");
    f = fopen(path, "w");
    CHECK(f != NULL);
    if (f != NULL) {
        fputs("k3v5xq2mabcdwz7y tooshort\n", f);
        fclose(f);
    }
    CHECK_EQ(nh_key_read(path, identity, key), NH_EFORMAT, "damaged");
    CHECK_EQ(nh_key_write("/nonexistent/key", "a", sample.secret), NH_EIO, "no folder");
}

int
main(void)
{
    RUN(golden);
    RUN(mistyped);
    RUN(rejects);
    RUN(longest);
    RUN(identities);
    RUN(key_files);
    return check_done();
}
