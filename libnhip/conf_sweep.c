/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * conf_sweep.c - what libConfuse's lexer would swallow, found first
 *
 * libConfuse 3.3 eats characters that fit no token, takes the last of two values for one
 * key, follows "a|b" into other sections, counts a line too many for every C comment,
 * reads a NULL for an empty first comment, lets a forgotten quote run on to the next one,
 * turns unset variables into nothing, and cuts a string at an escaped NUL. This pass over
 * the text knows just enough of the syntax (words, strings, comments, braces) to refuse
 * or repair all of that, and notes the line on which each section begins, which
 * libConfuse forgets. Values and names are not its business.
 */
#include "libnhip/conf_sweep.h"
#include "libnhip/buf.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key that was met, chained to the one before it in the same section. */
struct key {
    const char *name; /* borrowed from the text */
    size_t len;
    int line;
    struct key *next;
};
struct level {
    int line;         /* of the section's name */
    const char *name; /* borrowed from the text */
    size_t name_len;
    size_t closed_before; /* sections that closed before this one opened */
    struct key *keys;
};
struct sweeper {
    struct nh_conf_sweep *s;
    size_t at;
    int line;
    size_t depth, section_cap;
    struct level levels[NH_CONF_NESTING_MAX + 1];
    const char *word; /* the last bare word, a key or a section's name if things are right
                       */
    size_t word_len;
    int word_line;
    char before; /* the last token: a symbol, 'w' word, 's' string, 0 none */
    bool in_list;
};

static enum nh_err bad(struct sweeper *w, int line, const char *fmt, ...) NH_PRINTF(3, 4);

static enum nh_err
bad(struct sweeper *w, int line, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(w->s->bad, sizeof(w->s->bad), fmt, ap);
    va_end(ap);
    w->s->bad_line = line;
    return NH_ECONF;
}

static char
peek(const struct sweeper *w, size_t ahead)
{
    size_t i = w->at + ahead;

    if (i >= w->s->len)
        return '\0';
    return w->s->text[i];
}

static bool
is_word(char c)
{
    return c != '\0' && strchr(" #\"'\t\n\r={}()+,*", c) == NULL;
}

/* The text as a whole: UTF-8 without control characters; a byte order mark and the \r of
 * a \r\n are blanked. */
static enum nh_err
sweep_bytes(struct sweeper *w)
{
    struct nh_conf_sweep *s = w->s;
    int line = 1;
    size_t start = 0;

    if (s->len >= 3 && memcmp(s->text, "\xef\xbb\xbf", 3) == 0)
        memset(s->text, ' ', 3);
    for (size_t i = 0; i <= s->len; i++) {
        unsigned char c = i < s->len ? (unsigned char)s->text[i] : '\n';

        if (c == '\n') {
            if (!nh_utf8_is_valid(s->text + start, i - start))
                return bad(w, line, "this line is not UTF-8 text");
            start = i + 1;
            line++;
        } else if (c == '\r' && i + 1 < s->len && s->text[i + 1] == '\n') {
            s->text[i] = ' ';
        } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return bad(w, line, "control character 0x%02x", c);
        }
    }
    return NH_OK;
}

static void
blank(struct sweeper *w, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (w->s->text[i] != '\n')
            w->s->text[i] = ' ';
}

static void
skip_line_comment(struct sweeper *w)
{
    size_t from = w->at;

    while (w->at < w->s->len && peek(w, 0) != '\n')
        w->at++;
    blank(w, from, w->at);
}

static enum nh_err
skip_c_comment(struct sweeper *w)
{
    size_t from = w->at;
    int line = w->line;

    for (w->at += 2; peek(w, 0) != '*' || peek(w, 1) != '/'; w->at++) {
        if (w->at >= w->s->len)
            return bad(w, line, "comment without its end");
        if (peek(w, 0) == '\n')
            w->line++;
    }
    w->at += 2;
    blank(w, from, w->at);
    return NH_OK;
}

/* "${NAME}" or "${NAME:-default}": a variable that is not set and has no default would
 * become nothing. */
static enum nh_err
check_variable(struct sweeper *w)
{
    const char *name = w->s->text + w->at + 2;
    size_t len = strcspn(name, "}:\n\"");
    char copy[64];

    if (len == 0 || len >= sizeof(copy))
        return bad(w, w->line, "\"${\" without the name of a variable");
    if (name[len] == ':' && name[len + 1] == '-')
        return name[len + strcspn(name + len, "}\n\"")] == '}'
                   ? NH_OK
                   : bad(w, w->line, "\"${\" without its \"}\"");
    if (name[len] != '}')
        return bad(w, w->line, "\"${\" without its \"}\"");
    memcpy(copy, name, len);
    copy[len] = '\0';
    if (getenv(copy) == NULL)
        return bad(w, w->line, "environment variable %s is not set", copy);
    return NH_OK;
}

