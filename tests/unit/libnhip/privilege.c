/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dropping privileges, in children: what is left is told by the kernel, not by us. */
#include "libnhip/privilege.h"
#include "tests/unit/check.h"
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CAP_NET_RAW_BIT = 13 };

static unsigned long long
status_line(const char *name)
{
    char line[256];
    unsigned long long value = ~0ULL;
    FILE *f = fopen("/proc/self/status", "r");

    while (f != NULL && fgets(line, sizeof(line), f) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtoull(line + strlen(name), NULL, 16);
    if (f != NULL)
        fclose(f);
    return value;
}

/* In a child: 0 when it is `user` with exactly `caps`, another number says what is wrong.
 */
static int
become(const char *user, bool keep, unsigned long long caps)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct passwd *pw = getpwnam(user);

        if (nh_drop_privileges(user, keep) != NH_OK)
            _exit(1);
        if (pw == NULL || getuid() != pw->pw_uid || geteuid() != pw->pw_uid)
            _exit(2);
        if (getgid() != pw->pw_gid)
            _exit(3);
        if (status_line("CapPrm:\t") != caps || status_line("CapEff:\t") != caps)
            _exit(4);
        if (status_line("NoNewPrivs:\t") != 1)
            _exit(5);
        _exit(setuid(0) == 0 ? 6 : 0);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

static void
drops_all_but_one(void)
{
    if (geteuid() != 0)
        return;
    CHECK_EQ(become("nobody", false, 0), 0, "nothing kept");
    CHECK_EQ(become("nobody", true, 1ULL << CAP_NET_RAW_BIT), 0, "CAP_NET_RAW kept");
    CHECK_EQ(become("no-such-user-here", true, 0), 1, "unknown user");
}

static void
makes_directories(void)
{
    char path[256];
    struct stat st;

    snprintf(path, sizeof(path), "%s/a/b/c", check_tmpdir());
    CHECK_EQ(nh_private_dir(path, 0700, "nobody"), NH_OK, "new");
    CHECK_EQ(nh_private_dir(path, 0700, "nobody"), NH_OK, "again");
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700);
    CHECK(geteuid() != 0 || st.st_uid == getpwnam("nobody")->pw_uid);
    CHECK_EQ(nh_private_dir("/proc/nhip/x", 0700, NULL), NH_EIO, "no room there");
}

int
main(void)
{
    RUN(drops_all_but_one);
    RUN(makes_directories);
    return check_done();
}
