/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal_power.c - power cuts, made by a log of what was written
 *
 * A run of appends, syncs and rotations is recorded file operation by file operation. At
 * a random point in it the power fails: a file has what was in it at its last sync, and
 * of each 512-byte sector written since, any version or none; of the names changed since
 * the last sync of the directory, the first few, in order. The directory is built as it
 * would then be found, opened, and asked three things: is everything that was durable
 * there, does everything there stem from an append, and can it be written on?
 *
 *   unit-libnhip-journal_power [IMAGES [SEED]]
 */
#include "libnhip/clock.h"
#include "libnhip/journal_internal.h"
#include "libnhip/log.h"
#include "tests/unit/libnhip/journal_kit.h"

enum { SECTOR = 512, SEG = 8192, OPS_MAX = 40000, FILES_MAX = 1024, NAMES_MAX = 128 };

struct op {
    enum io_op op;
    char path[48], to[48];
    uint64_t off;
    uint8_t *bytes;
    size_t len;
    uint64_t durable, released; /* when this was done */
};

static struct op *ops;
static size_t op_count;
static uint64_t promised, let_go;

static pthread_mutex_t recording = PTHREAD_MUTEX_INITIALIZER;

static void
record(enum io_op op, const char *path, const char *to, uint64_t off,
    const uint8_t *bytes, size_t len)
{
    struct op *o;
    const char *name = strrchr(path, '/') + 1;

    pthread_mutex_lock(&recording); /* the compressor writes on its own thread */
    if (op_count == OPS_MAX)
        abort();
    o = &ops[op_count];
    *o = (struct op){
        .op = op, .off = off, .len = len, .durable = promised, .released = let_go
    };
    snprintf(o->path, sizeof(o->path), "%s", name);
    if (to != NULL)
        snprintf(o->to, sizeof(o->to), "%s", strrchr(to, '/') + 1);
    if (len > 0) {
        o->bytes = malloc(len);
        memcpy(o->bytes, bytes, len);
    }
    op_count++;
    pthread_mutex_unlock(&recording);
}

static const struct io_hook recorder = { NULL, record };

/* One inode: what is safe, and the writes since. */
struct file {
    uint8_t *safe, *now;
    size_t safe_len, now_len, cap;
    size_t dirty_from; /* index of the first operation since its last sync */
    int dirty;
};

struct name {
    char name[48];
    int file;
};

struct world {
    struct file files[FILES_MAX];
    int file_count;
    struct name now[NAMES_MAX], safe[NAMES_MAX];
    int now_count, safe_count;
    size_t names_since; /* operations since the last sync of the directory begin here */
};

static int
find_name(const struct name *v, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(v[i].name, name) == 0)
            return i;
    return -1;
}

static void
drop_name(struct name *v, int *count, const char *name)
{
    int at = find_name(v, *count, name);

    if (at >= 0)
        v[at] = v[--*count];
}

static void
set_name(struct name *v, int *count, const char *name, int file)
{
    drop_name(v, count, name);
    snprintf(v[*count].name, sizeof(v[0].name), "%s", name);
    v[(*count)++].file = file;
}

/* A change of names, replayed onto a table. */
static void
apply_name(struct name *v, int *count, const struct op *o, int created)
{
    int at = find_name(v, *count, o->path), file;

    if (o->op == IO_CREATE) {
        set_name(v, count, o->path, created);
    } else if (o->op == IO_UNLINK) {
        drop_name(v, count, o->path);
    } else if (at >= 0) {
        file = v[at].file;
        drop_name(v, count, o->path);
        set_name(v, count, o->to, file);
    }
}

static void
put(uint8_t **to, size_t *len, size_t *cap, uint64_t off, const uint8_t *p, size_t n)
{
    if (off + n > *cap) {
        *cap = (size_t)(off + n) * 2;
        *to = realloc(*to, *cap);
    }
    if (off > *len)
        memset(*to + *len, 0, (size_t)off - *len);
    memcpy(*to + off, p, n);
    if (off + n > *len)
        *len = (size_t)(off + n);
}

static int created_by[OPS_MAX], written_to[OPS_MAX];

