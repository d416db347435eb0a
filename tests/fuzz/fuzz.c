/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1   /* memmem(3) */
#include "fuzz.h"

#include <stdio.h>
#include <unistr.h>

void fuzz_broken(const char *condition, const char *file, int line)
{
        fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, condition);
        abort();
}

char *input_until(struct input *in, const char *separator, size_t *ret_size)
{
        const char *end = in->size ? memmem(in->data, in->size, separator, strlen(separator)) : NULL;
        size_t size = end ? (size_t) (end - in->data) : in->size, skip = end ? size + strlen(separator) : size;
        char *piece = xmalloc(size ? size : 1);

        if (size)
                memcpy(piece, in->data, size);
        in->data += skip;
        in->size -= skip;
        *ret_size = size;
        return piece;
}

static char *string_of(char *piece, size_t size)
{
        _cleanup_free_ char *p = piece;

        return xstrndup(p, strnlen(p, size));
}

char *input_line(struct input *in)
{
        size_t size;
        char *piece = input_until(in, "\n", &size);

        return string_of(piece, size);
}

char *input_rest(struct input *in)
{
        char *s = in->size ? xstrndup(in->data, strnlen(in->data, in->size)) : xstrdup("");

        in->size = 0;
        return s;
}

unsigned input_byte(struct input *in)
{
        if (in->size == 0)
                return 0;
        in->size--;
        return (unsigned char) *in->data++;
}

bool fuzz_is_utf8(const char *s)
{
        return !u8_check((const uint8_t *) s, strlen(s));
}

bool fuzz_has(const char *s, const char *characters)
{
        return s[strcspn(s, characters)];
}