/* A string from its quote on. Strings end on their line; escapes are of \ and the quote.
 */
static enum nh_err
skip_string(struct sweeper *w)
{
    char quote = peek(w, 0);
    enum nh_err err;

    for (w->at++; peek(w, 0) != quote; w->at++) {
        if (w->at >= w->s->len || peek(w, 0) == '\n')
            return bad(w, w->line, "string without its closing quote");
        if (peek(w, 0) == '\\') {
            if (strchr(quote == '"' ? "\\\"$" : "\\'", peek(w, 1)) == NULL ||
                peek(w, 1) == '\0')
                return bad(
                    w, w->line, "in a string only \\\\ and \\%c are escapes", quote);
            w->at++;
        } else if (quote == '"' && peek(w, 0) == '$' && peek(w, 1) == '{') {
            err = check_variable(w);
            if (err != NH_OK)
                return err;
        }
    }
    w->at++;
    w->before = 's';
    return NH_OK;
}

/* `include("pattern")`, which libConfuse is not shown: it knows no globs, and looks in
 * the working directory. */
static enum nh_err
take_include(struct sweeper *w, size_t from)
{
    struct nh_conf_sweep *s = w->s;
    struct nh_conf_include *grown;
    size_t open, close;
    int line = w->line;
    enum nh_err err;

    while (isspace((unsigned char)peek(w, 0)) && peek(w, 0) != '\n')
        w->at++;
    if (peek(w, 0) != '(')
        return bad(w, line, "write include(\"FILE\")");
    if (w->depth > 0)
        return bad(w, line, "include() stands outside of sections only");
    w->at++;
    while (peek(w, 0) == ' ' || peek(w, 0) == '\t')
        w->at++;
    open = w->at + 1;
    if (peek(w, 0) != '"' && peek(w, 0) != '\'')
        return bad(w, line, "write include(\"FILE\")");
    err = skip_string(w);
    if (err != NH_OK)
        return err;
    close = w->at - 1;
    while (peek(w, 0) == ' ' || peek(w, 0) == '\t')
        w->at++;
    if (peek(w, 0) != ')' || close == open)
        return bad(w, line, "write include(\"FILE\")");
    w->at++;
    grown = realloc(s->includes, (s->include_count + 1) * sizeof(*grown));
    if (grown == NULL)
        return NH_ENOMEM;
    s->includes = grown;
    grown[s->include_count].line = line;
    grown[s->include_count].pattern = strndup(s->text + open, close - open);
    if (grown[s->include_count].pattern == NULL)
        return NH_ENOMEM;
    s->include_count++;
    blank(w, from, w->at);
    w->before = 0;
    return NH_OK;
}

static enum nh_err
take_word(struct sweeper *w)
{
    size_t from = w->at;

    while (is_word(peek(w, 0)) && w->at < w->s->len) {
        if (peek(w, 0) == '$' && peek(w, 1) == '{')
            return bad(w, w->line, "put ${...} between double quotes");
        w->at++;
    }
    w->word = w->s->text + from;
    w->word_len = w->at - from;
    w->word_line = w->line;
    if (w->before != '=' && w->before != ',' && !w->in_list && w->word_len == 7 &&
        memcmp(w->word, "include", 7) == 0)
        return take_include(w, from);
    if (w->before != '=' && !w->in_list && memchr(w->word, '|', w->word_len) != NULL)
        return bad(w, w->line, "\"|\" in a name");
    w->before = 'w';
    return NH_OK;
}

/* `name =`: each name once in its section. */
static enum nh_err
take_equals(struct sweeper *w)
{
    struct level *level = &w->levels[w->depth];
    struct key *key;

    if (w->before != 'w' || w->in_list)
        return bad(w, w->line, "\"=\" without a name before it");
    for (key = level->keys; key != NULL; key = key->next)
        if (key->len == w->word_len && memcmp(key->name, w->word, key->len) == 0)
            return bad(w, w->word_line, "'%.*s' is given twice, first on line %d",
                (int)(key->len < 64 ? key->len : 64), key->name, key->line);
    key = malloc(sizeof(*key));
    if (key == NULL)
        return NH_ENOMEM;
    *key = (struct key){ w->word, w->word_len, w->word_line, level->keys };
    level->keys = key;
    w->before = '=';
    return NH_OK;
}

