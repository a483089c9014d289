/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keys: the way of a key from token to revocation, and its file */
#include "collector/keys.h"
#include "tests/unit/check.h"
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOW = 1790000000, HOUR = 3600 };

static const char *
path_of(const char *name)
{
    static char path[512];

    snprintf(path, sizeof(path), "%s/%s", check_tmpdir(), name);
    return path;
}

static struct keys *
open_at(const char *name)
{
    struct keys *k = NULL;

    CHECK_EQ(keys_open(&k, path_of(name)), NH_OK, name);
    return k;
}

static void
token_becomes_key(void)
{
    struct keys *k = open_at("join");
    const struct key_row *row, *offered, *again;
    char token[NH_IDENTITY_MAX], fresh[NH_IDENTITY_MAX];
    struct stat st;

    CHECK_EQ(keys_invite(k, "bao-lac", NOW, &row), NH_OK, "invite");
    CHECK_EQ(row->state, KEY_INVITED, "state");
    CHECK_EQ(row->expires_s, NOW + 72 * HOUR, "expiry");
    snprintf(token, sizeof(token), "%s", row->identity);
    CHECK(key_is_good(row, NOW + 72 * HOUR - 1));
    CHECK(!key_is_good(row, NOW + 72 * HOUR));

    CHECK_EQ(keys_offer(k, token, NOW + 1, &offered), NH_OK, "offer");
    snprintf(fresh, sizeof(fresh), "%s", offered->identity);
    CHECK(strcmp(token, fresh) != 0);
    CHECK_EQ(keys_offer(k, token, NOW + 2, &again), NH_OK, "offered again");
    CHECK_STR(again->identity, fresh, "the same one, until it was used");
    CHECK(key_is_good(keys_get(k, token), NOW + 3)); /* not burnt by the offer alone */

    keys_close(k); /* a crash between offer and use */
    k = open_at("join");
    CHECK_EQ(keys_get(k, fresh)->state, KEY_OFFERED, "kept");
    CHECK_EQ(keys_confirm(k, fresh, NOW + 5), NH_OK, "confirm");
    CHECK_EQ(keys_get(k, fresh)->state, KEY_JOINED, "joined");
    CHECK_EQ(keys_get(k, token)->state, KEY_BURNT, "burnt");
    CHECK(!key_is_good(keys_get(k, token), NOW + 6));
    CHECK_EQ(keys_offer(k, token, NOW + 7, &again), NH_ENOTFOUND, "a burnt token");
    keys_close(k);
    CHECK_EQ(stat(path_of("join"), &st), 0, "file");
    CHECK_EQ(st.st_mode & 0777, 0600, "mode");
}

static void
join(struct keys *k, const char *site, char identity[NH_IDENTITY_MAX])
{
    const struct key_row *row;
    char token[NH_IDENTITY_MAX];

    CHECK_EQ(keys_invite(k, site, NOW, &row), NH_OK, "invite");
    snprintf(token, sizeof(token), "%s", row->identity);
    CHECK_EQ(keys_offer(k, token, NOW, &row), NH_OK, "offer");
    snprintf(identity, NH_IDENTITY_MAX, "%s", row->identity);
    CHECK_EQ(keys_confirm(k, identity, NOW), NH_OK, "confirm");
}

static void
revoked_is_revoked(void)
{
    static const uint8_t zero[NH_KEY_LEN];
    struct keys *k = open_at("revoke");
    char a[NH_IDENTITY_MAX], b[NH_IDENTITY_MAX];
    size_t count;

    join(k, "bao-lac", a);
    join(k, "ha-lang", b);
    CHECK_EQ(keys_revoke(k, "bao-lac", &count), NH_OK, "revoke");
    CHECK_EQ(count, 1, "one key");
    CHECK(!key_is_good(keys_get(k, a), NOW));
    CHECK(key_is_good(keys_get(k, b), NOW));
    CHECK(memcmp(keys_get(k, a)->key, zero, sizeof(zero)) == 0);
    CHECK_EQ(keys_revoke(k, "bao-lac", &count), NH_OK, "again");
    CHECK_EQ(count, 0, "nothing left");
    keys_close(k);
    k = open_at("revoke");
    CHECK_EQ(keys_get(k, a)->state, KEY_REVOKED, "over a restart");
    keys_close(k);
}

static void
new_box_ends_the_old_key(void)
{
    struct keys *k = open_at("replace");
    char a[NH_IDENTITY_MAX], b[NH_IDENTITY_MAX];

    join(k, "bao-lac", a);
    join(k, "bao-lac", b);
    CHECK_EQ(keys_get(k, a)->state, KEY_REVOKED, "the old box");
    CHECK_EQ(keys_get(k, b)->state, KEY_JOINED, "the new box");
    keys_close(k);
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
    FILE *f = fopen(path_of(name), "w");

    CHECK(f != NULL);
    fputs(text, f);
    fclose(f);
    chmod(path_of(name), mode);
}

