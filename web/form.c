/* SPDX-License-Identifier: GPL-3.0-or-later */
/* form.c - name=value&name=value (URL standard, section 5), escapes undone */
#include "web/form.h"
#include <stdlib.h>
#include <string.h>

struct form {
    size_t count;
    struct {
        char *name, *value; /* owned */
    } field[FORM_FIELDS_MAX];
};

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void
url_escape(const char *s, struct nh_buf *out)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *s != '\0'; s++) {
        uint8_t c = (uint8_t)*s;

        if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
            strchr("-._~", c) != NULL) {
            nh_buf_put_u8(out, c);
        } else {
            nh_buf_put_u8(out, '%');
            nh_buf_put_u8(out, (uint8_t)hex[c >> 4]);
            nh_buf_put_u8(out, (uint8_t)hex[c & 15]);
        }
    }
}

/* Text for people: no control characters but the line end, one way of writing it. */
static enum nh_err
put_text(struct nh_buf *out, uint8_t c)
{
    if (c == '\r')
        return NH_OK; /* a text box sends CR LF */
    if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
        return NH_EFORMAT;
    nh_buf_put_u8(out, c);
    return NH_OK;
}

enum nh_err
url_unescape(const char *s, size_t len, bool plus, struct nh_buf *out)
{
    enum nh_err err = NH_OK;

    nh_buf_clear(out);
    for (size_t i = 0; i < len && err == NH_OK; i++) {
        int high, low;

        if (s[i] == '+' && plus) {
            err = put_text(out, ' ');
        } else if (s[i] != '%') {
            err = put_text(out, (uint8_t)s[i]);
        } else if (len - i < 3 || (high = hex_digit(s[i + 1])) < 0 ||
                   (low = hex_digit(s[i + 2])) < 0) {
            err = NH_EFORMAT;
        } else {
            err = put_text(out, (uint8_t)(high << 4 | low));
            i += 2;
        }
    }
    if (err == NH_OK && out->len > 0 &&
        !nh_utf8_is_valid((const char *)out->data, out->len))
        err = NH_EFORMAT;
    nh_buf_put_u8(out, 0);
    return err != NH_OK ? err : nh_buf_err(out);
}

/* A decoded part as a string of its own, without the blanks at its ends. */
static enum nh_err
decode(const char *s, size_t len, char **out)
{
    struct nh_buf b;
    enum nh_err err;
    const char *from;
    size_t n;

    *out = NULL;
    nh_buf_init(&b, FORM_BYTES_MAX + 1);
    err = url_unescape(s, len, true, &b);
    if (err == NH_OK) {
        from = (const char *)b.data + strspn((const char *)b.data, " \t\n");
        n = strlen(from);
        while (n > 0 && strchr(" \t\n", from[n - 1]) != NULL)
            n--;
        *out = strndup(from, n);
        err = *out != NULL ? NH_OK : NH_ENOMEM;
    }
    nh_buf_fini(&b);
    return err;
}

static enum nh_err
add_field(struct form *f, const char *s, size_t len)
{
    const char *equals = memchr(s, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - s) : len;
    enum nh_err err;

    if (f->count == FORM_FIELDS_MAX)
        return NH_ETOOBIG;
    err = decode(s, name_len, &f->field[f->count].name);
    if (err != NH_OK)
        return err;
    f->count++; /* from here on form_free() knows it */
    return decode(equals != NULL ? equals + 1 : s + len,
        equals != NULL ? len - name_len - 1 : 0, &f->field[f->count - 1].value);
}

enum nh_err
form_read(struct form **out, const void *bytes, size_t len)
{
    struct form *f = calloc(1, sizeof(*f));
    const char *s = len > 0 ? bytes : "";
    enum nh_err err = f == NULL ? NH_ENOMEM : len > FORM_BYTES_MAX ? NH_ETOOBIG : NH_OK;

    *out = NULL;
    while (err == NH_OK && len > 0) {
        const char *end = memchr(s, '&', len);
        size_t n = end != NULL ? (size_t)(end - s) : len;

        if (n > 0)
            err = add_field(f, s, n);
        n += end != NULL;
        s += n;
        len -= n;
    }
    if (err != NH_OK) {
        form_free(f);
        return err;
    }
    *out = f;
    return NH_OK;
}

void
form_free(struct form *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->count; i++) {
        free(f->field[i].name);
        free(f->field[i].value);
    }
    free(f);
}

const char *
form_get(const struct form *f, const char *name)
{
    for (size_t i = 0; f != NULL && i < f->count; i++)
        if (strcmp(f->field[i].name, name) == 0)
            return f->field[i].value;
    return NULL;
}
