/* SPDX-License-Identifier: GPL-3.0-or-later */
/* files.h - the folder of RRD files */
#ifndef FILES_H
#define FILES_H

/* Every .rrd file below `root`: its check id (the path without root and ending) and its
 * path. */
void series_walk(const char *root,
    void (*each)(void *arg, const char *check, const char *path), void *arg);

/* Remove what librrd left of files that it was making: NAME.rrd and six letters. */
void series_sweep(const char *root);

#endif
