/* SPDX-License-Identifier: MIT
 *
 * Heads of HTTP messages, as far as libcurl leaves them to us.  Pure functions; called by http.c.
 */
#include "io/head.h"

#include "io/http.h"

#include <errno.h>
#include <strings.h>

#define LENGTH_DIGITS_MAX 18             /* libcurl reads to the end of the connection where a length overflows */

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

static bool field_is(const char *line, size_t size, const char *name)
{
        size_t n = strlen(name);

        return size > n && line[n] == ':' && strncasecmp(line, name, n) == 0;
}

static char *field_value(const char *line, size_t size, const char *name)
{
        const char *value = line + strlen(name) + 1, *end = line + size;

        while (value < end && is_blank(*value))
                value++;
        while (end > value && is_blank(end[-1]))
                end--;
        return xstrndup(value, (size_t) (end - value));
}

/* A reply with two lengths ends in two places; what follows may be taken for the answer to another request. */
static bool contradicts_length(const struct buffer *fields, const char *line, size_t size)
{
        _cleanup_free_ char *length = field_value(line, size, "Content-Length");
        _cleanup_free_ char *before = head_find(buffer_str(fields), "Content-Length");

        return !*length || length[strspn(length, "0123456789")] || strlen(length) > LENGTH_DIGITS_MAX ||
               (before && !streq(before, length));
}

static const char *take_field(struct buffer *fields, const char *line, size_t size)
{
        if (field_is(line, size, "Content-Length") && contradicts_length(fields, line, size))
                return "it states a length that cannot be";
        if (buffer_append(fields, line, size) < 0 || buffer_append_str(fields, "\r\n") < 0)
                return "its header is too large";
        return NULL;
}

int head_take(struct head *h, struct buffer *fields, const char *line, size_t size)
{
        h->bytes += size;
        if (h->bytes > HTTP_HEADERS_MAX)
                h->broken = "its header is too large";
        while (size > 0 && (line[size - 1] == '\r' || line[size - 1] == '\n'))
                size--;
        if (h->broken)
                return -EPROTO;
        switch (h->stage) {
        case HEAD_STATUS: {
                const char *blank = memchr(line, ' ', size);
                _cleanup_free_ char *number = blank ? xstrndup(blank + 1, MIN((size_t) (line + size - blank - 1), (size_t) 3))
                                                    : NULL;

                h->status = number ? strtol(number, NULL, 10) : 0;
                buffer_consume(fields, fields->size);
                h->stage = HEAD_FIELDS;
                if (h->status < 100 || h->status == 101)     /* we never ask to switch */
                        h->broken = "its status cannot be";
                break;
        }
        case HEAD_FIELDS:
                if (size == 0)
                        h->stage = h->status >= 100 && h->status < 200 ? HEAD_STATUS : HEAD_END;
                else
                        h->broken = take_field(fields, line, size);
                break;
        case HEAD_END:
                break;
        }
        return h->broken ? -EPROTO : 0;
}

char *head_find(const char *fields, const char *name)
{
        for (const char *line = fields, *end; (end = strstr(line, "\r\n")); line = end + 2)
                if (field_is(line, (size_t) (end - line), name))
                        return field_value(line, (size_t) (end - line), name);
        return NULL;
}

bool head_is_token(const char *s)
{
        if (!*s)
                return false;
        for (; *s; s++)
                if ((unsigned char) *s <= ' ' || (unsigned char) *s >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", *s))
                        return false;
        return true;
}

bool head_has_controls(const char *s)
{
        for (; *s; s++)
                if (((unsigned char) *s < ' ' && *s != '\t') || *s == 0x7f)
                        return true;
        return false;
}

const char *head_refuse(const char *field)
{
        static const char *const ours[] = {
                "Connection", "Content-Length", "Expect", "Host", "Proxy-Connection", "TE", "Transfer-Encoding", "Upgrade",
        };
        size_t size = strcspn(field, ":");
        _cleanup_free_ char *name = xstrndup(field, size);

        if (!field[size] || !head_is_token(name) || head_has_controls(field))
                return "a header of the request is malformed";
        for (size_t i = 0; i < ELEMENTSOF(ours); i++)
                if (strcasecmp(name, ours[i]) == 0)
                        return "a header of the request is not the caller's to set";
        return NULL;
}
