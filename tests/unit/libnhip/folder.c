/* SPDX-License-Identifier: GPL-3.0-or-later */
/* folder.c - folders made with those before them; that they are synced is for the power
 * cuts of tests/system/test_power.py to say */
#include "libnhip/folder.h"
#include "tests/unit/check.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void
makes_what_is_missing(void)
{
    char path[256], file[300];
    struct stat st;

    snprintf(path, sizeof(path), "%s/a/b/c", check_tmpdir());
    CHECK_EQ(nh_folder_make(path, 0700), NH_OK, "new");
    CHECK_EQ(nh_folder_make(path, 0700), NH_OK, "again");
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700);
    snprintf(file, sizeof(file), "%s/a", check_tmpdir());
    CHECK(stat(file, &st) == 0 && (st.st_mode & 0777) == 0755);
    snprintf(file, sizeof(file), "%s/d/", path);
    CHECK_EQ(nh_folder_make(file, 0700), NH_OK, "a slash at its end");
}

static void
refuses(void)
{
    char path[5000];

    CHECK_EQ(nh_folder_make("", 0700), NH_EIO, "nothing");
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    CHECK_EQ(nh_folder_make(path, 0700), NH_EIO, "too long");
    CHECK_EQ(errno, ENAMETOOLONG, "and says so");
    CHECK_EQ(nh_folder_make("/proc/nhip/x", 0700), NH_EIO, "no room there");
}

static void
syncs_the_folder_of_a_name(void)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/any", check_tmpdir());
    CHECK_EQ(nh_folder_sync_of(path), NH_OK, "the name need not be there");
    CHECK_EQ(nh_folder_sync_of("any"), NH_OK, "where we are");
    CHECK_EQ(nh_folder_sync_of("/any"), NH_OK, "the root");
    snprintf(path, sizeof(path), "%s/none/any", check_tmpdir());
    CHECK_EQ(nh_folder_sync_of(path), NH_EIO, "the folder has to be");
    CHECK_EQ(errno, ENOENT, "and errno tells");
}

int
main(void)
{
    RUN(makes_what_is_missing);
    RUN(refuses);
    RUN(syncs_the_folder_of_a_name);
    return check_done();
}
