/* SPDX-License-Identifier: GPL-3.0-or-later */
/* who.c - the person at the keyboard, and the language he reads */
#include "nhipctl/ctl.h"
#include <locale.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *
ctl_who(void)
{
    static char number[32];
    const char *sudo = getenv("SUDO_USER");
    const struct passwd *pw = getpwuid(getuid());

    if (sudo != NULL && *sudo != '\0')
        return sudo;
    if (pw != NULL && pw->pw_name != NULL && *pw->pw_name != '\0')
        return pw->pw_name;
    snprintf(number, sizeof(number), "uid-%lu", (unsigned long)getuid());
    return number;
}

const char *
ctl_lang(void)
{
    const char *name = setlocale(LC_MESSAGES, NULL);

    if (name != NULL && strncmp(name, "vi", 2) == 0)
        return "vi";
    return name != NULL && strncmp(name, "en", 2) == 0 ? "en" : NULL;
}