/* Rotation, with a crash of the collector (the file is all that is left) at each step. */
static void
old_keys_are_replaced(void)
{
    enum { DAY = 24 * HOUR };
    struct keys *k = open_at("rotate");
    const struct key_row *row, *offered;
    char old[NH_IDENTITY_MAX], fresh[NH_IDENTITY_MAX];
    int64_t due = NOW + 90 * DAY;

    CHECK_EQ(keys_invite(k, "bao-lac", NOW, &row), NH_OK, "");
    CHECK(keys_offer_is_due(k, row));
    CHECK_EQ(keys_offer(k, row->identity, NOW, &offered), NH_OK, "");
    snprintf(old, sizeof(old), "%s", offered->identity);
    CHECK(!keys_offer_is_due(k, offered));
    CHECK_EQ(keys_confirm(k, old, NOW), NH_OK, "");
    CHECK(!keys_is_aged(k, keys_get(k, old), due - 1));
    CHECK(keys_is_aged(k, keys_get(k, old), due));
    CHECK(!keys_offer_is_due(k, keys_get(k, old)));

    CHECK_EQ(keys_offer(k, old, due, &offered), NH_OK, "offer");
    snprintf(fresh, sizeof(fresh), "%s", offered->identity);
    keys_close(k);
    k = open_at("rotate");
    CHECK_EQ(keys_get(k, fresh)->state, KEY_OFFERED, "kept");
    CHECK_EQ(keys_get(k, old)->expires_s, due + 7 * DAY, "a week");
    CHECK(key_is_good(keys_get(k, old), due + 7 * DAY - 1));
    CHECK(!key_is_good(keys_get(k, old), due + 7 * DAY));

    CHECK_EQ(keys_offer(k, old, due + HOUR, &offered), NH_OK, "again");
    CHECK_STR(offered->identity, fresh, "the same one");
    CHECK_EQ(keys_get(k, old)->expires_s, due + 7 * DAY, "not written each time");
    CHECK_EQ(keys_offer(k, old, due + 3 * DAY, &offered), NH_OK, "days later");
    CHECK_STR(offered->identity, fresh, "still the same one");
    CHECK_EQ(keys_get(k, old)->expires_s, due + 10 * DAY, "it is in use: another week");

    CHECK_EQ(keys_confirm(k, fresh, due + 4 * DAY), NH_OK, "used");
    keys_close(k);
    k = open_at("rotate");
    CHECK_EQ(keys_get(k, old)->state, KEY_REVOKED, "the old one has ended");
    CHECK(key_is_good(keys_get(k, fresh), due + 1000 * DAY));
    CHECK(!keys_is_aged(k, keys_get(k, fresh), due + 89 * DAY));
    CHECK_EQ(
        keys_offer(k, old, due + 5 * DAY, &offered), NH_ENOTFOUND, "no offer for it");
    keys_close(k);
}

static void
bad_files_are_refused(void)
{
    static const char good[] =
        "abc bao-lac joined 1 2 0 - "
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    struct keys *k = NULL;
    char cut[200];

    write_file("good", good, 0600);
    CHECK_EQ(keys_open(&k, path_of("good")), NH_OK, "good");
    CHECK_EQ(keys_get(k, "abc")->key[31], 0x1f, "key");
    keys_close(k);
    write_file("open", good, 0644);
    CHECK_EQ(keys_open(&k, path_of("open")), NH_EAUTH, "readable by others");
    snprintf(cut, sizeof(cut), "%.60s\n", good);
    write_file("cut", cut, 0600);
    CHECK_EQ(keys_open(&k, path_of("cut")), NH_EFORMAT, "cut off");
    write_file("state", "abc bao-lac friend 1 2 0 - 00\n", 0600);
    CHECK_EQ(keys_open(&k, path_of("state")), NH_EFORMAT, "unknown state");
}

static void
failed_save_changes_nothing(void)
{
    struct keys *k = open_at("dir/keys"); /* the directory is missing */
    const struct key_row *row = NULL;

    CHECK_EQ(keys_invite(k, "bao-lac", NOW, &row), NH_EIO, "no directory");
    CHECK(row == NULL);
    CHECK(keys_get(k, "bao-lac") == NULL);
    keys_close(k);
}

int
main(void)
{
    RUN(token_becomes_key);
    RUN(revoked_is_revoked);
    RUN(new_box_ends_the_old_key);
    RUN(old_keys_are_replaced);
    RUN(bad_files_are_refused);
    RUN(failed_save_changes_nothing);
    return check_done();
}