/* Everything up to operation `upto` as the running system sees it, with what is safe. */
static void
play(struct world *w, size_t upto)
{
    memset(w, 0, sizeof(*w));
    for (size_t i = 0; i < upto; i++) {
        struct op *o = &ops[i];
        int at = find_name(w->now, w->now_count, o->path);
        struct file *f = at >= 0 ? &w->files[w->now[at].file] : NULL;

        created_by[i] = written_to[i] = -1;
        switch (o->op) {
        case IO_CREATE:
            created_by[i] = w->file_count;
            if (w->file_count == FILES_MAX)
                abort();
            w->files[w->file_count++].dirty_from = i;
            apply_name(w->now, &w->now_count, o, created_by[i]);
            break;
        case IO_WRITE:
            written_to[i] = w->now[at].file;
            put(&f->now, &f->now_len, &f->cap, o->off, o->bytes, o->len);
            f->dirty = 1;
            break;
        case IO_SYNC:
            f->safe = realloc(f->safe, f->now_len + 1);
            memcpy(f->safe, f->now, f->now_len);
            f->safe_len = f->now_len;
            f->dirty_from = i + 1;
            f->dirty = 0;
            break;
        case IO_SYNC_DIR:
            memcpy(w->safe, w->now, sizeof(w->now));
            w->safe_count = w->now_count;
            w->names_since = i + 1;
            break;
        case IO_RENAME:
        case IO_UNLINK:
            apply_name(w->now, &w->now_count, o, -1);
            break;
        }
    }
}

/* The file as the disk has it: safe bytes, and of each sector some of its later writes.
 */
static void
settle(struct world *w, int file, size_t upto, const char *path)
{
    struct file *f = &w->files[file];
    size_t cap = f->now_len + SECTOR, len = f->safe_len;
    uint8_t *out = calloc(1, cap);
    unsigned mood = (unsigned)random() % 4; /* none, all, mixed, mixed */
    int fd;

    if (f->safe_len > 0)
        memcpy(out, f->safe, f->safe_len);
    /* each sector stops taking writes at an operation of its own */
    for (size_t s = 0; s * SECTOR < cap; s++) {
        size_t stop = mood == 0 ? f->dirty_from
                      : mood == 1
                          ? upto
                          : f->dirty_from + (size_t)random() % (upto - f->dirty_from + 1);

        for (size_t i = f->dirty_from; i < stop; i++) {
            const struct op *o = &ops[i];
            uint64_t a = s * SECTOR, b = a + SECTOR;

            if (written_to[i] != file || o->off >= b || o->off + o->len <= a)
                continue;
            if (o->off > a)
                a = o->off;
            if (o->off + o->len < b)
                b = o->off + o->len;
            memcpy(out + a, o->bytes + (a - o->off), (size_t)(b - a));
            if (b > len)
                len = (size_t)b;
        }
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, out, len) == (ssize_t)len);
    close(fd);
    free(out);
}

static void
make_image(struct world *w, size_t upto, const char *dir)
{
    size_t changes = 0, some;

    play(w, upto);
    for (size_t i = w->names_since; i < upto; i++)
        changes +=
            ops[i].op == IO_CREATE || ops[i].op == IO_RENAME || ops[i].op == IO_UNLINK;
    some = (size_t)random() % (changes + 1);
    for (size_t i = w->names_since; i < upto && some > 0; i++) {
        if (ops[i].op != IO_CREATE && ops[i].op != IO_RENAME && ops[i].op != IO_UNLINK)
            continue;
        apply_name(w->safe, &w->safe_count, &ops[i], created_by[i]);
        some--;
    }
    CHECK(mkdir(dir, 0700) == 0);
    for (int i = 0; i < w->safe_count; i++) {
        char path[512];

        snprintf(path, sizeof(path), "%s/%s", dir, w->safe[i].name);
        settle(w, w->safe[i].file, upto, path);
    }
    for (int i = 0; i < w->file_count; i++) {
        free(w->files[i].safe);
        free(w->files[i].now);
    }
}

/* What the run appended. */
enum { RECORDS_MAX = 4000 };
static struct {
    uint64_t pos;
    unsigned number;
} appended[RECORDS_MAX];
static size_t appended_count;

static void
append_some(struct nh_journal *j, unsigned *n, unsigned count)
{
    for (unsigned i = 0; i < count && appended_count < RECORDS_MAX; i++) {
        uint64_t pos = 0;

        ++*n;
        CHECK_EQ(
            nh_journal_append(j, 1, kit_record(*n, 20 + (size_t)random() % 400), &pos),
            NH_OK, "append");
        appended[appended_count].pos = pos;
        appended[appended_count++].number = *n;
    }
}

