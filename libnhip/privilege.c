/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * privilege.c - dropping to a user, keeping one capability (capabilities(7))
 *
 * setuid(2) away from root clears every capability unless SECBIT_KEEP_CAPS is set; then
 * the permitted set survives and capset(2) cuts it down to the one that is wanted. The
 * system call is used as it is: it is one structure, and libcap would be one more library
 * on a commune's router.
 */
#include "libnhip/privilege.h"
#include "libnhip/folder.h"
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum nh_err
find_user(const char *user, struct passwd **pw)
{
    errno = 0;
    *pw = getpwnam(user);
    return *pw != NULL ? NH_OK : NH_ENOTFOUND;
}

/* Permitted and effective: exactly `mask`; inheritable: nothing. */
static int
set_capabilities(uint32_t mask)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { { .effective = mask, .permitted = mask } };

    return (int)syscall(SYS_capset, &head, data);
}

enum nh_err
nh_drop_privileges(const char *user, bool keep_net_raw)
{
    uint32_t keep = keep_net_raw ? UINT32_C(1) << CAP_NET_RAW : 0;
    struct passwd *pw;
    enum nh_err err;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return NH_EIO;
    if (geteuid() != 0 || user == NULL || *user == '\0')
        return NH_OK;
    if ((err = find_user(user, &pw)) != NH_OK)
        return err;
    if (pw->pw_uid == 0)
        return NH_OK;
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 ||
        initgroups(pw->pw_name, pw->pw_gid) != 0 ||
        setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
        setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0 ||
        set_capabilities(keep) != 0 || prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0)
        return NH_EIO;
    if (setuid(0) == 0) { /* it must not come back */
        errno = EPERM;
        return NH_EIO;
    }
    return NH_OK;
}

enum nh_err
nh_private_dir(const char *path, mode_t mode, const char *user)
{
    struct passwd *pw;
    enum nh_err err = nh_folder_make(path, mode);

    if (err != NH_OK)
        return err;
    if (geteuid() != 0 || user == NULL || *user == '\0')
        return NH_OK;
    if ((err = find_user(user, &pw)) != NH_OK)
        return err;
    return chown(path, pw->pw_uid, pw->pw_gid) == 0 ? NH_OK : NH_EIO;
}
