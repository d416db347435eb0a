/* SPDX-License-Identifier: MIT
 *
 * The one growing buffer: whatever an outsider can make longer is gathered here, under a maximum.  A buffer
 * belongs to whoever declared it; anyone may use one.
 */
#include "base/buffer.h"

#include <errno.h>
#include <stdio.h>

#define LEAST 256                      /* a line of the log, the head of an answer */
#define KEEP_WHEN_EMPTY (64 * 1024)    /* one large message must not hold its memory for a connection's life */

void buffer_done(struct buffer *b)
{
        free(b->data);
        *b = BUFFER_INIT(b->max);
}

/* Room for size more bytes and the NUL. */
static int buffer_reserve(struct buffer *b, size_t size)
{
        if (size > b->max - b->size || size > SIZE_MAX / 2 - b->size)
                return -EFBIG;

        size_t needed = b->size + size + 1;
        if (needed <= b->allocated)
                return 0;

        /* Doubled, so that appending is linear; but not far beyond what it may ever hold. */
        size_t wanted = MAX(needed, b->allocated * 2);
        wanted = MAX(wanted, (size_t) LEAST);
        if (b->max < SIZE_MAX && wanted > b->max + 1)
                wanted = b->max + 1;
        b->data = xrealloc(b->data, wanted);
        b->allocated = wanted;
        return 0;
}

int buffer_append(struct buffer *b, const void *data, size_t size)
{
        if (size == 0)
                return 0;

        int r = buffer_reserve(b, size);
        if (r < 0)
                return r;

        memcpy(b->data + b->size, data, size);
        b->size += size;
        b->data[b->size] = '\0';
        return 0;
}

int buffer_append_str(struct buffer *b, const char *s)
{
        return buffer_append(b, s, strlen(s));
}

int buffer_printf(struct buffer *b, const char *format, ...)
{
        size_t room = b->allocated - b->size;
        va_list ap;
        int n, r;

        va_start(ap, format);
        n = vsnprintf(room ? b->data + b->size : NULL, room, format, ap);
        va_end(ap);
        if (n < 0)
                out_of_memory();
        if ((size_t) n >= room) {
                r = buffer_reserve(b, (size_t) n);
                if (r < 0) {
                        if (room)
                                b->data[b->size] = '\0';
                        return r;
                }
                va_start(ap, format);
                (void) vsnprintf(b->data + b->size, (size_t) n + 1, format, ap);
                va_end(ap);
        }
        b->size += (size_t) n;
        return 0;
}

void buffer_consume(struct buffer *b, size_t n)
{
        if (n == 0)
                return;

        if (n < b->size) {
                memmove(b->data, b->data + n, b->size - n + 1);
                b->size -= n;
                return;
        }

        if (b->allocated > KEEP_WHEN_EMPTY)
                buffer_done(b);
        else if (b->data) {
                b->size = 0;
                b->data[0] = '\0';
        }
}

const char *buffer_str(const struct buffer *b)
{
        return strempty(b->data);
}

char *buffer_take(struct buffer *b)
{
        char *data = b->data ?: xstrdup("");

        *b = BUFFER_INIT(b->max);
        return data;
}