/* `released`: a reader that lets segments be recycled. Opens and closes now and then. */
static void
run_writer(const char *dir, bool released)
{
    struct nh_journal_options o = {
        .dir = dir, .segment_bytes = SEG, .compress = !released
    };
    unsigned n = 0;

    nh_journal_io_hook = &recorder;
    for (int life = 0; life < 4; life++) {
        struct nh_journal *j = kit_open(&o);
        struct nh_cursor *c = NULL;

        if (released)
            CHECK_EQ(nh_cursor_open(&c, j, "c", true), NH_OK, "cursor");
        for (int i = 0; i < 60; i++) {
            append_some(j, &n, 1 + (unsigned)random() % 6);
            if (random() % 3 == 0) {
                CHECK_EQ(nh_journal_sync(j), NH_OK, "sync");
                promised = nh_journal_durable_pos(j);
            }
            if (released && random() % 4 == 0) {
                nh_cursor_release(c, nh_journal_durable_pos(j));
                let_go = nh_journal_durable_pos(j);
            }
            if (random() % 5 == 0)
                nh_journal_tick(j, nh_clock_mono_ms(), nh_clock_wall_ms());
            if (!released) { /* the compressor's operations in their place */
                nhj_compress_stop(j);
            }
        }
        nh_cursor_close(c);
        nh_journal_close(j);
        if (appended_count > 0)
            promised = appended[appended_count - 1].pos;
    }
    nh_journal_io_hook = NULL;
}

/* Everything durable, nothing else than what was appended, in order, and it goes on. */
static void
check_image(const char *dir, uint64_t durable, uint64_t released)
{
    struct nh_journal_options o = { .dir = dir, .segment_bytes = SEG };
    struct nh_journal *j = NULL;
    struct nh_cursor *c = NULL;
    struct nh_record rec;
    struct nh_gap gap;
    enum nh_err err = nh_journal_open(&j, &o);
    uint64_t last = 0, pos = 0;
    size_t at = 0, missing = 0, ghosts = 0;

    CHECK_EQ(err, NH_OK, "it opens");
    if (j == NULL)
        return;
    CHECK_EQ(nh_cursor_open(&c, j, "check", false), NH_OK, "cursor");
    CHECK_EQ(nh_cursor_seek(c, 0), NH_OK, "oldest");
    while ((err = nh_cursor_next(c, &rec, &gap)) == NH_OK || err == NH_EGAP) {
        if (err == NH_EGAP || rec.preamble) {
            missing += err == NH_EGAP && gap.from <= durable && gap.to > released;
            continue;
        }
        while (at < appended_count && appended[at].pos < rec.pos) {
            missing += appended[at].pos <= durable && appended[at].pos > released;
            at++;
        }
        ghosts += at == appended_count || appended[at].pos != rec.pos ||
                  appended[at].number != kit_number(&rec);
        last = rec.pos;
        at++;
    }
    for (; at < appended_count && appended[at].pos <= durable; at++)
        missing += appended[at].pos > released;
    CHECK_EQ(missing, 0, "what was durable is there");
    CHECK_EQ(ghosts, 0, "nothing else is");
    CHECK_EQ(nh_journal_append(j, 1, kit_record(7, 50), &pos), NH_OK, "it goes on");
    CHECK(pos > last && pos > durable);
    nh_cursor_close(c);
    nh_journal_close(j);
}

static void
remove_dir(const char *dir)
{
    struct dirent **names = NULL;
    int count = scandir(dir, &names, NULL, NULL);

    for (int i = 0; i < count; i++) {
        char path[512];

        snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
        unlink(path);
        free(names[i]);
    }
    free(names);
    rmdir(dir);
}

static unsigned images = 400, seed = 1;

static void
run_all(bool released)
{
    struct world *w = malloc(sizeof(*w));

    op_count = appended_count = 0;
    promised = let_go = 0;
    run_writer(kit_dir("source"), released);
    for (unsigned i = 0; i < images / 2; i++) {
        size_t upto = 1 + (size_t)random() % op_count;
        const char *dir = kit_dir("image");

        make_image(w, upto, dir);
        check_image(dir, ops[upto - 1].durable, ops[upto - 1].released);
        remove_dir(dir);
    }
    for (size_t i = 0; i < op_count; i++)
        free(ops[i].bytes);
    free(w);
}

static void
kept_records_survive(void)
{
    run_all(false);
}

static void
recycled_segments_survive(void)
{
    run_all(true);
}

static void
quiet(void *arg, enum nh_log_level level, const char *line)
{
    (void)arg;
    (void)level;
    (void)line;
}

int
main(int argc, char **argv)
{
    if (argc > 1)
        images = (unsigned)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        seed = (unsigned)strtoul(argv[2], NULL, 10);
    srandom(seed);
    ops = calloc(OPS_MAX, sizeof(*ops));
    nh_log_capture(quiet, NULL);
    RUN(kept_records_survive);
    RUN(recycled_segments_survive);
    free(ops);
    return check_done();
}
