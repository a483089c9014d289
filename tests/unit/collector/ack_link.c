/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ack_link.c - tokens that hold and that do not, replies as people type them */
#include "collector/ack_link.h"
#include "tests/unit/check.h"
#include <stdio.h>
#include <sys/stat.h>

static void
secrets(void)
{
    struct ack_secret first, again;
    char path[600];
    struct stat st;

    CHECK_EQ(ack_secret_open(&first, check_tmpdir()), NH_OK, "made");
    CHECK_EQ(ack_secret_open(&again, check_tmpdir()), NH_OK, "read");
    CHECK(memcmp(&first, &again, sizeof(first)) == 0);
    snprintf(path, sizeof(path), "%s/ack.key", check_tmpdir());
    CHECK_EQ(stat(path, &st), 0, path);
    CHECK_EQ(st.st_mode & 0777, 0600, "mode");
    CHECK_EQ(chmod(path, 0640), 0, path);
    CHECK_EQ(ack_secret_open(&again, check_tmpdir()), NH_EAUTH, "others may read it");
    CHECK_EQ(ack_secret_open(&again, "/nowhere/at/all"), NH_EIO, "no directory");
}

static void
tokens(void)
{
    struct ack_secret secret = { { 1, 2, 3 } }, other = { { 1, 2, 4 } };
    char token[ACK_TOKEN_MAX], contact[NH_SITE_ID_MAX];
    uint32_t incident = 0;
    size_t len;

    ack_token_make(&secret, 412, "ky-thuat.bao-lac", 2000, token);
    CHECK_EQ(ack_token_check(&secret, token, 2000, &incident, contact), NH_OK, token);
    CHECK_EQ(incident, 412, token);
    CHECK_STR(contact, "ky-thuat.bao-lac", token);
    CHECK_EQ(ack_token_check(&secret, token, 2001, &incident, contact), NH_ETIMEOUT, "");
    CHECK_EQ(ack_token_check(&other, token, 1, &incident, contact), NH_EAUTH, "other");
    len = strlen(token);
    for (size_t i = 0; i < len; i++) { /* each character counts */
        char was = token[i];

        token[i] = was == '7' ? '8' : '7';
        CHECK_NAMED(
            ack_token_check(&secret, token, 1, &incident, contact) != NH_OK, token);
        token[i] = '\0';
        CHECK_NAMED(
            ack_token_check(&secret, token, 1, &incident, contact) != NH_OK, token);
        token[i] = was;
    }
}

static void
replies(void)
{
    static const struct {
        const char *text;
        uint32_t incident;
    } rows[] = {
        { "OK 412", 412 },
        { "ok SC-0412", 412 },
        { " Ok  sc 412.", 412 },
        { "ok412", 412 },
        { "OK, SC-0412. Tôi đang xử lý", 412 },
        { "ỎK 412", 412 },
        { "OK: 412 da nhan", 412 },
        { "OK", 0 },
        { "OK SC-", 0 },
        { "OK 0", 0 },
        { "OK 412a", 0 },
        { "khong OK 412", 0 },
        { "412", 0 },
        { "", 0 },
        { "OK 99999999999999999999", 0 },
    };

    for (size_t i = 0; i < NH_COUNT(rows); i++) {
        uint32_t got = 0;

        CHECK_EQ(ack_reply_read(rows[i].text, &got), rows[i].incident != 0, rows[i].text);
        CHECK_EQ(got, rows[i].incident, rows[i].text);
    }
}

static void
numbers(void)
{
    CHECK(ack_same_number("+84912345678", "0912 345 678"));
    CHECK(ack_same_number("84912345678", "+84 912-345-678"));
    CHECK(!ack_same_number("+84912345678", "+84912345679"));
    CHECK(!ack_same_number("", ""));
}

int
main(void)
{
    RUN(secrets);
    RUN(tokens);
    RUN(replies);
    RUN(numbers);
    return check_done();
}