static void
free_keys(struct level *level)
{
    struct key *next;

    for (struct key *key = level->keys; key != NULL; key = next) {
        next = key->next;
        free(key);
    }
    level->keys = NULL;
}

static enum nh_err
open_brace(struct sweeper *w)
{
    if (w->in_list)
        return bad(w, w->line, "\"{\" inside of a list");
    if (w->before == '=') {
        w->in_list = true;
    } else {
        if (w->depth == NH_CONF_NESTING_MAX)
            return bad(w, w->line, "sections nested too deeply");
        w->depth++;
        w->levels[w->depth] = (struct level){ w->word_line, w->word, w->word_len,
            w->s->section_count, NULL };
    }
    w->before = '{';
    return NH_OK;
}

static bool
is_wanted(const struct nh_conf_sweep *s, const struct level *level)
{
    if (s->only == NULL || level->name == NULL)
        return true;
    for (const struct nh_conf_row *row = s->only; row->name != NULL; row++)
        if (strlen(row->name) == level->name_len &&
            memcmp(row->name, level->name, level->name_len) == 0)
            return true;
    return false;
}

static enum nh_err
close_brace(struct sweeper *w)
{
    struct nh_conf_sweep *s = w->s;
    int *grown;

    w->before = '}';
    if (w->in_list) {
        w->in_list = false;
        return NH_OK;
    }
    if (w->depth == 0)
        return bad(w, w->line, "\"}\" without its \"{\"");
    if (s->section_count == w->section_cap) {
        w->section_cap = w->section_cap > 0 ? w->section_cap * 2 : 64;
        grown = realloc(s->section_lines, w->section_cap * sizeof(*grown));
        if (grown == NULL)
            return NH_ENOMEM;
        s->section_lines = grown;
    }
    s->section_lines[s->section_count++] = w->levels[w->depth].line;
    free_keys(&w->levels[w->depth]);
    if (w->depth == 1 && !is_wanted(s, &w->levels[1])) {
        blank(w, (size_t)(w->levels[1].name - s->text), w->at);
        s->section_count = w->levels[1].closed_before;
    }
    w->depth--;
    return NH_OK;
}

static enum nh_err
sweep_token(struct sweeper *w)
{
    char c = peek(w, 0);

    switch (c) {
    case '\n':
        w->line++;
        w->at++;
        return NH_OK;
    case ' ':
    case '\t':
        w->at++;
        return NH_OK;
    case '#':
        skip_line_comment(w);
        return NH_OK;
    case '"':
    case '\'':
        return skip_string(w);
    case '{':
        w->at++;
        return open_brace(w);
    case '}':
        w->at++;
        return close_brace(w);
    case '=':
        w->at++;
        return take_equals(w);
    case ',':
        w->at++;
        w->before = ',';
        return NH_OK;
    case '+':
        if (peek(w, 1) == '=')
            return bad(w, w->line, "\"+=\": a list is given once, whole");
        return bad(w, w->line, "put a value with \"+\" in it between quotes");
    case '*':
    case '(':
    case ')':
        return bad(w, w->line, "put a value with \"%c\" in it between quotes", c);
    default:
        if (c == '/' && peek(w, 1) == '/') {
            skip_line_comment(w);
            return NH_OK;
        }
        return c == '/' && peek(w, 1) == '*' ? skip_c_comment(w) : take_word(w);
    }
}

enum nh_err
nh_conf_sweep(struct nh_conf_sweep *s)
{
    struct sweeper w = { .s = s, .line = 1 };
    enum nh_err err = sweep_bytes(&w);

    while (err == NH_OK && w.at < s->len)
        err = sweep_token(&w);
    if (err == NH_OK && w.depth > 0)
        err = bad(&w, w.levels[w.depth].line, "section without its closing \"}\"");
    if (err == NH_OK && w.in_list)
        err = bad(&w, w.word_line, "list without its closing \"}\"");
    for (size_t i = 0; i < NH_COUNT(w.levels); i++)
        free_keys(&w.levels[i]);
    return err;
}

void
nh_conf_sweep_fini(struct nh_conf_sweep *s)
{
    for (size_t i = 0; i < s->include_count; i++)
        free(s->includes[i].pattern);
    free(s->includes);
    free(s->section_lines);
    *s = (struct nh_conf_sweep){ 0 };
}
