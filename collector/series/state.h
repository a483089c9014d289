/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state.h - where nhip-series stood at its last checkpoint
 *
 * One SQLite database (WAL, synchronous=FULL): the position in the journal up to which
 * every row is in the files and synced, and each file's header bytes as of then.
 */
#ifndef STATE_H
#define STATE_H

#include "libnhip/buf.h"
#include <stdbool.h>

struct state;

/* Errors: NH_EIO (said in the log). */
enum nh_err state_open(struct state **out, const char *path) NH_MUST_CHECK;
void state_close(struct state *st);
uint64_t state_pos(const struct state *st); /* 0: nothing yet */
/* The last run ended with state_end(): its files are as the checkpoint left them. */
bool state_was_clean(const struct state *st);

/* A checkpoint: begin, headers, end. Nothing of it counts before end returns NH_OK. */
enum nh_err state_begin(struct state *st) NH_MUST_CHECK;
enum nh_err state_put(
    struct state *st, const char *file, const void *header, size_t len) NH_MUST_CHECK;
enum nh_err state_forget(struct state *st, const char *file) NH_MUST_CHECK;
/* In the place of its header: the file is being made anew from the whole journal. */
enum nh_err state_mark(struct state *st, const char *file) NH_MUST_CHECK;
enum nh_err state_end(struct state *st, uint64_t pos, bool clean) NH_MUST_CHECK;
void state_abort(struct state *st);

/* The first marked file after `file` by name ("": the first) goes there; false: none. */
bool state_next_marked(struct state *st, char *file, size_t size);

/* Every stored header, marks left out; `each` returning an error ends the walk with it.
 */
enum nh_err state_each(struct state *st,
    enum nh_err (*each)(void *arg, const char *file, const void *header, size_t len),
    void *arg) NH_MUST_CHECK;
bool state_has(struct state *st, const char *file);

#endif
